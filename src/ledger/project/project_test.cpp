#include "ledger/project/project.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/project/claims.h"
#include "ledger/segment.h"

namespace wattline::ledger {
namespace {

using ::testing::HasSubstr;

class Project : public ::testing::Test {
 protected:
  Project() {
    context_.provide(catalog::Catalog::load());
    context_.provide(std::make_shared<Location>(Location{scratch_.path().string()}));
    options_.sensitivity.kind = SensitivityKind::none;
  }
  void cases(std::string rows) {
    options_.portfolio.use_cases =
        InputFile::from_bytes("cases.csv", "name,task,users,requests_per_day,size,hosting\n" + std::move(rows));
  }
  Result run() { return project_portfolio(options_, context_); }
  static double value(const Result& r, const char* name) { return r.find_estimate(name)->measure.value; }

  tests::ScratchDir scratch_;
  Context context_;
  ProjectOptions options_;
};

TEST_F(Project, TheReferenceHasBothParameterSetsWithTheirDeviations) {
  options_.sensitivity.kind = SensitivityKind::both;
  options_.sensitivity.samples = 16;
  const Result r = run();
  const Table* t = r.find_table("project.deviations.v1");
  ASSERT_TRUE(t);
  ASSERT_EQ(t->rows(), 10u);
  for (std::size_t i = 0; i < 10; ++i) {
    const double off = t->column("energy").numbers()[i];
    if (t->column("set").texts()[i] == "fitted") {
      EXPECT_LT(std::abs(off), 2.1);
    } else if (t->column("scenario").texts()[i] == "steady_adoption") {
      EXPECT_LT(off, -9) << "the text's own figures";
    }
  }
  for (const char* schema : {"project.tasks.v1", "project.inference.v1", "project.scopes.v1", "project.agents.v1",
                             "project.target.v1", "project.tornado.v1", "project.sobol.v1"})
    EXPECT_TRUE(r.find_table(schema)) << schema;
  EXPECT_TRUE(std::any_of(r.factors.begin(), r.factors.end(), [](const FactorUse& f) {
    return f.description == "project.scenario.high_adoption" && f.value.find("hardware 4.4") != std::string::npos;
  }));
  EXPECT_LT(r.find_estimate("carbon")->measure.interval.low, 0.8 * value(r, "carbon")) << "not falsely certain";
}

TEST_F(Project, ScopesAddUpToTheFootprint) {
  cases("A,chat,100,5,high,cloud\nB,rag,100,5,low,owned\n");
  const Result r = run();
  const Table* t = r.find_table("project.scopes.v1");
  double all = 0;
  for (const double x : t->column("carbon").numbers()) {
    EXPECT_GT(x, 0);
    all += x;
  }
  double by_case = 0;
  for (const double x : r.find_table("project.use_cases.v1")->column("carbon").numbers()) by_case += x;
  EXPECT_NEAR(all, by_case, 1e-9 * all);
}

TEST_F(Project, AvoidedNeverLowersTheFootprint) {
  cases("A,chat,100,5,high,cloud\n");
  const double before = value(run(), "carbon");
  options_.environment = {1000 * units::tCO2e, "by hand", "2025", 1, 0.1, Evidence::A};
  const Result r = run();
  EXPECT_EQ(value(r, "carbon"), before);
  EXPECT_GT(value(r, "return_on_environment"), 1);
}

TEST_F(Project, AScenarioOfOnesOwnIsLookedAt) {
  options_.scenario.scenarios = InputFile::from_bytes("s.csv", "scenario,year,hardware\nours,2040,10\n");
  options_.scenario.scenario = "ours";
  const Result r = run();
  const Table* t = r.find_table("project.scenarios.v1");
  ASSERT_EQ(t->rows(), 11u);
  EXPECT_NEAR(t->column("energy_index").numbers()[10], 10, 1e-9);
  EXPECT_THAT(r.find_table("project.agents.v1")->title, HasSubstr("ours"));
}

TEST_F(Project, WhatCannotBeAsked) {
  options_.scenario.scenario = "intermediat";
  EXPECT_THAT([&] { run(); }, ::testing::ThrowsMessage<Error>(HasSubstr("intermediate")));
  options_.scenario.scenario = {};
  options_.portfolio.region = {"Europe=x"};
  EXPECT_THROW(run(), Error);
  options_.portfolio.region = {"Europe=1,Europe=2"};
  EXPECT_THROW(run(), Error);
  options_.portfolio.region = {};
  options_.portfolio.from_ledger = true;
  EXPECT_THROW(run(), Error) << "no account";
  options_.portfolio.from_ledger = false;
  cases("A,chat,0,5,high,cloud\n");
  EXPECT_THAT([&] { run(); }, ::testing::ThrowsMessage<Error>(HasSubstr("asks for nothing")));
}

TEST_F(Project, TokensOfTheAccountStandForThePapers) {
  const auto ledger = Ledger::open(scratch_.path(), OpenMode::write);
  for (int i = 0; i < 4; ++i) {
    Fact f;
    f.kind = "answer";
    f.begin = Time{i * 1'000'000'000ll};
    f.end = f.begin;
    f.energy = Estimate<Energy>::exact(Energy(30));
    f.tokens_in = 10;
    f.tokens_out = 20845;
    ledger->record(f);
  }
  cases("A,chat,100,5,high,cloud\n");
  const double before = value(run(), "energy");
  options_.portfolio.from_ledger = true;
  const Result r = run();
  EXPECT_GT(r.find_table("project.use_cases.v1")->column("energy").numbers()[0], 0);
  EXPECT_NE(value(r, "energy"), before);
  options_.rows.kind = "training";
  EXPECT_THROW(run(), Error) << "no such rows";
  options_.rows.kind = {};
  ledger->seal(Time::now());
  EXPECT_NEAR(value(run(), "energy"), value(r, "energy"), 1e-9 * value(r, "energy")) << "sealed ones count";
}

TEST(PortfolioClaims, HoldButForWhatTheTextAndTheMetricCannotGive) {
  Context context;
  int hold = 0, differ = 0;
  for (const auto& claim : portfolio_claims()) {
    EXPECT_EQ(claim.paper, 5);
    const ClaimCheck c = claim.check(context);
    hold += c.verdict == ClaimVerdict::holds;
    if (c.verdict == ClaimVerdict::differs) {
      ++differ;
      EXPECT_THAT(claim.how, HasSubstr("as the text has them")) << claim.claimed << ": " << c.ours;
    }
    if (c.verdict == ClaimVerdict::not_reproducible) {
      EXPECT_THAT(claim.claimed, HasSubstr("Return on Environment"));
    }
  }
  EXPECT_EQ(hold, 9);
  EXPECT_EQ(differ, 1);
}

}  // namespace
}  // namespace wattline::ledger
