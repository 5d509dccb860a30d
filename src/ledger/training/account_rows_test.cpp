// Training reports from rows of the account, and carbon by the hour.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "catalog/intensity/intensity_store.h"
#include "kernel/error.h"
#include "kernel/testing.h"
#include "kernel/units.h"
#include "ledger/training/report.h"

namespace wattline::ledger::training {
namespace {

class FromTheAccount : public testing::Test {
 protected:
  void SetUp() override {
    context_.provide(catalog::Catalog::load());
    context_.provide(std::make_shared<Location>(Location{scratch_.path().string()}));
    options_.place.pue = 1;
  }
  std::string record(double begin, double seconds, double joules, const char* epoch = "", const char* place = "FR",
                     const char* project = "thesis") {
    Fact f;
    f.kind = "run";
    f.begin = parse_time("2026-11-02") + Duration(begin);
    f.end = f.begin + Duration(seconds);
    f.energy = Estimate<Energy>::relative(Energy(joules), 0.2, Method::measured, "a meter");
    f.device = "NVIDIA A100 SXM 40GB";
    f.place = place;
    f.labels = {{"project", project}};
    if (*epoch) f.labels.emplace_back("epoch", epoch);
    return Ledger::open(scratch_.path(), OpenMode::write)->record(f);
  }
  Result run() { return training_report(options_, context_); }
  double watt_hours(const Result& r, const char* name = "energy") {
    const auto& m = r.find_estimate(name)->measure;
    return m.value * (m.unit == "kWh" ? 1000 : 1);
  }
  tests::ScratchDir scratch_;
  Context context_;
  TrainingReportOptions options_;
};

TEST_F(FromTheAccount, RowsByLabelAndByName) {
  options_.account.rows.where = {"project=thesis"};
  EXPECT_THROW(run(), Error) << "nothing is recorded";
  const std::string first = record(0, 100, 36'000), second = record(100, 100, 72'000, "", "DE");
  record(500, 100, 3'600'000, "", "FR", "other");
  Result r = run();
  EXPECT_NEAR(watt_hours(r), 30, 1e-9);
  EXPECT_EQ(r.find_table("training.rows.v1")->rows(), 2u);
  const auto catalog = catalog::Catalog::load();
  const auto grams = [&](const char* place) {
    return catalog->place(place).carbon_intensity.value().in(units::gCO2e_per_kWh);
  };
  EXPECT_NEAR(r.find_estimate("carbon")->measure.value, 0.01 * grams("FR") + 0.02 * grams("DE"), 1e-6)
      << "each row where it was";
  options_.account.runs = {first};
  EXPECT_THROW(run(), Error) << "two ways to choose";
  options_.account.rows = {};
  EXPECT_NEAR(watt_hours(run()), 10, 1e-9);
  options_.account.runs = {first, second};
  EXPECT_NEAR(watt_hours(run()), 30, 1e-9);
  options_.account.runs = {"nosuchrow"};
  EXPECT_THROW(run(), Error);
  options_.account = {};
  EXPECT_THROW(run(), Error) << "nothing is chosen";
  options_.account.rows.where = {"project=nosuch"};
  EXPECT_THROW(run(), Error) << "nothing is of that choice";
}

TEST_F(FromTheAccount, EpochsByLabelForetellARun) {
  const double joules[] = {50'000, 36'000, 37'000, 38'000};
  double all = 0;
  for (int i = 0; i < 4; ++i) {
    record(i * 120, 100, joules[i], std::to_string(i + 1).c_str());
    all += joules[i];
  }
  record(1000, 10, 1'000);  // of no epoch
  options_.account.rows.where = {"project=thesis"};
  options_.run.planned_epochs = 40;
  const Result r = run();
  const Table* t = r.find_table("training.epochs.v1");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->rows(), 5u);
  EXPECT_NEAR(t->column("energy").numbers()[3], joules[3] / 3600, 1e-9);
  EXPECT_NEAR(t->column("energy").numbers()[4], 1'000 / 3600.0, 1e-6);
  EXPECT_NEAR(watt_hours(r, "planned_energy"), (joules[0] + 39 * 37'000) / 3600, 1e-6);
  EXPECT_NEAR(parse_unit(r.find_estimate("duration")->measure.unit).scale * r.find_estimate("duration")->measure.value,
              410, 1e-6)
      << "pauses are not in it";
  EXPECT_EQ(r.find_estimate("energy")->measure.method, Method::measured);
}

TEST_F(FromTheAccount, RowsWithoutAPlaceAreCounted) {
  record(0, 100, 36'000, "", "");
  record(100, 100, 36'000);
  options_.account.rows.where = {"project=thesis"};
  EXPECT_NE(to_text(run()).find("1 of 2 rows name no place"), std::string::npos);
  options_.place.place = "DE";
  const Result r = run();
  EXPECT_EQ(to_text(r).find("no place"), std::string::npos);
  for (const auto& f : r.factors) EXPECT_EQ(f.description.find("World"), std::string::npos) << f.description;
}

TEST_F(FromTheAccount, ARowThatMarksCutIsModelled) {
  record(0, 100, 36'000);
  options_.account.rows.where = {"project=thesis"};
  options_.marks = InputFile::from_bytes(
      "m.csv", "time,epoch\n2026-11-02T00:00:00Z,1\n2026-11-02T00:00:25Z,2\n2026-11-02T00:01:40Z,\n");
  const Result r = run();
  const auto& energy = r.find_table("training.epochs.v1")->column("energy").numbers();
  ASSERT_EQ(energy.size(), 2u);
  EXPECT_NEAR(energy[0], 2.5, 1e-9);
  EXPECT_NEAR(energy[1], 7.5, 1e-9);
  EXPECT_EQ(r.find_estimate("energy_per_epoch")->measure.method, Method::modelled);
  EXPECT_EQ(r.find_estimate("energy")->measure.method, Method::measured) << "the whole is as it was metered";
}

TEST_F(FromTheAccount, WhatGoesWithALogAloneIsRefused) {
  record(0, 100, 36'000);
  options_.account.rows.where = {"project=thesis"};
  options_.baseline = InputFile::from_bytes("b.csv", "x");
  EXPECT_THROW(run(), Error);
  options_.baseline = {};
  options_.load = InputFile::from_bytes("c.csv", "x");
  EXPECT_THROW(run(), Error);
  options_.load = {};
  options_.trace = InputFile::from_bytes("t.csv", "x");
  EXPECT_THROW(run(), Error);
  options_.trace = {};
  options_.claimed.energy = 2 * units::kWh;
  EXPECT_FALSE(run().verdict->holds);
  options_.claimed.energy = 10 * units::Wh;
  EXPECT_TRUE(run().verdict->holds);
}

class ByTheHour : public FromTheAccount {
 protected:
  void SetUp() override {
    FromTheAccount::SetUp();
    context_.provide(std::make_shared<catalog::IntensityLocation>(
        catalog::IntensityLocation{(scratch_.path() / "intensity").string()}));
    catalog::IntensitySeries s;
    constexpr std::int64_t hour = 3600'000'000'000;
    s.name = {"FR", catalog::IntensityKind::average, catalog::IntensityBasis::location};
    s.imports = {{"x.csv", "a source", "CC0", "", "", parse_time("2026-11-03"), hour}};
    const std::int64_t t0 = parse_time("2026-11-02").ns;
    s.samples = {{Time{t0}, 100, false, 0}, {Time{t0 + hour}, 400, false, 0}};
    catalog::IntensityStore(scratch_.path() / "intensity").save(s);
    options_.hourly = true;
  }
  double grams(const Result& r) {
    const auto& m = r.find_estimate("carbon")->measure;
    return m.value * parse_unit(m.unit).scale;
  }
};

TEST_F(ByTheHour, ARowIsSpreadEvenlyOverItsTime) {
  record(1800, 3600, 3'600'000);
  options_.account.rows.where = {"project=thesis"};
  EXPECT_NEAR(grams(run()), 0.5 * 100 + 0.5 * 400, 1e-6);
  options_.hourly = false;
  EXPECT_NE(grams(run()), 250);
}

TEST_F(ByTheHour, ALogHasTheEnergyOfEachHour) {
  std::string log = "time,power [W]\n";
  for (int i = 0; i <= 120; ++i)
    log += fmt::format("{},{}\n", to_string(parse_time("2026-11-02") + Duration(60.0 * i)), i < 60 ? 100 : 300);
  options_.trace = InputFile::from_bytes("log.csv", log);
  options_.place.place = "FR";
  const Result r = run();
  const double first = (59 * 60 * 100 + 60 * 200) / 3.6e6, second = 60 * 60 * 300 / 3.6e6;
  EXPECT_NEAR(grams(r), first * 100 + second * 400, 1e-6);
  EXPECT_TRUE(r.find_table("ledger.hourly.v1"));
  // What the series does not cover takes the yearly figure, and is told.
  options_.place.place = "DE";
  EXPECT_NE(to_text(run()).find("not covered by hourly intensities"), std::string::npos);
}

}  // namespace
}  // namespace wattline::ledger::training
