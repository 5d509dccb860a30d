#include "ledger/label/label.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/label/population.h"
#include "ledger/label/reporting.h"
#include "study/correlation.h"
#include "study/rank.h"
#include "study/summary.h"

namespace wattline::ledger {
namespace {

namespace fs = std::filesystem;

Context with_catalog() {
  Context context;
  context.provide(catalog::Catalog::load());
  return context;
}

Result run(const std::string& name, const std::string& text, LabelOptions o = {}) {
  Context context = with_catalog();
  o.models = InputFile::from_bytes(name, text);
  return label(o, context);
}

std::optional<std::string> shared_file(const char* name) {
  const auto shared = tests::shared_dir();
  if (!shared || !fs::exists(*shared / "data/hf-carbon" / name)) return std::nullopt;
  return InputFile::from_path((*shared / "data/hf-carbon" / name).string()).read();
}

TEST(Emissions, AreReadAsPeopleWriteThem) {
  std::string doubt;
  EXPECT_EQ(read_emissions("149200"), 149200);
  EXPECT_EQ(read_emissions("149,200 g", &doubt), 149200);
  EXPECT_NE(doubt.find("thousands"), std::string::npos) << "an assumption is said";
  EXPECT_EQ(read_emissions("0.6"), 0.6);
  EXPECT_EQ(read_emissions("1.5 kg CO2eq"), 1500);
  EXPECT_EQ(read_emissions("24.7 tonnes of CO2eq"), 24.7e6);
  EXPECT_EQ(read_emissions("1.234,5 g"), 1234.5);
  EXPECT_EQ(read_emissions("1,234.5 g"), 1234.5);
  EXPECT_EQ(read_emissions("133,02"), 133.02);
  EXPECT_EQ(read_emissions("1e-3kg"), 1);
  EXPECT_EQ(read_emissions("12 gCO2e"), 12);
  for (const char* bad : {"", "nan", "Not Specified", "a lot", "12 kWh", "-5", "12 km", "kg", "1,2.3,4 g"})
    EXPECT_FALSE(read_emissions(bad)) << bad;
  EXPECT_EQ(read_count("2.6B"), 2.6e9);
  EXPECT_FALSE(read_count("many"));
}

TEST(Tasks, OfTheCardAndOfItsTags) {
  const auto catalog = catalog::Catalog::load();
  const auto read = [&](const char* card) {
    std::vector<ModelEntry> m{read_model_card(card, "card.md")};
    fill_tasks(m, *catalog);
    return m.front();
  };
  EXPECT_EQ(read("---\npipeline_tag: translation\ntags:\n- text-generation\n---\n").task, "translation");
  EXPECT_EQ(read("---\npipeline_tag: translation\n---\n").domain, "NLP");
  EXPECT_EQ(read("{\"id\":\"a/b\",\"pipeline_tag\":\"text-to-image\"}").domain, "Computer Vision");
  EXPECT_EQ(read("---\ntags:\n- pytorch\n- image-classification\n---\n").task, "image-classification");
  // Two tasks tell none, but they agree on the domain.
  const ModelEntry two = read("---\ntags:\n- summarization\n- text2text-generation\n---\n");
  EXPECT_EQ(two.task, "");
  EXPECT_EQ(two.domain, "NLP");
  EXPECT_EQ(read("---\ntags:\n- summarization\n- image-classification\n---\n").domain, "");
  // A task that the list does not know is kept and has no domain.
  EXPECT_EQ(read("---\npipeline_tag: mind-reading\n---\n").task, "mind-reading");
  EXPECT_EQ(read("---\npipeline_tag: mind-reading\n---\n").domain, "");
}

TEST(Label, AmongModelsOfTheSameTask) {
  // Fifty translators of 1 to 50 g, as many painters of a thousand times that, and three of a rare task.
  std::string table = "modelId,pipeline_tag,co2_eq_emissions,size,downloads\n";
  for (int i = 1; i <= 50; ++i) {
    table += "t" + std::to_string(i) + ",translation," + std::to_string(i) + ",1000000,10\n";
    table += "p" + std::to_string(i) + ",text-to-image," + std::to_string(i * 1000) + ",1000000,10\n";
  }
  table += "r1,depth-estimation,5,1000000,10\nr2,depth-estimation,6,1000000,10\nr3,,7,1000000,10\n";
  LabelOptions o;
  o.rows = 1000;
  o.weights = LabelWeights::without_downloads;
  o.convention = Convention::consistent;
  const auto label_of_model = [](const Result& r, const std::string& id) {
    const Table* t = r.find_table("ledger.label.models.v1");
    const auto& ids = t->column("model").texts();
    const auto at = static_cast<std::size_t>(std::find(ids.begin(), ids.end(), id) - ids.begin());
    return t->column("label_consistent").texts().at(at) + " " + t->column("rated_among").texts().at(at);
  };
  const Result all = run("m.csv", table, o);
  o.peers = Peers::task;
  const Result tasks = run("m.csv", table, o);
  // The least of the painters is bad among all and the best among its like.
  EXPECT_NE(label_of_model(all, "p1"), "A all");
  EXPECT_EQ(label_of_model(tasks, "p1"), "A text-to-image");
  EXPECT_NE(label_of_model(tasks, "t50"), label_of_model(tasks, "t1"));
  EXPECT_EQ(label_of_model(tasks, "r1").substr(2), "all") << "too few of its task";
  EXPECT_EQ(tasks.find_table("ledger.label.peers.v1")->rows(), 4u);
  EXPECT_FALSE(all.find_table("ledger.label.peers.v1"));
  o.population = Population::paper;
  EXPECT_THROW(run("m.csv", table, o), Error) << "the paper's percentiles are of all tasks";
}

TEST(Reporting, ClassesFromMostToLeastSpecial) {
  using enum ReportingClass;
  EXPECT_EQ(reporting_class({}), unknown);
  EXPECT_EQ(reporting_class({false, true, true, true}), context) << "a certificate without a figure is none";
  EXPECT_EQ(reporting_class({true, false, true, true}), basic);
  EXPECT_EQ(reporting_class({true, true, false, true}), awareness);
  EXPECT_EQ(reporting_class({true, true, true, false}), optimization);
  EXPECT_EQ(reporting_class({true, true, true, true}), certified);
  EXPECT_EQ(published_class({true, true, true, true}), awareness) << "the quirk";
  const auto steps = raises({});
  ASSERT_EQ(steps.size(), 4u);
  EXPECT_EQ(steps[0].to, basic);
  EXPECT_EQ(steps[1].to, awareness);
}

TEST(Label, MeanOfHalfGoesToTheEvenRating) {
  LabelScale s;
  s.reference = {1, 1, 1, 1, 1};
  for (auto& b : s.boundaries) b = {4, 3, 2, 1};
  s.weights = {0.35, 0.10, 0.10, 0.25, 0.20};
  MetricValues v;
  EXPECT_FALSE(label_of(v, s, Convention::published)) << "no emissions, no label";
  v[0] = 0.0;  // index infinite: rating 0
  EXPECT_EQ(label_of(v, s, Convention::published)->letter(), 'A');
  s.weights = {0.1, 0.1, 0, 0, 0};
  v[0] = 1 / 3.5;  // rating 1
  v[1] = 2.5;  // rating 2: mean 1.5 goes to 2
  EXPECT_EQ(label_of(v, s, Convention::published)->letter(), 'C');
  v[1] = 5;  // rating 0: mean 0.5 goes to 0
  EXPECT_EQ(label_of(v, s, Convention::published)->letter(), 'A');
}

TEST(Label, ConventionsDifferBySquareRoot) {
  const auto catalog = catalog::Catalog::load();
  const LabelScale scale = paper_scale(*catalog, LabelWeights::paper);
  MetricValues v;
  v[0] = 149200.0 / 1000;  // index 1000, its root 31.6
  EXPECT_EQ(label_of(v, scale, Convention::published)->letter(), 'A');
  EXPECT_EQ(label_of(v, scale, Convention::consistent)->letter(), 'E');
}

TEST(Label, OneCardWithWhatWouldRaiseIt) {
  const Result r =
      run("card.md", "---\nco2_eq_emissions:\n  emissions: \"149,200 g\"\n  hardware_used: 8 V100 16GB\n---\n# x\n");
  EXPECT_NE(r.title.find("label"), std::string::npos) << r.title;
  EXPECT_NE(r.title.find("Energy Awareness"), std::string::npos) << r.title;
  ASSERT_TRUE(r.find_estimate("emissions"));
  EXPECT_EQ(r.find_estimate("emissions")->measure.method, Method::declared);
  ASSERT_TRUE(r.find_table("ledger.label.raises.v1"));
  EXPECT_FALSE(r.warnings.empty()) << "the comma is said";
}

TEST(Label, HubMetadataAndCardsWithoutFigures) {
  const Result api = run("model.json",
                         R"({"id":"a/b","downloads":1200,"tags":["pruned"],"safetensors":{"total":1000},
                             "cardData":{"co2_eq_emissions":12.5,"hardware_used":"1 T4",
                             "model-index":[{"results":[{"metrics":[{"type":"accuracy","value":93.5}]}]}]}})");
  EXPECT_NE(api.title.find("a/b"), std::string::npos);
  EXPECT_NE(api.title.find("Energy Optimization"), std::string::npos) << api.title;
  const Result none = run("card.md", "# A card of prose only\n");
  EXPECT_NE(none.title.find("no label, Unknown"), std::string::npos) << none.title;
  const Result broken = run("card.md", "---\nco2_eq_emissions: about a flight\n---\n");
  EXPECT_FALSE(broken.warnings.empty());
  EXPECT_THROW(run("x", ""), Error);
  EXPECT_THROW(run("x", "{\"a\": "), Error);
  EXPECT_THROW(run("x", "a,b\n1,2\n"), Error) << "a table without the columns";
  EXPECT_THROW(run("x", "modelId,co2_eq_emissions\n"), Error) << "a table without rows";
  EXPECT_THROW(run("x", "modelId,co2_eq_emissions\n\"open,1\n"), Error);
}

TEST(Label, ZerosAndUnitsThatCannotBeAreSaid) {
  const Result r =
      run("t.csv",
          "modelId,co2_eq_emissions,environment\nzero,0,1 T4\nkilo,0.5,8 V100 16GB\nfine,400,1 T4\nfine,400,1 T4\n"
          "words,plenty,\n");
  const Table* t = r.find_table("ledger.label.doubts.v1");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->rows(), 4u) << "zero, unit, twice, words";
  bool kilograms = false;
  for (const auto& what : t->column("what").texts())
    kilograms = kilograms || what.find("kilograms") != std::string::npos;
  EXPECT_TRUE(kilograms);
}

