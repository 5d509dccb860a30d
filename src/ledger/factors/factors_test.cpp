// Report by the hour and by contract, and the same rows under another catalog.
#include <cmath>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "catalog/catalog.h"
#include "catalog/intensity/intensity_readers.h"
#include "catalog/intensity/intensity_store.h"
#include "catalog/intensity/provider_config.h"
#include "kernel/command_testing.h"
#include "kernel/error.h"
#include "kernel/http_testing.h"
#include "kernel/testing.h"
#include "kernel/units.h"
#include "ledger/account.h"
#include "ledger/capabilities.h"
#include "ledger/factors/hourly.h"

namespace wattline::ledger {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;
using catalog::IntensityBasis;
using catalog::IntensityKind;

constexpr std::int64_t hour = 3600'000'000'000;

class Factors : public testing::Test {
 protected:
  void SetUp() override {
    context_.provide(catalog_);
    context_.provide(std::make_shared<Location>(Location{(scratch_.path() / "account").string()}));
    context_.provide(std::make_shared<catalog::IntensityLocation>(
        catalog::IntensityLocation{(scratch_.path() / "intensity").string()}));
  }
  void record(double joules, const std::string& place, const std::string& begin, const std::string& end) {
    Fact f;
    f.kind = "run";
    f.begin = parse_time(begin);
    f.end = parse_time(end);
    f.energy = Estimate<Energy>::with_sd(Energy(joules), Energy(0), Method::measured, "a meter");
    f.place = place;
    if (!ledger_)
      ledger_ = Ledger::open(scratch_.path() / "account", OpenMode::write, {.factor_set = catalog_->version()});
    ledger_->record(f);
  }
  void series(const std::string& place, IntensityKind kind, std::vector<double> grams) {
    catalog::IntensitySeries s;
    s.name = {place, kind, IntensityBasis::location};
    s.emissions = "lifecycle";
    s.imports = {{"x.csv", "a source", "CC0", "", "", parse_time("2026-01-02"), hour}};
    const std::int64_t t0 = parse_time("2026-01-01").ns;
    for (std::size_t i = 0; i < grams.size(); ++i)
      if (!std::isnan(grams[i]))
        s.samples.push_back({Time{t0 + static_cast<std::int64_t>(i) * hour}, grams[i], false, 0});
    catalog::IntensityStore(scratch_.path() / "intensity").save(s);
  }
  Result run(const std::string& name, const std::vector<std::string>& words) {
    return tests::run_command(capabilities(), name, words, context_);
  }
  std::string message(const std::string& name, const std::vector<std::string>& words) {
    return tests::message_of([&] { run(name, words); });
  }
  static double grams(const Result& r, const char* name) {
    const Measure& m = r.find_estimate(name)->measure;
    return parse_quantity(fmt_of(m.value, m.unit), Carbon::dimension);
  }
  static std::string fmt_of(double v, const std::string& unit) { return shortest(v) + " " + unit; }
  double yearly(const std::string& place) const {
    return catalog_->place(place).carbon_intensity.value().in(units::gCO2e_per_kWh);
  }
  std::string folder(const std::string& name, const std::string& places) {
    fs::create_directories(scratch_.path() / name);
    std::ofstream(scratch_.path() / name / "places.csv") << places;
    return (scratch_.path() / name).string();
  }

