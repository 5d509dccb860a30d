#include "ledger/label/label.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "kernel/yaml.h"
#include "ledger/label/population.h"
#include "ledger/label/reporting.h"

namespace wattline::ledger {
namespace {

constexpr std::size_t enough_models = 100;  // for boundaries of their own
constexpr std::size_t enough_peers = 20;  // of one task: four boundaries need some models between them

std::string letter_of(const std::optional<Label>& label) { return label ? std::string(1, label->letter()) : "none"; }

Table ratings_table(const Label& label, const MetricValues& values, const LabelScale& scale) {
  Table t("ledger.label.ratings.v1");
  t.title = "Ratings behind the label";
  t.caption =
      fmt::format("index: against distilgpt2, more is better; rating: by the percentiles of {}", scale.population);
  t.text("metric").number("value").text("unit").number("index").text("rating").number("weight", "%");
  double all = 0;
  for (std::size_t m = 0; m < label_metrics; ++m) all += label.metrics[m] ? scale.weights[m] : 0;
  for (std::size_t m = 0; m < label_metrics; ++m) {
    const auto& r = label.metrics[m];
    t.add_row({std::string(metric_name(m)), values[m] ? Table::Cell(*values[m]) : Table::Cell(),
               std::string(metric_unit(m)), r ? Table::Cell(r->index) : Table::Cell(),
               r ? std::string(1, static_cast<char>('A' + r->rating)) : "not given",
               r ? Table::Cell(100 * scale.weights[m] / all) : Table::Cell(0.0)});
  }
  return t;
}

Result one_model(ModelEntry m, const LabelOptions& o, const LabelScale& scale, const catalog::Catalog& catalog,
                 CarbonIntensity grid) {
  if (o.size) m.size = o.size->base();
  if (o.dataset_size) m.dataset_size = o.dataset_size->base();
  if (o.downloads) m.downloads = o.downloads;
  if (o.performance) m.performance = o.performance;
  std::vector<ModelEntry> alone{m};
  fill_performance(alone);
  fill_tasks(alone, catalog);
  m = alone.front();

  Result out;
  const Reported r = reported(m);
  const auto published = label_of(metric_values(m), scale, Convention::published);
  const auto consistent = label_of(metric_values(m), scale, Convention::consistent);
  const auto& chosen = o.convention == Convention::published ? published : consistent;
  out.title = chosen ? fmt::format("{}: label {}, {}", m.id, chosen->letter(), to_string(reporting_class(r)))
                     : fmt::format("{}: no label, {}", m.id, to_string(reporting_class(r)));
  if (m.emissions) {
    RawEstimate e(*m.emissions, 0, Method::declared, "the model's card");
    out.estimate("emissions", "Emissions", Estimate<Carbon>(e), {}, "as declared; its uncertainty is not stated");
  } else {
    out.note(
        "The card gives no emissions, so there is nothing to label: a label of downloads would say nothing of energy.");
  }
  Table facts("ledger.label.model.v1");
  facts.title = "The model";
  facts.text("item").text("value");
  const auto line = [&](const char* item, const std::string& value) {
    facts.add_row({item, value.empty() ? "not given" : value});
  };
  line("reporting class", std::string(to_string(reporting_class(r))));
  line("label, published convention", letter_of(published));
  line("label, consistent convention", letter_of(consistent));
  line("task", m.task);
  line("domain", m.domain);
  line("hardware", m.hardware);
  line("place", m.location);
  line("training", m.training_type);
  line("source of the figure", m.source);
  out.add(std::move(facts));
  if (chosen) out.add(ratings_table(*chosen, metric_values(m), scale));
  if (const auto steps = raises(r); !steps.empty()) {
    Table t("ledger.label.raises.v1");
    t.title = "What would raise the class";
    t.text("field").text("to").text("how");
    for (const auto& s : steps) t.add_row({s.field, std::string(to_string(s.to)), s.how});
    out.add(std::move(t));
  }
  if (chosen && chosen->metrics[3])
    out.note(
        "Downloads are a quarter of the published label and are not energy: --weights without-downloads leaves them "
        "out.");
  for (const auto& d : doubts_of(m, catalog, grid)) out.warn(d.what);
  return out;
}

struct Labelled {
  const ModelEntry* model;
  std::optional<Label> published, consistent;
};

void add_counts(Result& out, const std::vector<Labelled>& all) {
  std::array<std::int64_t, 5> published{}, consistent{};
  for (const auto& l : all) {
    if (l.published) ++published[static_cast<std::size_t>(l.published->rating)];
    if (l.consistent) ++consistent[static_cast<std::size_t>(l.consistent->rating)];
  }
  Table t("ledger.label.counts.v1");
  t.title = "Labels";
  t.text("label").integer("published", "", "the package's convention").integer("consistent", "", "like with like");
  Figure figure;
  figure.kind = Figure::Kind::bar;
  figure.title = "Models by label";
  figure.y = {"models", ""};
  Figure::Trace a{"published convention", {}, {}, {}, {}}, b{"consistent convention", {}, {}, {}, {}};
  for (std::size_t i = 0; i < 5; ++i) {
    const std::string letter(1, static_cast<char>('A' + i));
    t.add_row({letter, published[i], consistent[i]});
    figure.categories.push_back(letter);
    for (auto* trace : {&a, &b}) trace->x.push_back(static_cast<double>(i));
    a.y.push_back(static_cast<double>(published[i]));
    b.y.push_back(static_cast<double>(consistent[i]));
  }
  figure.traces = {std::move(a), std::move(b)};
  out.add(std::move(t)).add(std::move(figure));
}

void add_classes(Result& out, const std::vector<ModelEntry>& models) {
  std::map<ReportingClass, std::pair<std::int64_t, std::int64_t>> counts;
  for (const auto& m : models) {
    const Reported r = reported(m);
    ++counts[reporting_class(r)].first;
    ++counts[published_class(r)].second;
  }
  Table t("ledger.label.classes.v1");
  t.title = "Reporting classes";
  t.caption = "the published order tests a class before the two above it, so that these are never reached";
  t.text("class").integer("models").integer("published_order");
  for (int c = 5; c >= 0; --c) {
    const auto k = static_cast<ReportingClass>(c);
    t.add_row({std::string(to_string(k)), counts[k].first, counts[k].second});
  }
  out.add(std::move(t));
}

Result many_models(ModelTable table, const LabelOptions& o, const LabelScale& paper, const catalog::Catalog& catalog,
                   CarbonIntensity grid, Context& context) {
  fill_tasks(table.models, catalog);
  const auto& models = table.models;
  Result out;
  if (models.empty()) throw bad_input("the table holds no models", o.models.name());
  std::size_t reporting = 0;
  for (const auto& m : models) reporting += m.emissions.has_value();
  const bool own =
      o.population == Population::table || (o.population == Population::automatic && reporting >= enough_models);
  if (o.peers != Peers::all && !own)
    throw bad_input(fmt::format("labels among models of one {} need percentiles of the table",
                                o.peers == Peers::task ? "task" : "domain"),
                    "peers",
                    o.population == Population::paper
                        ? "the paper's are of all tasks: leave --population paper out"
                        : fmt::format("{} models report emissions, {} are wanted; --population table takes fewer",
                                      reporting, enough_models));
  const LabelScale scale = own ? scale_of(models, paper) : paper;
  const PeerScales peers(models, scale, paper, o.peers, enough_peers);
  out.title = fmt::format("{} models, {} with emissions", models.size(), reporting);
  std::vector<Labelled> all;
  for (const auto& m : models)
    all.push_back({&m, label_of(metric_values(m), peers.of(m), Convention::published),
                   label_of(metric_values(m), peers.of(m), Convention::consistent)});
  out.note(fmt::format("Labelled by the percentiles of {}.", scale.population));
  if (o.peers != Peers::all) {
    out.add(peers.table());
    out.note(fmt::format("Rated among models of the same {} where {} or more of them report emissions, else among all.",
                         o.peers == Peers::task ? "task" : "domain", enough_peers));
  }
  add_counts(out, all);
  add_classes(out, models);
  add_population(out, models, {o.since});
  if (o.stability > 0 && own) {
    const double same = label_stability(models, paper, o.convention, static_cast<std::size_t>(o.stability), context);
    out.note(fmt::format("Drawn again {} times, the population gives {} % of the labels unchanged.", o.stability,
                         format_number(100 * same, 3)));
  }

  std::vector<Doubt> doubts;
  std::map<std::string, std::size_t> seen;
  std::size_t twice = 0, zeros = 0;
  for (const auto& m : models) {
    for (auto& d : doubts_of(m, catalog, grid)) doubts.push_back(std::move(d));
    zeros += m.emissions && *m.emissions == 0;
    if (seen[m.id]++ == 1) {
      doubts.push_back({m.id, "the model stands more than once; each row counts", m.row});
      ++twice;
    }
  }
  if (!doubts.empty()) {
    Table t("ledger.label.doubts.v1");
    t.title = "To look at";
    t.text("model").integer("row").text("what");
    for (const auto& d : doubts) t.add_row({d.model, static_cast<std::int64_t>(d.row), d.what});
    out.add(std::move(t));
    out.warn(fmt::format("{} values to look at ('To look at' names them){}{}", doubts.size(),
                         zeros ? fmt::format("; {} with emissions of 0 count as the best there is", zeros) : "",
                         twice ? fmt::format("; {} models stand more than once", twice) : ""));
  }
  Table t("ledger.label.models.v1");
  t.text("model").text("label").text("label_consistent").text("class").number("emissions", "gCO2e");
  t.number("mean_rating", "", "0 best to 4").text("domain").text("training").text("month").integer("row");
  t.text("task").text("rated_among");
  std::stable_sort(all.begin(), all.end(), [](const Labelled& a, const Labelled& b) {
    return a.model->emissions.value_or(-1) > b.model->emissions.value_or(-1);
  });
  for (const auto& l : all) {
    if (static_cast<std::int64_t>(t.rows()) >= o.rows) break;
    const auto& m = *l.model;
    const auto& chosen = o.convention == Convention::published ? l.published : l.consistent;
    t.add_row(
        {m.id, letter_of(l.published), letter_of(l.consistent), std::string(to_string(reporting_class(reported(m)))),
         m.emissions ? Table::Cell(*m.emissions) : Table::Cell(), chosen ? Table::Cell(chosen->mean) : Table::Cell(),
         m.domain, m.training_type, m.month, static_cast<std::int64_t>(m.row), m.task, peers.name_of(m)});
  }
  if (t.rows() > 0) {
    t.title = t.rows() < all.size() ? fmt::format("The {} of {} models with the most emissions", t.rows(), all.size())
                                    : "Models";
    out.add(std::move(t));
  }
  if (!table.columns_missing.empty())
    out.note(fmt::format("The table has no column of: {}.", fmt::join(table.columns_missing, ", ")));
  return out;
}

bool is_table(std::string_view text) {
  const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size()));
  return !line.starts_with("---") && !line.starts_with('{') && !line.starts_with('#') &&
         line.find_first_of(",;\t") != line.npos && line.find(": ") == line.npos;
}

}  // namespace

