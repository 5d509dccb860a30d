// The PUE that was recorded with rows: it is theirs in every figure, whatever else is given.
#include "ledger/row_site.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernel/command_testing.h"
#include "kernel/testing.h"
#include "kernel/units.h"
#include "ledger/account.h"
#include "ledger/capabilities.h"
#include "ledger/segment.h"

namespace wattline::ledger {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

Fact fact_with(const std::string& pue) {
  Fact f;
  f.place = "FR";
  f.labels = {{"project", "thesis"}, {"pue", pue}};
  return f;
}

TEST(RowSite, ReadsNumbersThatCanBeAPue) {
  EXPECT_EQ(site_of(fact_with("1.3")), (RowSite{"FR", 1.3}));
  EXPECT_EQ(site_of(fact_with("1")).pue, 1);
  EXPECT_EQ(site_of(fact_with("20")).pue, 20);
  for (const char* text : {"", "abc", "1.3x", " 1.3", "0.9", "-1.3", "20.1", "nan", "inf", "1e300", "1,3"})
    EXPECT_EQ(site_of(fact_with(text)), (RowSite{"FR"})) << text;
  Fact f = fact_with("2");
  set_pue(f, 1.25);
  EXPECT_EQ(site_of(f).pue, 1.25);
  EXPECT_EQ(f.labels.size(), 2u) << "the old one is gone";
  set_pue(f, 1.0 / 3 + 1);
  EXPECT_EQ(site_of(f).pue, 1.0 / 3 + 1) << "every digit";
}

// Two rows of 1 kWh at one place, one with its own PUE.
class OwnPue : public testing::Test {
 protected:
  void SetUp() override {
    context_.provide(catalog_);
    context_.provide(std::make_shared<Location>(Location{dir_.path().string()}));
    record("own", "1.3");
    record("none", "");
  }
  void record(const char* uid, const std::string& pue, const char* kind = "job") {
    Fact f;
    f.kind = kind;
    f.begin = parse_time("2026-11-02T10:00:00Z");
    f.end = f.begin + 1 * units::hour;
    f.energy = Estimate<Energy>::exact(1 * units::kWh);
    f.place = "FR";
    f.uid = uid;
    if (!pue.empty()) f.labels = {{"pue", pue}};
    Ledger::open(dir_.path(), OpenMode::write)->record(f);
  }
  Result run(const std::string& name, const std::vector<std::string>& words) {
    return tests::run_command(capabilities(), name, words, context_);
  }
  double kwh(const Result& r, const char* name = "facility_energy") {
    const Measure& m = r.find_estimate(name)->measure;
    return m.value * parse_unit(m.unit).scale / units::kWh.base();
  }
  double grams_per_kwh() const { return catalog_->place("FR").carbon_intensity.value().in(units::gCO2e_per_kWh); }