TEST(Label, PaperScaleIsTheScaleOfItsTable) {
  const auto text = shared_file("HFCO2.csv");
  if (!text) GTEST_SKIP() << "skipped: no shared data";
  const auto models = read_model_table(*text, "HFCO2.csv").models;
  ASSERT_EQ(models.size(), 1419u) << "rows, with line breaks inside quotes";
  const auto catalog = catalog::Catalog::load();
  const LabelScale paper = paper_scale(*catalog, LabelWeights::paper), own = scale_of(models, paper);
  for (std::size_t m = 0; m < label_metrics; ++m) {
    EXPECT_NEAR(own.reference[m] / paper.reference[m], 1, 1e-9) << metric_name(m);
    for (std::size_t b = 0; b < 4; ++b)
      EXPECT_NEAR(own.boundaries[m][b] / paper.boundaries[m][b], 1, 1e-9) << metric_name(m) << b;
  }
}

TEST(Label, PublishedLabelsOf1419Models) {
  const auto text = shared_file("HFCO2.csv");
  if (!text) GTEST_SKIP() << "skipped: no shared data";
  LabelOptions o;
  o.rows = 2000;
  const Result r = run("HFCO2.csv", *text, o);
  const Table* t = r.find_table("ledger.label.counts.v1");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->column("published").integers(), (std::vector<std::int64_t>{37, 486, 826, 55, 15}));
  // By an independent calculation in exact fractions.
  EXPECT_EQ(t->column("consistent").integers(), (std::vector<std::int64_t>{15, 197, 548, 455, 204}));
  const Table* models = r.find_table("ledger.label.models.v1");
  int known = 0;
  for (std::size_t i = 0; i < models->rows(); ++i) {
    const auto& id = models->column("model").texts()[i];
    const bool d = id == "bloom" || id == "dalle-mini" || id == "distilgpt2";
    if (d || id == "swissbert") {
      EXPECT_EQ(models->column("label").texts()[i], d ? "D" : "A") << id;
      ++known;
    }
  }
  EXPECT_EQ(known, 5) << "distilgpt2 stands twice";
  const Table* groups = r.find_table("ledger.label.groups.v1");
  for (std::size_t i = 0; i < groups->rows(); ++i) {
    const auto& group = groups->column("group").texts()[i];
    const auto n = groups->column("models").integers()[i];
    const double median = groups->column("median").numbers()[i];
    if (group == "NLP") {
      EXPECT_EQ(n, 1162);
      EXPECT_NEAR(median, 4.98, 0.005);
    } else if (group == "Computer Vision") {
      EXPECT_EQ(n, 188);
      EXPECT_NEAR(median, 1.17, 0.005);
    } else if (group == "AutoTrain") {
      EXPECT_EQ(n, 1339);
    }
  }
  const auto spearman = [&](const char* of) {
    const Table* tests = r.find_table("ledger.label.tests.v1");
    for (std::size_t i = 0; i < tests->rows(); ++i)
      if (tests->column("test").texts()[i] == "Spearman" && tests->column("of").texts()[i] == of)
        return tests->column("value").numbers()[i];
    return static_cast<double>(NAN);
  };
  EXPECT_NEAR(spearman("emissions and accuracy"), 0.006, 0.0006);
  EXPECT_NEAR(spearman("emissions and f1"), -0.015, 0.0006);
  EXPECT_NEAR(spearman("emissions and rouge1"), -0.0005, 0.0001);
  EXPECT_NEAR(spearman("emissions and rougeL"), -0.044, 0.0006);
  EXPECT_NEAR(spearman("emissions and performance score"), -0.169, 0.0006);
}

