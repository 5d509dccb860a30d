#include "ledger/emulate/emulate.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "ledger/emulate/formulas.h"
#include "ledger/project/model.h"

namespace wattline::ledger {
namespace {

using ::testing::HasSubstr;

const catalog::Catalog& rows() {
  static const auto all = catalog::Catalog::load();
  return *all;
}
EmulateOptions job() {
  EmulateOptions o;
  o.job.runtime = 12 * units::hour;
  o.job.cores = 12;
  o.job.cpu = "Xeon E5-2683 v4";
  o.job.memory = 64 * units::GB;
  return o;
}
std::vector<Emulation> all_of(const EmulateOptions& o) {
  Result out;
  return emulate_all(o, rows(), out);
}
Emulation tool(const EmulateOptions& o, std::string_view name, std::string_view version = {}) {
  for (auto& e : all_of(o))
    if (e.tool == name && (version.empty() || e.version == version)) return e;
  throw bad_input("no such tool");
}

TEST(CodeCarbonFormulas, ModulesAreGuessedFromTheSize) {
  const std::pair<double, int> cases[] = {{1, 1},   {2, 1},   {8, 2},    {16, 2},    {64, 4},
                                          {128, 8}, {256, 8}, {1024, 8}, {2048, 16}, {9000, 32}};
  for (const auto& [gb, modules] : cases) EXPECT_EQ(guessed_modules(gb), modules) << gb;
}

TEST(CodeCarbonFormulas, FurtherModulesDrawLessAndThereIsALeastPower) {
  EXPECT_DOUBLE_EQ(codecarbon_memory_watts(rows(), 2), 10) << "one module is 5 W, at least 10";
  EXPECT_DOUBLE_EQ(codecarbon_memory_watts(rows(), 64), 20);
  EXPECT_DOUBLE_EQ(codecarbon_memory_watts(rows(), 128), 38);
  EXPECT_DOUBLE_EQ(codecarbon_memory_watts(rows(), 2048), 70);
  EXPECT_DOUBLE_EQ(codecarbon_memory_watts(rows(), 1e6), 38 + 32 + 16 * 3.5) << "32 modules at most";
}

TEST(CodeCarbonFormulas, LoadAndConstantMode) {
  EXPECT_DOUBLE_EQ(codecarbon_load_watts(rows(), 100, 0), 10);
  EXPECT_DOUBLE_EQ(codecarbon_load_watts(rows(), 100, 1), 100);
  EXPECT_DOUBLE_EQ(codecarbon_load_watts(rows(), 100, 0.5), 21.25);
  EXPECT_DOUBLE_EQ(codecarbon_constant_watts(rows(), 120), 60);
}

// The tool's own examples: 1 kWh in France, 0.3 kWh in the US and in Illinois.
TEST(CodeCarbonFormulas, ExamplesOfElectricity) {
  const auto grams = [](const char* place) {
    auto o = job();
    o.site.place = place;
    return tool(o, "CodeCarbon load mode").grams_per_kwh;
  };
  EXPECT_NEAR(grams("FR") / 1000, 0.05604, 5e-6);
  EXPECT_NEAR(0.3 * grams("US") / 1000, 0.111, 5e-4);
  EXPECT_NEAR(0.3 * grams("US-IL") / 1000, 0.110, 5e-4);
  EXPECT_DOUBLE_EQ(grams(""), 475);
}

TEST(CodeCarbonFormulas, AnUnnamedProcessorIsTakenByTheThread) {
  auto o = job();
  o.job.cpu = {};
  EXPECT_DOUBLE_EQ(tool(o, "CodeCarbon constant mode").cpu_watts, 0.5 * 24 * 4);
}

// The trap of the tool: its table of cloud regions holds Google's alone.
TEST(CodeCarbonFormulas, OtherCloudsFallToTheWorldAverage) {
  auto o = job();
  o.site.place = "FR";
  o.site.region = "gcp/europe-west9";
  EXPECT_DOUBLE_EQ(tool(o, "CodeCarbon load mode").grams_per_kwh, 34);
  o.site.region = "aws/eu-west-3";
  const Emulation e = tool(o, "CodeCarbon load mode");
  EXPECT_DOUBLE_EQ(e.grams_per_kwh, 475);
  EXPECT_THAT(e.note, HasSubstr("without a word"));
}

TEST(GreenAlgorithmsTool, GivesTheCalculatorsFigures) {
  const auto o = job();
  const Emulation e = tool(o, "Green Algorithms", "v3.0");
  EXPECT_NEAR(e.kwh / e.pue, 1.36608, 1e-9);
  EXPECT_DOUBLE_EQ(e.pue, 1.56);
  EXPECT_DOUBLE_EQ(tool(o, "Green Algorithms", "v1.0").pue, 1.67);
}

// Written out by hand from the formula: 70e9 parameters, 100 tokens.
TEST(EcoLogitsFormulas, ARequestByHand) {
  const auto r = ecologits_request(rows(), {100, 70, 70, {}}, 1.2);
  EXPECT_EQ(r.gpus, 4) << "168 GB need 3 GPUs of 80 GB: 4";
  const double latency = 6.785088e-4 * 70 + 3.119310e-4 * 64 + 0.019473718;
  EXPECT_NEAR(r.seconds, 100 * latency, 1e-12);
  const double gpu = 100 * (1.1665273e-6 * std::exp(-0.011205921 * 64) * 70 + 4.0529281e-5) / 1000;
  const double server = 100 * latency / 3600 * 1.2 * 4 / 8 / 64;
  EXPECT_NEAR(r.kwh, 1.2 * (server + 4 * gpu), 1e-15);
  EXPECT_NEAR(r.embodied_kg, 100 * latency / (3 * 365.25 * 86400 * 64) * (0.5 * 5700 + 4 * 164), 1e-15);
}

TEST(EcoLogitsFormulas, AShorterMeasuredTimeCountsALongerDoesNot) {
  const auto plain = ecologits_request(rows(), {100, 8, 8, {}}, 1);
  EXPECT_LT(ecologits_request(rows(), {100, 8, 8, plain.seconds / 2}, 1).kwh, plain.kwh);
  EXPECT_EQ(ecologits_request(rows(), {100, 8, 8, plain.seconds * 2}, 1).kwh, plain.kwh);
  EXPECT_EQ(ecologits_request(rows(), {0, 8, 8, {}}, 1).kwh, 0);
  EXPECT_EQ(ecologits_request(rows(), {1, 1, 1, {}}, 1).gpus, 1);
}

TEST(EcoLogitsFormulas, TheCodeCountsPueTwice) {
  const auto r = ecologits_request(rows(), {100, 8, 8, {}}, 1.2);
  const auto w = ecologits_water(r, 1.2, 0.5, 3);
  EXPECT_NEAR(w.coded / w.documented, 1.2, 1e-12);
  EXPECT_NEAR(w.documented, r.kwh / 1.2 * (0.5 + 1.2 * 3), 1e-15);
}

TEST(CloudCarbonFootprintFormulas, ThreadsAndServer) {
  EXPECT_DOUBLE_EQ(ccf_thread_watts(1, 3, 0.5), 2);
  EXPECT_DOUBLE_EQ(ccf_server_kg(rows(), 16, 0, 0), 1000);
  EXPECT_NEAR(ccf_server_kg(rows(), 400, 1, 2), 1000 + 533 + 100 + 300, 0.1);
  EXPECT_DOUBLE_EQ(ccf_server_kg(rows(), 4, 0, 0), 1000) << "less memory is no credit";
}

TEST(SciFormula, IsThatOfTheStandard) {
  EXPECT_DOUBLE_EQ(sci_grams(2, 100, 50, 10), 25);
  EXPECT_DOUBLE_EQ(sci_embodied_share(1, 100, 0.5), 0.005);
}

TEST(MlCo2, IsHoursTimesDesignPowerTimesPlace) {
  auto o = job();
  o.job.gpus = 2;
  o.job.gpu = "Tesla V100-SXM2-32GB";
  o.site.place = "FR";
  const Emulation e = tool(o, "ML CO2 Impact");
  ASSERT_TRUE(e.applies()) << e.why_not;
  EXPECT_NEAR(e.kwh, 12 * 2 * 0.3, 1e-12);
  EXPECT_NEAR(e.grams(), e.kwh * 56.04, 1e-6);
  o.job.gpu = "H100";
  EXPECT_THAT(tool(o, "ML CO2 Impact").why_not, HasSubstr("H100"));
}

TEST(Emulate, CausesAddUpToTheDifference) {
  for (const char* place : {"", "FR", "US-IL", "DE"})
    for (const double gpus : {0.0, 4.0}) {
      auto o = job();
      o.site.place = place;
      o.job.gpus = gpus;
      o.job.gpu = "Tesla V100";
      o.job.load = 0.3;
      o.llm.tokens = 1000;
      o.llm.parameters = 70;
      const auto all = all_of(o);
      for (const auto& a : all)
        for (const auto& b : all) {
          if (!a.applies() || !b.applies()) continue;
          double sum = 0;
          for (const auto& c : causes(a, b)) sum += c.grams;
          EXPECT_NEAR(sum, b.grams() - a.grams(), 1e-9 * (a.grams() + b.grams())) << a.tool << " to " << b.tool;
        }
    }
}

TEST(Emulate, OneIntensityForAllLeavesOnlyTheOtherCauses) {
  auto o = job();
  o.site.intensity = 100 * units::gCO2e_per_kWh;
  for (const auto& e : all_of(o))
    if (e.applies()) {
      EXPECT_DOUBLE_EQ(e.grams_per_kwh, 100) << e.tool;
    }
}

TEST(Emulate, ATokenJobIsForEcoLogitsAlone) {
  EmulateOptions o;
  o.llm.tokens = 100;
  o.llm.model = "gpt-4o";
  o.llm.provider = "openai";
  o.site.place = "US";
  int n = 0;
  for (const auto& e : all_of(o)) n += e.applies();
  EXPECT_EQ(n, 1);
  const Emulation e = tool(o, "EcoLogits");
  ASSERT_TRUE(e.applies()) << e.why_not;
  EXPECT_NEAR(e.grams_per_kwh, 383.55, 1e-9);
  ASSERT_TRUE(e.kwh_interval) << "the size of a closed model is a range";
  EXPECT_LT(e.kwh_interval->low, e.kwh);
  EXPECT_GT(e.kwh_interval->high, e.kwh);
}

TEST(Emulate, CloudRegionsAndArchitectures) {
  auto o = job();
  o.site.region = "aws/us-east-1";
  o.site.architecture = "haswell";
  o.job.load = 1;
  const Emulation e = tool(o, "Cloud Carbon Footprint");
  ASSERT_TRUE(e.applies()) << e.why_not;
  EXPECT_NEAR(e.grams_per_kwh, 415.755, 1e-9);
  EXPECT_NEAR(e.cpu_watts, 24 * 5.5954, 1e-3) << "busy";
  EXPECT_EQ(tool(o, "Green Algorithms").cpu_watts, 90);
  o.job.load = {};
  EXPECT_NEAR(tool(o, "Cloud Carbon Footprint").cpu_watts, 24 * (1.8574 + 5.5954) / 2, 1e-3)
      << "half use where none is given";
  o.site.region = "aws/us-east-9";
  EXPECT_THAT(tool(o, "Cloud Carbon Footprint").why_not, HasSubstr("us-east-1"));
  o.site.region = "ibm/x";
  EXPECT_FALSE(tool(o, "Cloud Carbon Footprint").applies());
  o.site.region = "aws/us-east-1";
  o.site.architecture = "Abacus";
  EXPECT_THAT(tool(o, "Cloud Carbon Footprint").why_not, HasSubstr("Abacus"));
}

TEST(Emulate, WhatCannotBeAsked) {
  Context context;
  context.provide(catalog::Catalog::load());
  EXPECT_THROW(emulate({}, context), Error) << "no job";
  auto o = job();
  o.site.place = "Frnce";
  EXPECT_THROW(emulate(o, context), Error);
  o = job();
  o.llm.tokens = 5;
  o.llm.model = "no such model";
  EXPECT_THROW(emulate(o, context), Error);
  o.llm.model = {};
  o.llm.parameters = 7;
  o.llm.active = 70;
  EXPECT_THROW(emulate(o, context), Error) << "more active than there are";
  o.llm.active = {};
  o.llm.provider = "nobody";
  EXPECT_THROW(emulate(o, context), Error);
}

TEST(Emulate, AnUnknownGpuIsNoGpuOfNoPower) {
  auto o = job();
  o.job.gpus = 2;
  o.job.gpu = "Voodoo 2";
  for (const auto& e : all_of(o))
    if (e.applies()) {
      EXPECT_EQ(e.tool, "Cloud Carbon Footprint") << "which counts none and says so";
      EXPECT_THAT(e.leaves_out, HasSubstr("GPUs"));
    }
  o.job.gpu_tdp = Power(100);
  EXPECT_DOUBLE_EQ(tool(o, "CodeCarbon load mode").gpu_watts, 200);
}

TEST(Emulate, AnUnknownProcessorLeavesNoHalfFigures) {
  auto o = job();
  o.job.cpu = "Zilog Z80";
  for (const auto& e : all_of(o)) {
    if (e.tool == "Cloud Carbon Footprint" || e.tool == "ML CO2 Impact") continue;
    EXPECT_FALSE(e.applies()) << e.tool;
  }
}

}  // namespace
}  // namespace wattline::ledger