  tests::ScratchDir dir_;
  std::shared_ptr<catalog::Catalog> catalog_ = catalog::Catalog::load();
  Context context_;
};

TEST_F(OwnPue, HoldsInEveryReport) {
  const Result r = run("report", {"--pue", "2", "--market", "10g/kWh:FR", "--price", "0.5"});
  EXPECT_NEAR(kwh(r), 1.3 + 2, 1e-9);
  EXPECT_NEAR(r.find_estimate("carbon")->measure.value, 3.3 * grams_per_kwh(), 1e-6);
  EXPECT_NEAR(r.find_estimate("carbon_market")->measure.value, 33, 1e-9);
  EXPECT_EQ(r.find_table("ledger.scope2.v1")->rows(), 1u) << "one place, whatever its PUEs";
  EXPECT_NEAR(r.find_estimate("cost")->measure.value, 0.5 * 3.3, 1e-9);
  const std::string text = to_text(r, 500);
  EXPECT_THAT(
      text,
      AllOf(HasSubstr("PUE: the one that was recorded with 1 row is theirs (1.3 for 1 row); 1 row without "
                      "one take the report's"),
            HasSubstr("power usage effectiveness, recorded = 1.3"), HasSubstr("power usage effectiveness, given = 2")));
  EXPECT_NEAR(kwh(run("impacts", {"--pue", "2"})), 3.3, 1e-9);
  EXPECT_NEAR(kwh(run("impacts", {"--pue", "2", "--allocation", "time"})), 3.3, 1e-9);
  const Result budget = run("budget", {"--energy", "10 kWh", "--pue", "2", "--at", "2026-11-03"});
  EXPECT_NEAR(budget.find_table("ledger.budget.v1")->column("used").numbers().at(0), 3.3, 1e-9);
  EXPECT_THAT(to_text(budget, 500), HasSubstr("recorded with 1 row"));
  const Result training = run("training-report", {"--kind", "job", "--pue", "2"});
  EXPECT_NEAR(training.find_estimate("carbon")->measure.value, 3.3 * grams_per_kwh(), 1e-6);
  // By rows: each has its own.
  const Result rows = run("export", {});
  const Table& t = *rows.find_table("run.records.v1");
  EXPECT_NEAR(t.column("carbon").numbers().at(0) / t.column("carbon").numbers().at(1),
              1.3 / catalog_->factor("pue.default").estimate().value(), 1e-9);
  EXPECT_NEAR(run("show", {"own", "--pue", "2"}).find_estimate("carbon")->measure.value, 1.3 * grams_per_kwh(), 1e-6);
}

TEST_F(OwnPue, IsTheSameUnderBothCatalogsOfAComparison) {
  const std::string folder = (dir_.path() / "next").string();
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/places.csv")
      << "code,carbon_intensity [gCO2e/kWh],carbon_low [gCO2e/kWh],carbon_high [gCO2e/kWh],source,year\n"
         "FR,100,90,110,an example,2026\n";
  const Result r = run("refactor", {"--against", folder, "--pue", "2"});
  const Table& t = *r.find_table("ledger.refactor.v1");
  ASSERT_EQ(t.rows(), 1u);
  EXPECT_NEAR(t.column("carbon_new").numbers().at(0), 330, 1e-9);
  EXPECT_NEAR(t.column("carbon_old").numbers().at(0), 3.3 * grams_per_kwh(), 1e-6);
}

TEST_F(OwnPue, WhatIsNoneIsToldAndNotTaken) {
  record("odd", "lots");
  const Result r = run("report", {"--pue", "2"});
  EXPECT_NEAR(kwh(r), 1.3 + 2 + 2, 1e-9);
  EXPECT_THAT(r.warnings, Contains(HasSubstr("1 row has a label pue that is no number from 1 to 20 ('lots')")));
  // And one alone without: nothing is said of PUEs.
  EXPECT_THAT(to_text(run("report", {"--where", "pue=", "--pue", "2"})), Not(HasSubstr("recorded with")));
}

TEST_F(OwnPue, IsCorrectedLikeAnyFigure) {
  run("correct", {"own", "--pue", "1.1", "--reason", "the meter of the hall"});
  EXPECT_NEAR(kwh(run("report", {"--pue", "2"})), 1.1 + 2, 1e-9);
  run("correct", {"none", "--pue", "1.2", "--reason", "the same hall"});
  EXPECT_NEAR(kwh(run("report", {"--pue", "2"})), 1.1 + 1.2, 1e-9);
  EXPECT_TRUE(Ledger::open(dir_.path(), OpenMode::read)->verify().holds);
}

TEST_F(OwnPue, StaysWithSealedRows) {
  const double before = kwh(run("report", {"--pue", "2"})), by_time = kwh(run("impacts", {"--allocation", "time"}));
  Ledger::open(dir_.path(), OpenMode::write)->seal(parse_time("2026-11-03"));
  EXPECT_NEAR(kwh(run("report", {"--pue", "2"})), before, 1e-12);
  EXPECT_NEAR(kwh(run("impacts", {"--allocation", "time"})), by_time, 1e-12);
}

// What an agent wrote of a machine holds what ran on it.
TEST_F(OwnPue, AMachinesRowsBesideRunsAreSaidToCountTwice) {
  EXPECT_THAT(to_text(run("report", {}), 500), testing::Not(HasSubstr("counted twice")));
  record("node", "", "machine");
  EXPECT_THAT(to_text(run("report", {}), 500), HasSubstr("counted twice"));
  EXPECT_THAT(to_text(run("report", {"--kind", "machine"}), 500), testing::Not(HasSubstr("counted twice")));
}

// A cloud's bill contains its electricity.
TEST_F(OwnPue, RentedMachinesCostNothingMore) {
  record("cloud", "", "rented");
  Result r = run("report", {"--pue", "2", "--price", "0.5"});
  EXPECT_NEAR(kwh(r), 1.3 + 2 + 2, 1e-9);
  EXPECT_NEAR(r.find_estimate("cost")->measure.value, 0.5 * 3.3, 1e-9);
  EXPECT_THAT(to_text(r, 500), AllOf(HasSubstr("without the electricity of 1 row of rented machines"),
                                     HasSubstr("of the electricity of your own machines")));
  r = run("report", {"--kind", "rented", "--price", "0.5"});
  EXPECT_FALSE(r.find_estimate("cost")) << "nothing is to be paid beside the bill";
  EXPECT_THAT(to_text(r, 500), HasSubstr("which their bill contains"));
  r = run("impacts", {"--pue", "2", "--price", "0.5"});
  EXPECT_NEAR(r.find_estimate("cost")->measure.value, 0.5 * 3.3, 1e-9);
  EXPECT_THAT(to_text(r, 500), HasSubstr("which its bill contains"));
  r = run("impacts", {"--pue", "2", "--price", "0.5", "--owner", "own"});
  EXPECT_NEAR(r.find_estimate("cost")->measure.value, 0.5 * 5.3, 1e-9) << "who says they are his pays for them";
  r = run("budget", {"--money", "10", "--energy", "10 kWh", "--price", "0.5", "--pue", "2", "--at", "2026-11-03"});
  EXPECT_THAT(r.find_table("ledger.budget.v1")->column("used").numbers(),
              testing::ElementsAre(testing::DoubleNear(5.3, 1e-9), testing::DoubleNear(0.5 * 3.3, 1e-9)));
  EXPECT_THAT(to_text(r, 500), HasSubstr("Money: without the electricity of 1 row"));
}

}  // namespace
}  // namespace wattline::ledger
