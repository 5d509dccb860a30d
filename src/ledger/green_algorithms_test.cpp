#include "ledger/green_algorithms.h"

#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/green_algorithms.h"
#include "kernel/error.h"
#include "ledger/green_resolve.h"
#include "ledger/green_text.h"

namespace wattline::ledger {
namespace {

using testing::HasSubstr;

GreenAlgorithmsOptions worked_case() {
  GreenAlgorithmsOptions o;
  o.runtime = 12 * units::hour;
  o.processors.cores = 12;
  o.processors.cpu = "Xeon E5-2683 v4";
  o.processors.memory = 64 * units::GB;
  return o;
}

Result run(const GreenAlgorithmsOptions& o) {
  Context context;
  return green_algorithms(o, context);
}
Result run(const std::vector<std::string>& words) {
  const Capability c = green_algorithms_capability();
  const auto options = options_from_arguments(c, words);
  Context context;
  return c.run(options.get(), context);
}
double value(const Result& r, const char* name) { return r.find_estimate(name)->measure.value; }
std::string message(const std::vector<std::string>& words) {
  try {
    run(words);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(GreenFormula, WorkedCaseUnderBothVersions) {
  for (const auto version : {GreenVersion::v1_0, GreenVersion::v3_0}) {
    auto o = worked_case();
    o.data_version = version;
    const Result r = run(o);
    EXPECT_NEAR(value(r, "energy"), 1.36608, 1e-12);
    EXPECT_NEAR(value(r, "carbon"), 648.888, 1e-9);
    const Table* parts = r.find_table("footprint.parts.v1");
    ASSERT_TRUE(parts);
    const auto& kwh = parts->column("energy").numbers();
    const auto& grams = parts->column("carbon").numbers();
    EXPECT_DOUBLE_EQ(kwh[3], 1.36608);
    EXPECT_DOUBLE_EQ(grams[3], 648.888);
    EXPECT_DOUBLE_EQ(grams[0] + grams[1] + grams[2], grams[3]);
    EXPECT_THAT(to_text(r), testing::AllOf(HasSubstr("648.89 gCO2e"), HasSubstr("1.37 kWh")));
  }
}

TEST(GreenFormula, PartsAddUpAndScaleOnAnyInput) {
  std::mt19937_64 random(18);
  const auto draw = [&](double high) { return std::uniform_real_distribution<>(0, high)(random); };
  for (int i = 0; i < 2000; ++i) {
    GreenJob job{
        draw(1e4), std::floor(draw(512)), draw(30),     draw(1),   std::floor(draw(64)), draw(700), draw(1), draw(4000),
        0.3725,    1 + draw(2),           1 + draw(50), draw(1200)};
    const auto f = footprint(job);
    // The formula of the paper, said once more in another order.
    const double kw = (job.cores * job.core_watts * job.core_usage + job.gpus * job.gpu_watts * job.gpu_usage +
                       job.memory_gb * 0.3725) /
                      1000;
    const double grams = kw * job.pue * job.hours * job.multiplier * job.grams_per_kwh;
    EXPECT_NEAR(f.grams, grams, 1e-12 * grams);
    EXPECT_NEAR(f.core_grams + f.gpu_grams + f.memory_grams, f.grams, 1e-12 * f.grams);
    auto twice = job;
    twice.hours *= 2;
    EXPECT_DOUBLE_EQ(footprint(twice).grams, 2 * f.grams);
    auto idle = job;
    idle.core_usage = idle.gpu_usage = 0;
    EXPECT_DOUBLE_EQ(footprint(idle).memory_watts, f.memory_watts) << "memory draws whether used or not";
  }
}

TEST(GreenFormula, TheIntervalHoldsTheCalculatorsValue) {
  const Result r = run(worked_case());
  const auto& m = r.find_estimate("energy")->measure;
  EXPECT_LT(m.interval.low, 1.36608 * 0.7);
  EXPECT_GT(m.interval.high, 1.36608 * 1.3);
  EXPECT_EQ(m.method, Method::modelled);
  // The world average says little about a place: carbon is less sure than energy.
  const auto& carbon = r.find_estimate("carbon")->measure;
  EXPECT_GT(carbon.interval.high / carbon.value, m.interval.high / m.value);
  auto o = worked_case();
  o.site.place = "FR";
  const Result there = run(o);
  const auto& france = there.find_estimate("carbon")->measure;
  EXPECT_NEAR(france.value, 1.36608 * 51.28, 1e-9);
  EXPECT_LT(france.interval.high / france.value, carbon.interval.high / carbon.value);
}

TEST(GreenFormula, PueByPlatform) {
  const auto pue = [](const std::vector<std::string>& more) {
    std::vector<std::string> words{"--runtime", "1h", "--cores", "0", "--memory", "1000GB"};
    words.insert(words.end(), more.begin(), more.end());
    return value(run(words), "energy") / 0.3725;
  };
  EXPECT_NEAR(pue({}), 1, 1e-12);
  EXPECT_NEAR(pue({"--platform", "local"}), 1.56, 1e-12);
  EXPECT_NEAR(pue({"--platform", "local", "--data-version", "v1.0"}), 1.67, 1e-12);
  EXPECT_NEAR(pue({"--platform", "local", "--pue", "1.1"}), 1.1, 1e-12);
  EXPECT_NEAR(pue({"--platform", "cloud", "--provider", "gcp"}), 1.12, 1e-12);
  EXPECT_NEAR(pue({"--platform", "cloud", "--provider", "gcp", "--data-version", "v1.0"}), 1.11, 1e-12);
  EXPECT_NEAR(pue({"--platform", "cloud", "--provider", "azure", "--data-version", "v1.0"}), 1.125, 1e-12);
  EXPECT_NEAR(pue({"--platform", "cloud", "--datacentre", "gcp/europe-west1"}), 1.08, 1e-12);
  EXPECT_NEAR(pue({"--platform", "cloud", "--provider", "gcp", "--datacentre", "us-west2"}), 1.12, 1e-12);
  EXPECT_THAT(message({"--runtime", "1h", "--platform", "cloud"}), HasSubstr("--provider"));
  EXPECT_THAT(message({"--runtime", "1h", "--provider", "gcp"}), HasSubstr("--platform cloud"));
  EXPECT_THAT(message({"--runtime", "1h", "--platform", "cloud", "--provider", "googel"}), HasSubstr("gcp"));
  EXPECT_THAT(
      message({"--runtime", "1h", "--platform", "cloud", "--datacentre", "gcp/europe-west1", "--data-version", "v1.0"}),
      HasSubstr("v1.0 lists no data centres"));
  EXPECT_THAT(message({"--runtime", "1h", "--platform", "cloud", "--datacentre", "azure/Qatar Central"}),
              HasSubstr("Qatar"));
}

TEST(GreenFormula, TheDataCentreGivesThePlace) {
  const Result r = run({"--runtime", "1h", "--cores", "0", "--memory", "1000GB", "--platform", "cloud", "--datacentre",
                        "gcp/europe-west1", "--place", "FR"});
  EXPECT_NEAR(value(r, "carbon"), 0.3725 * 1.08 * 161.89, 1e-9);
  EXPECT_THAT(r.warnings, testing::Contains(HasSubstr("not used")));
}

TEST(GreenFormula, FallbacksAreSaid) {
  const Result r = run({"--runtime", "1h", "--cores", "2", "--gpus", "1"});
  EXPECT_NEAR(value(r, "energy"), (2 * 12 + 200) / 1000.0, 1e-12);
  EXPECT_THAT(r.warnings, testing::IsSupersetOf({HasSubstr("no CPU named"), HasSubstr("no GPU named"),
                                                 HasSubstr("world average"), HasSubstr("no memory")}));
  const Result fuzzy =
      run({"--runtime", "1h", "--cpu", "Intel(R) Xeon(R) CPU E5-2683 v4 @ 2.10GHz", "--place", "United States"});
  EXPECT_THAT(fuzzy.warnings,
              testing::IsSupersetOf({HasSubstr("taken for 'Xeon E5-2683 v4'"), HasSubstr("taken for US")}));
  EXPECT_THAT(message({"--runtime", "1h", "--place", "Frnce"}),
              testing::AllOf(HasSubstr("France"), HasSubstr("WORLD")));
  EXPECT_THAT(message({"--runtime", "1h", "--cpu", "Z80"}), HasSubstr("Any"));
  EXPECT_THAT(message({"--runtime", "-1h"}), HasSubstr("runtime"));
  EXPECT_THAT(message({"--runtime", "1h", "--pue", "0.5"}), HasSubstr("pue"));
  EXPECT_THAT(message({"--runtime", "1h", "--core-usage", "1.5"}), HasSubstr("core-usage"));
  EXPECT_THAT(message({}), HasSubstr("runtime"));
}

TEST(GreenFormula, TrainingAndInference) {
  const double once = value(run({"--runtime", "10h", "--cores", "10"}), "energy");
  EXPECT_NEAR(value(run({"--runtime", "10h", "--cores", "10", "--mode", "training", "--experiments", "2",
                         "--retrainings", "4", "--retraining-size", "0.25"}),
                    "energy"),
              once * (1 + 2 + 1), 1e-12);
  const auto inference = [&](const char* periods, const char* period, const char* months) {
    return value(run({"--runtime", "10h", "--cores", "10", "--mode", "inference", "--periods", periods, "--period",
                      period, "--months", months}),
                 "energy") /
           once;
  };
  EXPECT_NEAR(inference("2", "day", "1"), 15, 1e-12);
  EXPECT_NEAR(inference("1", "week", "12"), 48, 1e-12);
  EXPECT_NEAR(inference("3", "month", "12"), 4, 1e-12);
  EXPECT_NEAR(inference("1", "year", "24"), 2, 1e-12);
  const Result psf = run({"--runtime", "10h", "--cores", "10", "--mode", "inference", "--psf", "5", "--months", "1"});
  EXPECT_NEAR(value(psf, "energy"), once, 1e-12);
  EXPECT_THAT(psf.warnings, testing::Contains(HasSubstr("not applied")));
  EXPECT_NEAR(value(run({"--runtime", "10h", "--cores", "10", "--psf", "5"}), "energy"), 5 * once, 1e-12);
  EXPECT_THAT(message({"--runtime", "1h", "--experiments", "2"}), HasSubstr("--mode training"));
  EXPECT_THAT(message({"--runtime", "1h", "--mode", "training", "--retrainings", "2"}), HasSubstr("size"));
}

TEST(GreenFormula, VersionsSideBySideAndMeasured) {
  const Result r = run({"--runtime", "1h", "--cores", "4", "--place", "FR", "--platform", "local", "--data-version",
                        "both", "--measured-energy", "30Wh"});
  const Table* t = r.find_table("By data version");
  ASSERT_TRUE(t);
  EXPECT_NEAR(t->column("carbon").numbers()[0], 0.048 * 1.67 * 47, 1e-12);
  EXPECT_NEAR(t->column("carbon").numbers()[1], 0.048 * 1.56 * 51.28, 1e-12);
  EXPECT_NEAR(value(r, "measured_energy"), 0.03, 1e-12);
  EXPECT_THAT(to_text(r), HasSubstr("Measured 30.00 Wh"));
}

TEST(GreenFormula, WhatIfElsewhere) {
  auto o = worked_case();
  o.compare = {"FR,NO", "US-CA"};
  const Result r = run(o);
  const Table* t = r.find_table("The same job elsewhere");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->column("place").texts(), (std::vector<std::string>{"WORLD", "NO", "FR", "US-CA"}));
  EXPECT_NEAR(t->column("carbon").numbers()[1], 1.36608 * 7.62, 1e-9);
  o.compare = {"Atlantis"};
  EXPECT_THROW(run(o), Error);
}

TEST(GreenText, AsTheCalculatorWritesIt) {
  EXPECT_EQ(energy_text(1.36608), "1.37 kWh");
  EXPECT_EQ(energy_text(0.5), "500.00 Wh");
  EXPECT_EQ(energy_text(0.0000005), "5.00e-04 Wh");
  EXPECT_EQ(energy_text(1000), "1.00 MWh");
  EXPECT_EQ(energy_text(5e6), "5.00e+03 MWh");
  EXPECT_EQ(energy_text(0), "0.00 Wh");
  EXPECT_EQ(carbon_text(648.888), "648.89 gCO2e");
  EXPECT_EQ(carbon_text(0.5), "500.00 mgCO2e");
  EXPECT_EQ(carbon_text(999.9), "999.90 gCO2e");
  EXPECT_EQ(carbon_text(1000), "1.00 kgCO2e");
  EXPECT_EQ(carbon_text(2.5e6), "2.50 tCO2e");
}

TEST(GreenText, Equivalences) {
  const auto v3 = catalog::GreenAlgorithms::load("v3.0"), v1 = catalog::GreenAlgorithms::load("v1.0");
  const auto find = [](double grams, const auto& data, const char* name) {
    for (const auto& e : equivalences(grams, *data))
      if (e.name == name) return e;
    return Equivalence{};
  };
  EXPECT_NEAR(find(648.888, v3, "tree").value, 648.888 / 11000 * 12, 1e-12);
  EXPECT_NEAR(find(648.888, v1, "tree").value, 648.888 / 11400 * 12, 1e-12);
  EXPECT_EQ(find(648.888, v3, "tree").text, "0.71 tree-months");
  EXPECT_EQ(find(21999, v3, "tree").text, "24.00 tree-months");  // 23.999: still below 24
  EXPECT_EQ(find(22000, v3, "tree").text, "2.00 tree-years");
  EXPECT_NEAR(find(1750, v3, "car_eu").value, 10, 1e-12);
  EXPECT_NEAR(find(72, v3, "streaming").value, 2, 1e-12);
  EXPECT_EQ(find(648.888, v3, "flight").text, "0.59% of a flight Paris-Dublin");
  EXPECT_EQ(find(0, v3, "flight").text, "0 flights Paris-Dublin");
  EXPECT_EQ(find(284'999, v3, "flight").text, "2.6 flights Paris-Dublin");
  EXPECT_EQ(find(285'000, v3, "flight").text, "50% of a flight NYC-San Francisco");
  EXPECT_EQ(find(1'155'000, v3, "flight").text, "50% of a flight NYC-Melbourne");
  EXPECT_EQ(find(2'310'000'000, v3, "flight").text, "1,000.0 flights NYC-Melbourne");
  EXPECT_EQ(find(2'310'000'000'000'000, v3, "flight").text, "1e+09 flights NYC-Melbourne");
}

}  // namespace
}  // namespace wattline::ledger