Result label(const LabelOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  std::vector<FactorUse> used;
  const LabelScale paper = paper_scale(catalog, o.weights, &used);
  const auto grid = catalog::resolve(o.place, catalog);
  const std::string text = o.models.read();
  Result out;
  if (is_table(text))
    out =
        many_models(read_model_table(text, o.models.name()), o, paper, catalog, grid.carbon_intensity.value(), context);
  else out = one_model(read_model_card(text, o.models.name()), o, paper, catalog, grid.carbon_intensity.value());
  for (auto& use : used) out.use(std::move(use));
  return out;
}

Capability label_capability() {
  using O = LabelOptions;
  static const auto fields =
      Fields<O>()
          .file("models", &O::models, "model card (Markdown or YAML), its metadata (JSON), or a table of models (CSV)")
          .required()
          .positional()
          .enumeration("convention", &O::convention, {"published", "consistent"},
                       "published: as the paper's package rates, boundaries of CO2 on a square root; consistent: like "
                       "with like")
          .enumeration("weights", &O::weights, {"paper", "older", "without-downloads"}, "weights of the five metrics")
          .enumeration("population", &O::population, {"auto", "paper", "table"},
                       "whose percentiles rate; auto: the table's from 100 models on, else the paper's")
          .enumeration("peers", &O::peers, {"all", "domain", "task"},
                       "rate models of a table among all, or among those of their domain or task")
          .quantity("size", &O::size, "B", "size of the model's files, for a card")
          .at_least(0)
          .quantity("dataset-size", &O::dataset_size, "B", "size of the training data, for a card")
          .at_least(0)
          .number("downloads", &O::downloads, "downloads, for a card")
          .at_least(0)
          .number("performance", &O::performance, "performance score 0 to 1, for a card")
          .range(0, 1)
          .text("since", &O::since, "first month of the trend, as 2021-10")
          .integer("stability", &O::stability, "resamples that tell how stable labels are; 0: none")
          .range(0, 10'000)
          .integer("rows", &O::rows, "models in the table of models, the most emissions first")
          .range(0, 10'000'000)
          .group(&O::place, catalog::place_fields(), "Place");
  Capability c =
      capability<O>("ledger", "label", "Carbon label and reporting class of models from their cards.", &label, fields);
  c.description =
      "Reads co2_eq_emissions and what stands beside it from a model card of the Hub, its JSON metadata, or a CSV "
      "table "
      "of models, and gives the reporting class (from Unknown to Certified Energy Efficiency) with the field that "
      "would "
      "raise it, the A to E label with the five ratings behind it, and of a table its statistics: how many report, "
      "medians by domain and training, what goes with emissions, the trend (Castaño, Martínez-Fernández, Franch, "
      "Bogner, "
      "ESEM 2023, arXiv 2305.11164). The label compares CO2, bytes of model and data per gram, downloads and "
      "performance "
      "with distilgpt2 and with the percentiles of a population. With --peers a model of a "
      "table is rated among those of its task or domain (pipeline_tag, tags). Emissions of zero and those that the "
      "stated hardware "
      "cannot have made on this grid are pointed out. A label ranks reports against reports: it is no measurement.";
  c.verb = Verb::account;
  c.papers = {10};
  c.emits = {"ledger.label.models.v1", "ledger.label.counts.v1", "ledger.label.classes.v1", "ledger.label.groups.v1",
             "ledger.label.tests.v1",  "ledger.label.months.v1", "ledger.label.doubts.v1",  "ledger.label.ratings.v1",
             "ledger.label.raises.v1", "ledger.label.model.v1",  "ledger.label.peers.v1"};
  const std::string card =
      "---\nlicense: mit\ntags:\n- pruned\nco2_eq_emissions:\n  emissions: 4.9 kg\n  source: CodeCarbon\n"
      "  training_type: fine-tuning\n  geographical_location: Lyon, France\n  hardware_used: 4 x NVIDIA A100 SXM4 "
      "80GB\n"
      "---\n# A model\n";
  const std::string table =
      "modelId,co2_eq_emissions,size,downloads,domain,training_type,environment,created_at\n"
      "small,12.5,260000000,420,NLP,fine-tuning,1 T4,2022-03-01\nlarge,\"149,200\",350000000,1172830,NLP,pretraining,"
      "8 V100 16GB,2022-03-20\nnone,,90000000,12,Computer Vision,,,2022-04-02\nzero,0,57000000,15,NLP,pretraining,,"
      "2022-04-11\n";
  c.examples = {{{"card.md", "--size", "1.3 GB", "--downloads", "5000"}, {{"card.md", card}}, "Energy Optimization"},
                {{"models.csv"}, {{"models.csv", table}}, "3 of 4 models report emissions"}};
  return c;
}

}  // namespace wattline::ledger