TEST(Label, CuratedModelsOfThePaper) {
  const auto text = shared_file("HFClean.csv");
  if (!text) GTEST_SKIP() << "skipped: no shared data";
  const auto models = read_model_table(*text, "HFClean.csv").models;
  ASSERT_EQ(models.size(), 48u);
  std::vector<double> pre, fine, co2, size, data;
  for (const auto& m : models) {
    if (m.training_type == "pretraining") pre.push_back(*m.emissions);
    if (m.training_type == "fine-tuning") fine.push_back(*m.emissions);
    co2.push_back(std::log(*m.emissions + 1e-6));
    size.push_back(m.size ? std::log(*m.size + 1e-6) : NAN);
    data.push_back(m.dataset_size ? std::log(*m.dataset_size + 1e-6) : NAN);
  }
  EXPECT_NEAR(study::median(pre), 432.7, 0.1);
  EXPECT_NEAR(study::median(fine), 17, 0.5);
  EXPECT_NEAR(study::mann_whitney(fine, pre).p, 0.0292, 0.00005);
  EXPECT_NEAR(study::pearson(co2, size).r, 0.5615, 0.00005);
  EXPECT_NEAR(study::pearson(co2, data).r, 0.5604, 0.00005);
}

TEST(Label, StabilityIsBetweenNothingAndAll) {
  std::vector<ModelEntry> models;
  for (int i = 1; i <= 150; ++i) {
    ModelEntry m;
    m.emissions = i * 10.0;
    m.size = 1e8 + i;
    m.downloads = i % 17;
    models.push_back(m);
  }
  Context context = with_catalog();
  const LabelScale paper = paper_scale(context.get<catalog::Catalog>(), LabelWeights::paper);
  const double same = label_stability(models, paper, Convention::published, 20, context);
  EXPECT_GT(same, 0.5);
  EXPECT_LT(same, 1);
}

TEST(Label, ClaimsHoldOrSayWhyNot) {
  Context context;
  for (const auto& claim : label_claims()) {
    const auto check = claim.check(context);
    EXPECT_NE(check.verdict, ClaimVerdict::differs) << claim.claimed << ": " << check.ours;
  }
}

}  // namespace
}  // namespace wattline::ledger
