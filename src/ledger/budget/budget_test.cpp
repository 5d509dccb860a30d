#include "ledger/budget/budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/budget/forecast.h"

namespace wattline::ledger {
namespace {

using testing::HasSubstr;

class BudgetCommand : public testing::Test {
 protected:
  void SetUp() override {
    context_.provide(catalog::Catalog::load());
    context_.provide(std::make_shared<Location>(Location{scratch_.path().string()}));
  }
  // 2 kWh a day at the device, at a site of PUE 1.
  void use_daily(const char* from, int days) {
    std::vector<Fact> facts;
    for (int i = 0; i < days; ++i) {
      Fact f;
      f.kind = "run";
      f.begin = f.end = Time{parse_time(from).ns + i * day_ns + 1};
      f.energy = Estimate<Energy>::relative(2 * units::kWh, 0.1, Method::measured, "a meter").from_factor("meter.a");
      f.place = "FR";
      if (i % 2) f.labels = {{"project", "thesis"}};
      facts.push_back(std::move(f));
    }
    Ledger::open(scratch_.path(), OpenMode::write)->record_all(facts);
  }
  Result run(BudgetOptions o) {
    o.site.pue = 1;
    if (o.at.empty()) o.at = "2026-11-21";
    return budget(o, context_);
  }
  static double cell(const Result& r, const char* column) {
    return r.find_table("ledger.budget.v1")->column(column).numbers().at(0);
  }
  static std::string word(const Result& r, const char* column) {
    return r.find_table("ledger.budget.v1")->column(column).texts().at(0);
  }
  tests::ScratchDir scratch_;
  Context context_;
};

TEST_F(BudgetCommand, SaysWhatIsUsedWhatComesAndWhenItRunsOut) {
  use_daily("2026-10-01", 51);  // up to and with 20 November
  BudgetOptions o;
  o.energy = 50 * units::kWh;
  const Result r = run(o);
  EXPECT_NEAR(cell(r, "used"), 40, 1e-9);
  EXPECT_NEAR(cell(r, "used_share"), 80, 1e-9);
  EXPECT_NEAR(cell(r, "expected"), 60, 1e-9);
  EXPECT_NEAR(cell(r, "expected_low"), 60 * 0.9, 0.3);  // the meter's 10 %, shared by all days
  EXPECT_NEAR(cell(r, "expected_high"), 60 * 1.1, 0.3);
  EXPECT_EQ(word(r, "runs_out"), "2026-11-26");
  EXPECT_FALSE(r.verdict->holds);
  EXPECT_THAT(r.verdict->why, HasSubstr("runs out on 2026-11-26"));
  o.energy = 61 * units::kWh;
  EXPECT_TRUE(run(o).verdict->holds);
  o.energy = 39 * units::kWh;
  EXPECT_THAT(run(o).verdict->why, HasSubstr("used up"));
}

TEST_F(BudgetCommand, MoneyFollowsThePriceAndOtherResourcesTheCatalog) {
  use_daily("2026-10-01", 51);
  BudgetOptions o;
  o.money = 20;
  o.price = 0.25;
  Result r = run(o);
  EXPECT_NEAR(cell(r, "used"), 10, 1e-9);
  EXPECT_NEAR(cell(r, "expected"), 15, 1e-9);
  EXPECT_EQ(word(r, "unit"), "EUR");
  o = {};
  o.carbon = 10 * units::kgCO2e;
  r = run(o);
  const double grams = catalog::Catalog::load()->place("FR").carbon_intensity.value().in(units::gCO2e_per_kWh);
  EXPECT_NEAR(cell(r, "used"), 40 * grams * 1e-3, 1e-9);
}

TEST_F(BudgetCommand, PeriodsAndChoicesOfRows) {
  use_daily("2026-10-01", 51);
  BudgetOptions o;
  o.energy = 1000 * units::kWh;
  o.per = 1;
  EXPECT_NEAR(cell(run(o), "used"), 102, 1e-9);
  o.where = {"project=thesis"};
  EXPECT_NEAR(cell(run(o), "used"), 50, 1e-9);
  o.where = {};
  o.at = "2026-10-02T12:00:00Z";  // one whole day has been seen
  const Result r = run(o);
  EXPECT_NEAR(cell(r, "used"), 4, 1e-9);
  EXPECT_EQ(word(r, "runs_out"), "not known");
}

TEST_F(BudgetCommand, WhatIsMissingIsSaid) {
  use_daily("2026-10-01", 5);
  EXPECT_THROW(run({}), Error);
  BudgetOptions o;
  o.money = 5;
  EXPECT_THROW(run(o), Error);
  o = {};
  o.energy = Energy(0);
  EXPECT_THROW(run(o), Error);
  o.energy = Energy(1);
  o.at = "yesterday";
  EXPECT_THROW(run(o), Error);
}

}  // namespace
}  // namespace wattline::ledger
