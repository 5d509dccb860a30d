#include "ledger/materials/materials.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/testing.h"
#include "kernel/command_testing.h"
#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/materials/claims.h"
#include "ledger/materials/element_table.h"

namespace wattline::ledger::materials {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Context& context() { return tests::catalog_context(); }
const Data& data() {
  static const Data loaded(context().get<catalog::Catalog>());
  return loaded;
}
Result run(const std::vector<std::string>& words) {
  return tests::run_command(materials_capability(), words, context());
}
std::string message(const std::vector<std::string>& words) {
  return tests::message_of([&] { run(words); });
}
double value(const Result& r, const char* name) { return r.find_estimate(name)->measure.value; }

TEST(Materials, BaseCaseOfGpt4) {
  const Result r = run({"GPT-4"});
  EXPECT_NEAR(value(r, "cards"), 2514.7, 0.1);
  EXPECT_NEAR(value(r, "analysed_mass"), 3749, 1);
  EXPECT_FALSE(r.find_estimate("installed"));
  EXPECT_FALSE(r.find_table("materials.elements.v1")) << "no element is printed unasked";
  const Table* grid = r.find_table("materials.grid.v1");
  ASSERT_TRUE(grid);
  EXPECT_EQ(grid->rows(), 24u);
  EXPECT_EQ(grid->column("rounded").integers().front(), 8801);
  EXPECT_EQ(grid->column("rounded").integers().back(), 587);
  const auto& levers = r.find_table("materials.levers.v1")->column("reduction").numbers();
  EXPECT_NEAR(levers[1], 66.67, 0.01);
  EXPECT_NEAR(levers[3], 88.89, 0.01);
}

TEST(Materials, ComputeFromParametersAndTokens) {
  EXPECT_NEAR(value(run({"--parameters", "70e9", "--tokens", "2e12"}), "cards"), value(run({"llama-2"}), "cards"),
              1e-6);
  // A mixture of experts by the parameters that a token uses: 12.879e9 of 46.7e9.
  EXPECT_NEAR(value(run({"mixtral-8x7b", "--tokens", "1e12"}), "cards"),
              6 * 1.2879e10 * 1e12 / (312e12 * 0.35 * 2 * 31536000), 1e-6);
  EXPECT_NEAR(value(run({"--flop", "1e24", "--hfu", "0.4", "--recomputed", "1"}), "cards"),
              value(run({"--flop", "1e24", "--mfu", "0.3"}), "cards"), 1e-9);
}

TEST(Materials, ConsumedAndInstalled) {
  const Result r = run({"GPT-4", "--duration", "90 days"});
  EXPECT_NEAR(value(r, "installed"), 1.732e25 / (312e12 * 0.35 * 90 * 86400), 1e-6);
  EXPECT_GT(value(r, "installed"), value(r, "cards"));
  EXPECT_THAT(to_text(r), HasSubstr("equivalent, no cluster"));
}

TEST(Materials, RefusesSparsePeaksAndPercentages) {
  EXPECT_THAT(message({"GPT-4", "--peak", "624TFLOP/s"}), AllOf(HasSubstr("sparse"), HasSubstr("312 TFLOP/s")));
  EXPECT_THAT(message({"GPT-4", "--peak", "624TFLOP/s", "--dense-peak"}), HasSubstr("no error"));
  EXPECT_EQ(message({"GPT-4", "--peak", "624TFLOP/s", "--device", "H100 SXM"}), "no error");
  EXPECT_THAT(message({"GPT-4", "--mfu", "35"}), AllOf(HasSubstr("0 to 1"), HasSubstr("35 % is 0.35")));
  EXPECT_THAT(message({"GPT-4", "--hfu", "52"}), HasSubstr("52 % is 0.52"));
  EXPECT_THAT(message({"GPT-4", "--mfu", "0"}), HasSubstr("above 0"));
  EXPECT_THAT(message({"GPT-4", "--mfu", "-0.2"}), HasSubstr("--mfu"));
  EXPECT_THAT(message({"GPT-4", "--mfu", "0.4", "--mfu-low", "20", "--mfu-high", "0.5"}), HasSubstr("20 % is 0.2"));
}

TEST(Materials, BadInputIsToldInWords) {
  EXPECT_THAT(message({}), AllOf(HasSubstr("compute of the training is not known"), HasSubstr("GPT-4")));
  EXPECT_THAT(message({"GPT-44"}), HasSubstr("did you mean 'GPT-4'"));
  EXPECT_THAT(message({"llama-3.1-8b"}), HasSubstr("--tokens"));
  EXPECT_THAT(message({"--flop", "1e24", "--tokens", "5"}), HasSubstr("leave one of them out"));
  EXPECT_THAT(message({"--flop", "0"}), HasSubstr("0 FLOP found"));
  EXPECT_THAT(message({"GPT-4", "--mfu", "0.3", "--hfu", "0.4"}), HasSubstr("both utilisations"));
  EXPECT_THAT(message({"GPT-4", "--mfu-low", "0.2"}), HasSubstr("the other is not"));
  EXPECT_THAT(message({"GPT-4", "--mfu-low", "0.4", "--mfu-high", "0.5"}), HasSubstr("outside its range"));
  EXPECT_THAT(message({"GPT-4", "--format", "fp4"}), HasSubstr("no dense peak of fp4"));
  EXPECT_THAT(message({"GPT-4", "--device", "H1000 SXM"}), HasSubstr("H100 SXM"));
  EXPECT_THAT(message({"GPT-4", "--duration", "0s"}), HasSubstr("more is needed"));
}

TEST(Materials, EveryFigureOfThePlaceholderSaysIllustrative) {
  const Result r = run({"GPT-4", "--illustrative"});
  const Table* elements = r.find_table("materials.elements.v1");
  ASSERT_TRUE(elements);
  for (const auto& basis : elements->column("basis").texts()) EXPECT_EQ(basis, "illustrative");
  for (const char* schema : {"materials.elements.v1", "materials.classes.v1"})
    for (const auto& c : r.find_table(schema)->columns())
      if (c.kind == ColumnKind::number) {
        EXPECT_THAT(c.name, HasSubstr("illustrative"));
      }
  const Table* rankings = r.find_table("materials.rankings.v1");
  for (const auto& c : rankings->columns())
    if (c.kind == ColumnKind::text) {
      for (const auto& cell : c.texts()) EXPECT_TRUE(cell.empty() || cell.find("illustrative") != std::string::npos);
    }
  for (const auto& block : r.blocks)
    if (const auto* f = std::get_if<Figure>(&block); f && f->kind == Figure::Kind::bar) {
      EXPECT_THAT(f->title, HasSubstr("illustrative"));
      for (const auto& c : f->categories) EXPECT_THAT(c, HasSubstr("illustrative"));
    }
  EXPECT_THAT(to_text(r), HasSubstr("never quote"));
}

TEST(Materials, ThePlaceholderIsWhatThePaperSays) {
  EXPECT_TRUE(check_elements(data().placeholder(), data()).empty());
  double sum = 0, toxic = 0, heavy = 0;
  std::vector<std::string> order;
  for (const auto& r : ranked(data().placeholder(), Ranking::mass)) {
    if (r.element->symbol != "other") order.push_back(r.element->symbol);
    sum += r.element->grams;
    if (r.element->has("toxic")) toxic += r.element->grams;
    if (r.element->has("heavy")) heavy += r.element->grams;
  }
  EXPECT_NEAR(sum, 1491, 0.01);
  EXPECT_NEAR(toxic, 800, 0.01);
  EXPECT_NEAR(heavy / sum, 0.9, 0.01);
  order.resize(5);
  EXPECT_EQ(order, (std::vector<std::string>{"Cu", "Fe", "Sn", "Si", "Ni"}));
}

TEST(Materials, RankingsHaveDifferentWinners) {
  EXPECT_EQ(ranked(data().placeholder(), Ranking::mass).front().element->symbol, "Cu");
  EXPECT_EQ(ranked(data().placeholder(), Ranking::scarcity).front().element->symbol, "Au");
  EXPECT_TRUE(std::isnan(ranked(data().placeholder(), Ranking::price).front().value)) << "no price is known";
}

TEST(Materials, ATableOfOnesOwn) {
  MaterialsOptions o;
  o.compute.model = "GPT-4";
  o.elements.elements = InputFile::from_bytes(
      "lab.csv",
      "element,mass [kg],class,source,uncertainty,price,recovered\nCu,1.0,heavy,lab,0.1,9,0.5\nAu,0.0005,precious,lab,,"
      "100000,\n");
  const Result r = materials(o, context());
  const Table* t = r.find_table("materials.elements.v1");
  ASSERT_TRUE(t);
  EXPECT_NEAR(t->column("mass").numbers()[0], 2514.69, 0.1);
  EXPECT_NEAR(t->column("recoverable").numbers()[0], 1257.3, 0.1);
  EXPECT_EQ(t->column("basis").texts()[0], "lab");
  EXPECT_THAT(to_text(r), AllOf(Not(HasSubstr("illustrative")), HasSubstr("1491 g were analysed")));
  const Table* ranks = r.find_table("materials.rankings.v1");
  EXPECT_THAT(ranks->column("value").texts()[0], HasSubstr("Au"));
  o.elements.illustrative = true;
  EXPECT_THROW(materials(o, context()), Error);
}

TEST(ElementTable, RefusesWhatCannotBeMeant) {
  const auto why = [](const char* text) -> std::string {
    try {
      read_elements(text, "e.csv");
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_THAT(why("element,mass_g\nCu,-1\n"), AllOf(HasSubstr("0 or more"), HasSubstr("data row 1")));
  EXPECT_THAT(why("element,mass_g\nCu,1\nCu,2\n"), HasSubstr("twice"));
  EXPECT_THAT(why("element,mass_g,class\nCu,1,shiny\n"), HasSubstr("class"));
  EXPECT_THAT(why("element,mass\nCu,1\n"), HasSubstr("no unit"));
  EXPECT_THAT(why("element,mass [kWh]\nCu,1\n"), HasSubstr("measures"));
  EXPECT_THAT(why("element,mass_g,recovered\nCu,1,50\n"), HasSubstr("0 to 1"));
  EXPECT_THAT(why("element,mass_g\n"), HasSubstr("e.csv"));
  EXPECT_THAT(why(""), HasSubstr("e.csv"));
  EXPECT_THAT(why("mass_g\n1\n"), HasSubstr("element"));
  EXPECT_THAT(why("element;mass_g\nCu;1,5\n"), AllOf(HasSubstr("e.csv"), HasSubstr("'1,5'")));
  EXPECT_EQ(why("element;mass_g;class\nCu;1.5;heavy|toxic\n"), "no error");
}

TEST(Materials, TheCardIsThatOfTheLifeCycle) {
  if (!tests::shared_dir()) GTEST_SKIP() << "skipped: no shared data";
  std::ifstream in(*tests::shared_dir() / "data/gpu-lca/cards.csv", std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  const Table t = read_csv(text.str(), "cards.csv");
  for (std::size_t i = 0; i < t.rows(); ++i)
    if (t.column("name").texts()[i] == "NVIDIA A100 SXM4 40GB") {
      EXPECT_DOUBLE_EQ(t.column("total_mass_g").to_numbers()[i], 1000 * data().value("card", "whole"));
      EXPECT_LT(data().value("card", "analysed"), data().value("card", "whole"));
    }
}

TEST(MaterialsClaims, AreCheckedAndSayTheirFigure) {
  int hold = 0, differ = 0;
  for (const auto& claim : materials_claims()) {
    EXPECT_EQ(claim.paper, 41);
    const ClaimCheck check = claim.check(context());
    hold += check.verdict == ClaimVerdict::holds;
    differ += check.verdict == ClaimVerdict::differs;
    EXPECT_NE(check.verdict, ClaimVerdict::open);
    if (check.verdict == ClaimVerdict::differs) {
      EXPECT_THAT(claim.claimed, testing::AnyOf(HasSubstr("Pythia"), HasSubstr("both: -93 %"))) << check.ours;
    }
  }
  EXPECT_EQ(hold, 4);
  EXPECT_EQ(differ, 2) << "Pythia, and both levers together, are not consistent in the paper";
}

}  // namespace
}  // namespace wattline::ledger::materials