  tests::ScratchDir scratch_;
  std::shared_ptr<catalog::Catalog> catalog_ = catalog::Catalog::load();
  std::shared_ptr<Ledger> ledger_;
  Context context_;
};

constexpr double kwh = 3.6e6;

TEST_F(Factors, HourlyTakesTheIntensityOfTheHours) {
  series("FR", IntensityKind::average, {10, 30, 50});
  record(kwh, "FR", "2026-01-01T00:30:00Z", "2026-01-01T01:30:00Z");  // 20 on average
  record(kwh, "FR", "2026-01-01T02:30:00Z", "2026-01-01T02:30:00Z");  // a moment at 50
  const Result r = run("report", {"--hourly", "--pue", "1"});
  EXPECT_NEAR(grams(r, "carbon"), 70, 1e-9);
  const Table& t = *r.find_table("ledger.hourly.v1");
  ASSERT_EQ(t.rows(), 1u);
  EXPECT_NEAR(t.column("covered").numbers()[0], 100, 1e-9);
  EXPECT_NEAR(t.column("hourly").numbers()[0], 35, 1e-9);
  EXPECT_NEAR(t.column("yearly").numbers()[0], yearly("FR"), 1e-9);
  EXPECT_EQ(t.column("why_not").texts()[0], "");
  const Interval i = r.find_estimate("carbon")->measure.interval;
  EXPECT_LT(i.low, i.high) << "hours are no exact numbers";
  EXPECT_EQ(r.find_estimate("carbon")->measure.method, Method::modelled);
  EXPECT_NEAR(grams(run("report", {"--pue", "1"}), "carbon"), 2 * yearly("FR"), 1e-9) << "without --hourly: the year";
}

// A provider on this machine: 60 g/kWh each hour of the range it is asked for, or what it is told to answer.
class AskedFactors : public Factors {
 protected:
  void SetUp() override {
    Factors::SetUp();
    ::setenv("ELECTRICITY_MAPS_API_KEY", "k3y-0f-the-test", 1);
    const std::string file = (scratch_.path() / "intensity.toml").string();
    std::ofstream(file) << "[electricity-maps]\nretries = 0\nurl = '" + server_.url() + "'\n";
    context_.provide(std::make_shared<catalog::ProvidersLocation>(catalog::ProvidersLocation{file}));
  }
  static std::string hours(const std::string& head) {
    const auto value = [&](const std::string& name) {
      std::string out = head.substr(head.find(name + "=") + name.size() + 1);
      out = out.substr(0, out.find_first_of("& "));
      for (std::size_t i; (i = out.find("%3A")) != std::string::npos;) out.replace(i, 3, ":");
      return out;
    };
    std::string out = "{\"zone\":\"" + value("zone") + "\",\"data\":[";
    const Time end = parse_time(value("end"));
    for (Time t = parse_time(value("start")); t < end; t.ns += hour)
      out +=
          std::string(out.back() == '[' ? "" : ",") + "{\"carbonIntensity\":60,\"datetime\":\"" + to_string(t) + "\"}";
    return out + "]}";
  }
  std::string refusal_;
  tests::HttpServer server_{[this](const tests::HttpServer::Request& r, tests::Connection& c) {
    return c.send(refusal_.empty() ? tests::reply(hours(r.head)) : refusal_);
  }};
};

TEST_F(AskedFactors, HoursThatNoSeriesCoversAreAskedForOnce) {
  series("FR", IntensityKind::average, {10, 10});
  record(kwh, "FR", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z");  // stored: 10
  record(kwh, "FR", "2026-01-01T01:30:00Z", "2026-01-01T02:30:00Z");  // half stored, half asked: 35
  record(kwh, "FR", "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z");  // asked: 60
  EXPECT_LT(run("report", {"--hourly"}).find_table("ledger.hourly.v1")->column("covered").numbers()[0], 60);
  EXPECT_EQ(server_.requests(), 0) << "nobody asked for it";
  const Result r = run("report", {"--fetch", "electricity-maps", "--pue", "1", "--no-fallback"});
  EXPECT_NEAR(grams(r, "carbon"), 105, 1e-9);
  EXPECT_EQ(server_.requests(), 2) << "two stretches, months apart";
  EXPECT_THAT(server_.seen()[0].head,
              AllOf(HasSubstr("start=2026-01-01T02%3A00%3A00Z"), HasSubstr("end=2026-01-01T03%3A00%3A00Z")));
  const Table& t = *r.find_table("ledger.fetched_hours.v1");
  EXPECT_EQ(t.column("values").integers()[0], 2);
  EXPECT_NEAR(grams(run("report", {"--fetch", "electricity-maps", "--pue", "1"}), "carbon"), 105, 1e-9);
  EXPECT_EQ(server_.requests(), 2) << "what was asked for is there";
  EXPECT_NEAR(grams(run("report", {"--hourly", "--pue", "1", "--no-fallback"}), "carbon"), 105, 1e-9);
}

TEST_F(AskedFactors, WhenNobodyAnswersTheYearStandsInAndTheShareAndReasonAreTold) {
  series("FR", IntensityKind::average, {10});
  record(3 * kwh, "FR", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z");
  record(kwh, "DE", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z");
  refusal_ = tests::reply("{\"error\":\"Invalid auth-token k3y-0f-the-test\"}", "401 Unauthorized");
  const std::vector<std::string> words{"--fetch", "electricity-maps", "--pue", "1"};
  const Result r = run("report", words);
  EXPECT_NEAR(grams(r, "carbon"), 30 + yearly("DE"), 1e-6);
  const std::string text = to_text(r, 500);
  EXPECT_THAT(text, AllOf(HasSubstr("25 % of the energy is not covered"), HasSubstr("HTTP 401"),
                          HasSubstr("no average location-based series of DE"), Not(HasSubstr("k3y-0f-the-test"))));
  EXPECT_THAT(to_json(r), Not(HasSubstr("k3y-0f-the-test")));
  std::vector<std::string> strict = words;
  strict.push_back("--no-fallback");
  EXPECT_THAT(message("report", strict),
              AllOf(HasSubstr("25 % of the energy"), HasSubstr("DE"), HasSubstr("HTTP 401")));
  EXPECT_THAT(message("report", {"--no-fallback"}), HasSubstr("--hourly or --fetch"));
}

TEST_F(AskedFactors, AKeyThatIsRefusedIsNotTriedForEveryPlace) {
  for (const char* place : {"DE", "ES", "IT"}) record(kwh, place, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z");
  refusal_ = tests::reply("", "403 Forbidden");
  run("report", {"--fetch", "electricity-maps"});
  EXPECT_EQ(server_.requests(), 1);
}

TEST_F(AskedFactors, WhoReachesAServerCannotMakeItAsk) {
  record(kwh, "DE", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z");
  Context served;
  served.provide(catalog_);
  served.provide(std::make_shared<Location>(Location{(scratch_.path() / "account").string()}));
  EXPECT_THAT(tests::message_of([&] {
                tests::run_command(capabilities(), "report", {"--fetch", "electricity-maps"}, served);
              }),
              HasSubstr("command line"));
  EXPECT_EQ(server_.requests(), 0);
}

TEST_F(Factors, WhatNoSeriesCoversTakesTheYearAndSaysWhy) {
  series("FR", IntensityKind::average, {10, std::nan(""), 50});
  series("DE", IntensityKind::marginal, {1, 1, 1});
  record(kwh, "FR", "2026-01-01T00:00:00Z", "2026-01-01T02:00:00Z");  // half of it in the gap
  record(kwh, "DE", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z");
  record(kwh, "IS", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z");
  const Result r = run("report", {"--hourly", "--pue", "1"});
  EXPECT_NEAR(grams(r, "carbon"), 5 + yearly("FR") / 2 + yearly("DE") + yearly("IS"), 1e-6);
  const Table& t = *r.find_table("ledger.hourly.v1");
  ASSERT_EQ(t.rows(), 3u);
  EXPECT_THAT(t.column("why_not").texts()[0], AllOf(HasSubstr("DE marginal location"), HasSubstr("another question")));
  EXPECT_THAT(t.column("why_not").texts()[1], HasSubstr("gap from 2026-01-01T01:00:00Z"));
  EXPECT_THAT(t.column("why_not").texts()[2], HasSubstr("no average location-based series of IS"));
  EXPECT_NEAR(t.column("covered").numbers()[1], 50, 1e-9);
  EXPECT_THAT(to_text(r), HasSubstr("83.3 % of the energy is not covered"));
}

TEST_F(Factors, ManyRowsOfAnHourAreTakenAtIt) {
  series("FR", IntensityKind::average, {10, 30});
  for (int i = 0; i < 5; ++i) record(kwh, "FR", "2026-01-01T01:10:00Z", "2026-01-01T01:20:00Z");
  const Result r = run("report", {"--hourly", "--pue", "1"});
  EXPECT_NEAR(grams(r, "carbon"), 150, 1e-9);
  EXPECT_THAT(to_text(r), Not(HasSubstr("before the hour")));
  record(kwh, "FR", "2026-01-01T00:10:00Z", "2026-01-01T01:20:00Z");
  const Result early = run("report", {"--hourly", "--pue", "1"});
  EXPECT_NEAR(grams(early, "carbon"), 180, 1e-9);
  EXPECT_THAT(to_text(early), HasSubstr("before the hour of their end"));
}

TEST_F(Factors, RowsWithoutAPlaceHaveTheOneThatIsGiven) {
  series("FR", IntensityKind::average, {10});
  record(kwh, "", "2026-01-01T00:10:00Z", "2026-01-01T00:20:00Z");
  EXPECT_NEAR(grams(run("report", {"--hourly", "--pue", "1", "--place", "France"}), "carbon"), 10, 1e-9);
  EXPECT_THAT(to_text(run("report", {"--hourly", "--pue", "1"})), HasSubstr("--place says where"));
}

TEST_F(Factors, HoursOfAGroupAddUpToTheWhole) {
  series("FR", IntensityKind::average, {10, 30, 50, 20});
  for (int i = 0; i < 4; ++i) {
    record(kwh * (i + 1), i % 2 ? "FR" : "DE", "2026-01-01T0" + std::to_string(i) + ":10:00Z",
           "2026-01-01T0" + std::to_string(i) + ":50:00Z");
  }
  const Result r = run("report", {"--hourly", "--by", "day,place"});
  double sum = 0;
  for (const auto& block : r.blocks)
    if (const auto* t = std::get_if<Table>(&block); t && t->schema() == "ledger.groups.v1" && t->title == "By place")
      for (const double c : t->column("carbon").numbers()) sum += c;
  EXPECT_NEAR(sum, grams(r, "carbon"), 1e-6);
}

TEST_F(Factors, ContractsGiveASecondLineAndLeaveTheFirst) {
  record(kwh, "FR", "2026-01-01T00:10:00Z", "2026-01-01T00:20:00Z");
  record(2 * kwh, "DE", "2026-01-01T00:10:00Z", "2026-01-01T00:20:00Z");
  record(kwh, "gcp/europe-west9", "2026-01-01T00:10:00Z", "2026-01-01T00:20:00Z");
  const Result plain = run("report", {"--pue", "1"});
  const Result r = run("report", {"--pue", "1", "--market", "12g/kWh:france"});
  EXPECT_DOUBLE_EQ(grams(r, "carbon"), grams(plain, "carbon")) << "contracts do not change the grid";
  EXPECT_NEAR(grams(r, "carbon_market"), 24 + 2 * yearly("DE"), 1e-6) << "a region in France has France's";
  EXPECT_THAT(to_text(r), AllOf(HasSubstr("no contract is given for DE"), HasSubstr("residual mix")));
  EXPECT_NEAR(grams(run("report", {"--pue", "1", "--market", "0.012 kgCO2e/kWh:FR,0:DE"}), "carbon_market"), 24, 1e-9);
  EXPECT_NEAR(grams(run("report", {"--pue", "1", "--market", "10"}), "carbon_market"), 40, 1e-9);
  EXPECT_THAT(to_text(run("report", {"--market", "12:IS"})), HasSubstr("no row is of IS"));
  EXPECT_THAT(message("report", {"--market", "12:Frnce"}), AllOf(HasSubstr("France"), HasSubstr("market")));
  EXPECT_THAT(message("report", {"--market", "12:"}), HasSubstr("names no place"));
  EXPECT_THAT(message("report", {"--market", "-1:FR"}), HasSubstr("less than nothing"));
  EXPECT_THAT(message("report", {"--market", "FR"}), HasSubstr("INTENSITY:PLACE"));
  EXPECT_THAT(message("report", {"--market", "12 L/kWh:FR"}), HasSubstr("market"));
  EXPECT_THAT(message("report", {"--market", "1:FR,2:FRA"}), HasSubstr("two contracts for FR"));
}

TEST_F(Factors, RefactorTellsOldNewAndWhichFactorChanged) {
  record(kwh, "FR", "2026-01-01T00:10:00Z", "2026-01-01T00:20:00Z");
  record(kwh, "DE", "2026-01-01T00:10:00Z", "2026-01-01T00:20:00Z");
  const std::string dir = folder("next",
                                 "code,carbon_intensity [gCO2e/kWh],carbon_low [gCO2e/kWh],carbon_high "
                                 "[gCO2e/kWh],source,year\nFR,40,30,50,ember-owid,2025\n");
  const Result r = run("refactor", {"--against", dir, "--pue", "1"});
  const Table& t = *r.find_table("ledger.refactor.v1");
  ASSERT_EQ(t.rows(), 2u);
  EXPECT_EQ(t.column("place").texts()[1], "FR");
  EXPECT_NEAR(t.column("carbon_old").numbers()[1], yearly("FR"), 1e-9);
  EXPECT_NEAR(t.column("carbon_new").numbers()[1], 40, 1e-9);
  EXPECT_EQ(t.column("carbon_old").numbers()[0], t.column("carbon_new").numbers()[0]);
  EXPECT_EQ(t.column("changed").texts()[0], "");
  EXPECT_THAT(t.column("changed").texts()[1], HasSubstr("FR"));
  const Table& factors = *r.find_table("ledger.factor_changes.v1");
  ASSERT_EQ(factors.rows(), 1u);
  EXPECT_THAT(factors.column("new").texts()[0], HasSubstr("40"));
  EXPECT_NEAR(grams(r, "carbon_new") - grams(r, "carbon_old"), 40 - yearly("FR"), 1e-6);
  // The other way round.
  const Result back = run("refactor", {"--old", dir, "--pue", "1"});
  EXPECT_NEAR(grams(back, "carbon_old"), grams(r, "carbon_new"), 1e-9);
  EXPECT_THAT(to_text(run("refactor", {"--against", dir, "--threshold", "0.1"})), HasSubstr("base year"));
  EXPECT_THAT(to_text(run("refactor", {"--against", dir, "--threshold", "99"})), Not(HasSubstr("base year")));
  EXPECT_EQ(ledger_->size(), 2) << "the account only grows by facts";
}

TEST_F(Factors, RefactorOfTheSameFactorsChangesNothing) {
  record(kwh, "FR", "2026-01-01T00:10:00Z", "2026-01-01T00:20:00Z");
  fs::create_directories(scratch_.path() / "empty");
  const Result r = run("refactor", {"--against", (scratch_.path() / "empty").string()});
  EXPECT_THAT(to_text(r), AllOf(HasSubstr("carbon +0 %"), HasSubstr("No factor of these places differs")));
}

TEST_F(Factors, RefactorLeavesOutUnknownPlacesLoudly) {
  const std::string dir = folder("next",
                                 "code,carbon_intensity [gCO2e/kWh],carbon_low [gCO2e/kWh],carbon_high "
                                 "[gCO2e/kWh],source,year\nFR,40,-,-,ember-owid,2025\n");
  EXPECT_THAT(message("refactor", {}), HasSubstr("--against"));
  EXPECT_THAT(message("refactor", {"--against", dir, "--old", dir}), HasSubstr("two other catalogs"));
  EXPECT_THAT(message("refactor", {"--against", dir + "x"}), HasSubstr("no such folder"));
  EXPECT_THAT(message("refactor", {"--against", dir, "--place", "Frnce"}), HasSubstr("France"));
  EXPECT_THAT(to_text(run("refactor", {"--against", dir})), HasSubstr("no account"));
  record(kwh, "FR", "2026-01-01T00:10:00Z", "2026-01-01T00:20:00Z");
  record(kwh, "Frnce", "2026-01-01T00:10:00Z", "2026-01-01T00:20:00Z");
  record(kwh, "", "2026-01-01T00:10:00Z", "2026-01-01T00:20:00Z");
  const Result r = run("refactor", {"--against", dir, "--pue", "1"});
  EXPECT_NEAR(grams(r, "carbon_new"), 40, 1e-9);
  EXPECT_THAT(to_text(r), AllOf(HasSubstr("did you mean"), HasSubstr("name no place"), HasSubstr("2 of 3 rows")));
  EXPECT_NEAR(grams(run("refactor", {"--against", dir, "--pue", "1", "--place", "FR"}), "carbon_new"), 80, 1e-9);
}

// The series of 2020 (ENTSO-E, life cycle): a job of 30 minutes each night at 01:00 for 365 days.
TEST_F(Factors, NightlyJobsOfRealSeriesHaveThePublishedMean) {
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  struct {
    const char *file, *place;
    double expected;
  } const all[] = {{"fr_ci.csv.gz", "FR", 52.1211}, {"gb_ci.csv.gz", "GB", 184.0959}};
  for (const auto& [file, place, expected] : all) {
    const gzFile in = gzopen((*shared / "data" / "carbon-intensity-2020" / file).c_str(), "rb");
    ASSERT_NE(in, nullptr);
    std::string text(4'000'000, '\0');
    text.resize(static_cast<std::size_t>(gzread(in, text.data(), static_cast<unsigned>(text.size()))));
    gzclose(in);
    auto read = catalog::read_intensity_csv(text, file, {"", "gCO2e/kWh"});
    // The published mean has the values of half hours alone; half of Britain's year came by the quarter.
    std::erase_if(read.samples, [](const auto& x) { return x.begin.ns % (hour / 2) != 0; });
    catalog::IntensitySeries s;
    s.name = {place, IntensityKind::average, IntensityBasis::location};
    merge(s, "lifecycle", {file, "ENTSO-E", "", "", "", parse_time("2021-01-10"), read.step_ns}, read.samples, false);
    EXPECT_TRUE(gaps(s).empty()) << place;
    catalog::IntensityStore(scratch_.path() / "intensity").save(s);
    std::vector<Fact> nights;
    for (int day = 0; day < 365; ++day) {
      Fact f;
      f.kind = "job";
      f.begin.ns = parse_time("2020-01-01T01:00:00Z").ns + day * 24 * hour;
      f.end.ns = f.begin.ns + hour / 2;
      f.energy = Estimate<Energy>::with_sd(Energy(kwh), Energy(0), Method::measured, "a meter");
      f.place = place;
      nights.push_back(f);
    }
    Ledger::open(scratch_.path() / "account", OpenMode::write, {.factor_set = catalog_->version()})->record_all(nights);
    const Result r = run("report", {"--hourly", "--pue", "1", "--where", std::string("place=") + place});
    const Table& t = *r.find_table("ledger.hourly.v1");
    EXPECT_NEAR(t.column("covered").numbers()[0], 100, 1e-9);
    EXPECT_NEAR(t.column("hourly").numbers()[0], expected, 5e-4) << place;
  }
}

}  // namespace
}  // namespace wattline::ledger
