#include "ledger/project/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/options.h"
#include "kernel/table.h"
#include "kernel/testing.h"
#include "ledger/project/scenario.h"

namespace wattline::ledger {
namespace {

using ::testing::HasSubstr;

const catalog::Catalog& rows() {
  static const auto all = catalog::Catalog::load();
  return *all;
}
const PortfolioModel& model() {
  static const PortfolioModel m = portfolio_model(rows());
  return m;
}

TEST(PortfolioModel, ThePapersEnergies) {
  EXPECT_NEAR(inference_footprint(model(), AiTask::chat, 0).kwh, 9.31e-5, 0.002 * 9.31e-5);
  EXPECT_NEAR(inference_footprint(model(), AiTask::chat, 1).kwh, 1.55e-3, 0.005e-3);
  EXPECT_NEAR(inference_footprint(model(), AiTask::chat, 2).kwh, 1.73e-2, 0.005e-2);
  EXPECT_NEAR(inference_footprint(model(), AiTask::rag, 2).kwh, 2.99e-2, 0.005e-2);
  EXPECT_NEAR(inference_footprint(model(), AiTask::agents, 2).kwh, 9.58e-2, 0.004 * 9.58e-2);
  EXPECT_DOUBLE_EQ(inference_footprint(model(), AiTask::computer_vision, 0).kwh, 3.17e-4);
}

// The worked check of the method: high-size chat.
TEST(PortfolioModel, ImpactsOfALargeChat) {
  const Footprint f = inference_footprint(model(), AiTask::chat, 2);
  EXPECT_NEAR(f.use().gwp, 1.03e-2, 0.005e-2);
  EXPECT_NEAR(f.embodied.gwp, 5.79e-4, 0.02e-4);
  EXPECT_NEAR(f.use().water, 5.06e-4, 0.005e-4);
  EXPECT_NEAR(f.embodied.water, 1.98e-4, 0.005e-4);
}

TEST(PortfolioModel, EqualsTheTablesOfThePaper) {
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  const auto path = *shared / "data" / "ai-portfolio" / "inference_impacts_ghg_water.csv";
  const Table t = read_csv(InputFile::from_path(path.string()).read(), path.string());
  ASSERT_EQ(t.rows(), 12u);
  for (std::size_t i = 0; i < t.rows(); ++i) {
    const auto& task = t.column("task").texts()[i];
    const auto& size = t.column("size_class").texts()[i];
    const auto at = [](const std::vector<std::string>& names, const std::string& name) {
      return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    };
    const Footprint f = inference_footprint(model(), static_cast<AiTask>(at(ai_task_names(), task)),
                                            size.empty() ? 0 : at(model_size_names(), size));
    const auto expect = [&](const char* column, double ours) {
      const double printed = t.column(column).numbers()[i];
      EXPECT_NEAR(ours, printed, 0.023 * printed) << task << " " << size << " " << column;
    };
    expect("ghg_operation_kgco2e", f.use().gwp);
    expect("ghg_embodied_kgco2e", f.embodied.gwp);
    expect("water_operation_m3", f.use().water);
    expect("water_embodied_m3", f.embodied.water);
  }
}

TEST(PortfolioModel, IsLinearInDemandAndGrowsWithEachCause) {
  for (std::size_t t = 0; t < ai_tasks; ++t) {
    const auto task = static_cast<AiTask>(t);
    const Footprint one = inference_footprint(model(), task, 0);
    const Footprint many = footprint(model(), task, 0, demand_of(model(), task, 1e6));
    EXPECT_NEAR(many.kwh, 1e6 * one.kwh, 1e-6 * many.kwh);
    for (std::size_t i = 0; i < ai_criteria; ++i) {
      EXPECT_NEAR(many.total().at(i), 1e6 * one.total().at(i), 1e-6 * many.total().at(i));
      EXPECT_GT(one.total().at(i), 0);
    }
    PortfolioModel whole = model();
    whole.whole_embodied = true;
    EXPECT_GT(inference_footprint(whole, task, 0).embodied.gwp, one.embodied.gwp);
    EXPECT_EQ(inference_footprint(whole, task, 0).kwh, one.kwh);
  }
}

TEST(PortfolioModel, RegionsAreWeighted) {
  const PortfolioModel europe = portfolio_model(rows(), {{"Europe", 2}});
  EXPECT_DOUBLE_EQ(europe.electricity.gwp, 0.410);
  const PortfolioModel mixed = portfolio_model(rows(), {{"Europe", 1}, {"APAC", 3}});
  EXPECT_DOUBLE_EQ(mixed.electricity.gwp, 0.25 * 0.410 + 0.75 * 0.871);
  EXPECT_NEAR(model().electricity.gwp, 0.596, 0.0005);
  EXPECT_THROW(portfolio_model(rows(), {{"Mars", 1}}), Error);
  EXPECT_THROW(portfolio_model(rows(), {{"Europe", -1}}), Error);
  EXPECT_THROW(portfolio_model(rows(), {{"Europe", 0}}), Error);
}

TEST(PortfolioModel, EcoScoreHasItsEnds) {
  EXPECT_EQ(eco_score(rows(), 0), "A");
  EXPECT_EQ(eco_score(rows(), 9.9e-9), "A");
  EXPECT_EQ(eco_score(rows(), 1e-8), "B");
  EXPECT_EQ(eco_score(rows(), 9.9e-4), "F");
  EXPECT_EQ(eco_score(rows(), 1e-3), "G");
  EXPECT_EQ(eco_score(rows(), 1e9), "G");
}

TEST(Scenarios, EnergyIndicesOfThePaper) {
  const auto today = footprints(model(), demand_of(model(), reference_use_cases(rows(), model())));
  const double printed[] = {552, 2440, 30.6, 402, 755};
  std::size_t i = 0;
  for (const auto& s : published_scenarios(rows(), ParameterSet::fitted)) {
    EXPECT_NEAR(100 * project(s, today, model().pue).kwh / sum(today).kwh, printed[i], 0.01 * printed[i]) << s.name;
    ++i;
  }
  EXPECT_EQ(i, 5u);
}

TEST(Scenarios, TheReferenceYearIsThePapers) {
  const Footprint f = sum(footprints(model(), demand_of(model(), reference_use_cases(rows(), model()))));
  EXPECT_NEAR(f.kwh, 3.9e6, 0.01e6);
  EXPECT_NEAR(f.total().gwp, 2.48e6, 0.04e6);
  EXPECT_NEAR(f.total().water, 160000, 0.025 * 160000);
  EXPECT_NEAR(f.total().adpe, 0.76, 0.02);
  EXPECT_NEAR(f.embodied.adpe / f.total().adpe, 0.89, 0.005);
  EXPECT_NEAR(f.embodied.gwp / f.total().gwp, 0.05, 0.005);
}

TEST(Scenarios, NothingChangedChangesNothingAndThePathEndsWhereItShould) {
  const auto today = footprints(model(), demand_of(model(), reference_use_cases(rows(), model())));
  Scenario none;
  none.pue = model().pue;
  EXPECT_DOUBLE_EQ(project(none, today, model().pue).total().gwp, sum(today).total().gwp);
  for (const auto& s : published_scenarios(rows(), ParameterSet::fitted)) {
    EXPECT_NEAR(project(at_year(s, base_year, model().pue), today, model().pue).kwh, sum(today).kwh, 1e-6);
    EXPECT_NEAR(project(at_year(s, s.year, model().pue), today, model().pue).kwh, project(s, today, model().pue).kwh,
                1e-3);
  }
}

TEST(Scenarios, WaterAndAdpeDoNotFollowTheGridInFull) {
  const auto today = footprints(model(), demand_of(model(), reference_use_cases(rows(), model())));
  Scenario clean;
  clean.pue = model().pue;
  clean.grid = 0;
  const Criteria then = project(clean, today, model().pue).total(), now = sum(today).total();
  EXPECT_EQ(then.gwp, 0);
  EXPECT_GT(then.water, 0.3 * now.water);
  EXPECT_GT(then.adpe, 0.8 * now.adpe);
}

TEST(Scenarios, GrowthCompoundsOverSixYears) {
  const auto all = read_scenarios("scenario,agents_cagr [%],genai_other_cagr\nours,35,32 %\n", "s.csv", model());
  EXPECT_NEAR(all.at(0).growth[0], 6.05, 0.005);
  EXPECT_NEAR(all.at(0).growth[1], 5.29, 0.005);
  EXPECT_EQ(all.at(0).growth[4], 1);
  EXPECT_EQ(all.at(0).year, 2030);
}

TEST(Scenarios, BackCastingClosesTheGap) {
  const auto today = footprints(model(), demand_of(model(), reference_use_cases(rows(), model())));
  for (auto s : published_scenarios(rows(), ParameterSet::fitted)) {
    const double ratio = project(s, today, model().pue).kwh / sum(today).kwh;
    s.hardware = hardware_needed(s, ratio, 0.9, 0.55, 1.10);
    s.grid = 0.55;
    s.pue = 1.10;
    EXPECT_NEAR(project(s, today, model().pue).total().gwp / sum(today).total().gwp, 0.1, 1e-6) << s.name;
  }
}

TEST(Scenarios, WrongRowsAreNamed) {
  const auto refused = [](const char* text) {
    try {
      read_scenarios(text, "s.csv", model());
      return std::string("taken");
    } catch (const Error& e) {
      return std::string(e.what());
    }
  };
  EXPECT_THAT(refused("scenario,pue\nx,0.9\n"), HasSubstr("s.csv:2: pue: '0.9'"));
  EXPECT_THAT(refused("scenario,year\nx,2030.5\n"), HasSubstr("no whole year"));
  EXPECT_THAT(refused("scenario,year\nx,2024\n"), HasSubstr("2024"));
  EXPECT_THAT(refused("scenario\nx\nx\n"), HasSubstr("s.csv:3"));
  EXPECT_THAT(refused("scenario,hardwear\nx,2\n"), HasSubstr("hardware"));
}

}  // namespace
}  // namespace wattline::ledger
