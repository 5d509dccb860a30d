#include "catalog/catalog.h"

#include <fstream>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"

namespace wattline::catalog {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string message(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

const Catalog& embedded() {
  static const auto catalog = Catalog::load();
  return *catalog;
}

TEST(Names, KeysDropWhatPeopleAndDriversAdd) {
  EXPECT_EQ(name_key("Côte d'Ivoire"), "côtedivoire");
  EXPECT_EQ(name_key("meta-llama/Llama-3.1-8B"), "metallamallama318b");
  EXPECT_EQ(name_key(" \t-"), "");
  EXPECT_EQ(device_key("AMD EPYC 7763 64-Core Processor"), "epyc7763");
  EXPECT_EQ(device_key("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz"), "xeone52680v4");
  EXPECT_EQ(device_key("11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz"), "corei71165g7");
  EXPECT_EQ(device_key("AMD Ryzen 9 7950X 16-Core Processor"), "ryzen97950x");
  EXPECT_EQ(device_key("NVIDIA GeForce RTX 4090"), "rtx4090");
  EXPECT_EQ(device_key("Tesla T4"), "t4");
  EXPECT_EQ(device_key("Intel(R) CPU"), "");
  EXPECT_EQ(device_key("core core 8 core"), "corecore");
}

TEST(Lookup, DevicesAsMachinesNameThem) {
  const auto name = [](const char* said) { return embedded().device(said).name; };
  EXPECT_EQ(name("NVIDIA H100 80GB HBM3"), "NVIDIA H100 SXM");
  EXPECT_EQ(name("NVIDIA A100-SXM4-80GB"), "NVIDIA A100 SXM 80GB");
  EXPECT_EQ(name("NVIDIA A100 80GB PCIe"), "NVIDIA A100 PCIe 80GB");
  EXPECT_EQ(name("Tesla V100-SXM2-16GB"), "NVIDIA V100 SXM2 16GB");
  EXPECT_EQ(name("NVIDIA GeForce RTX 3090"), "NVIDIA GeForce RTX 3090");
  EXPECT_EQ(name("rtx 3090"), "NVIDIA GeForce RTX 3090");
  EXPECT_EQ(name("AMD EPYC 7763 64-Core Processor"), "AMD EPYC 7763");
  EXPECT_EQ(name("Intel(R) Xeon(R) Platinum 8480+"), "Intel Xeon Platinum 8480+");
  EXPECT_EQ(name("Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz"), "Intel Xeon Platinum 8259CL");
  EXPECT_EQ(name("Apple M1"), "Apple M1");
}

TEST(Lookup, WhatIsNotThereIsAnErrorThatNamesTheNearest) {
  // Another memory or form factor is another device, so the bare name of a family is none.
  EXPECT_THAT(message([] { embedded().device("A100"); }),
              AllOf(HasSubstr("unknown device 'A100'"), HasSubstr("A100 SXM")));
  EXPECT_THAT(message([] { embedded().device("RTX 3090 Laptop GPU"); }), HasSubstr("unknown device"));
  EXPECT_EQ(embedded().find_device("Intel(R) CPU @ 2.60GHz"), nullptr);
  EXPECT_EQ(embedded().find_device(""), nullptr);
  EXPECT_EQ(embedded().find_model(""), nullptr);
  EXPECT_EQ(embedded().find_region(""), nullptr);
  EXPECT_EQ(embedded().find_region("/"), nullptr);
  EXPECT_EQ(embedded().find_place("..."), nullptr);
  EXPECT_THAT(message([] { embedded().place("Frnce"); }),
              AllOf(HasSubstr("unknown place 'Frnce'"), HasSubstr("'France'"), HasSubstr("wattline catalog places")));
  EXPECT_THAT(message([] { embedded().place("gcp/europe-west99"); }),
              AllOf(HasSubstr("region"), HasSubstr("gcp/europe-west9")));
  EXPECT_THAT(message([] { embedded().place("europe-west9"); }), HasSubstr("gcp/europe-west9"));
  EXPECT_THAT(message([] { embedded().model("lama-3.1-8b"); }), HasSubstr("'llama-3.1-8b'"));
  EXPECT_THAT(message([] { embedded().factor("pue.defult"); }), HasSubstr("'pue.default'"));
  EXPECT_THAT(message([] { embedded().region("gcp-europe-west9"); }), HasSubstr("gcp/europe-west9"));
  try {
    embedded().device(std::string(100'000, 'x'));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::not_found);
    EXPECT_LT(std::string(e.what()).size(), 1000u);
  }
}

TEST(Lookup, PlacesByCodeNameAliasAndRegion) {
  const auto code = [](const char* said) { return embedded().place(said).code; };
  EXPECT_EQ(code(""), "WORLD");
  EXPECT_EQ(code("FR"), "FR");
  EXPECT_EQ(code("fra"), "FR");
  EXPECT_EQ(code("France"), "FR");
  EXPECT_EQ(code("gcp/europe-west9"), "FR");
  EXPECT_EQ(code("GCP/Europe-West9"), "FR");
  EXPECT_EQ(code("California, United States"), "US-CA");
  EXPECT_EQ(code("UAE"), "AE");
}

TEST(Lookup, ModelsByTheNamesOfHubsAndProviders) {
  const auto name = [](const char* said) { return embedded().model(said).name; };
  EXPECT_EQ(name("meta-llama/Llama-3.1-8B-Instruct"), "llama-3.1-8b");
  EXPECT_EQ(name("llama3.1:8b"), "llama-3.1-8b");
  EXPECT_EQ(name("Qwen/Qwen2.5-7B-Instruct"), "qwen2.5-7b");
  EXPECT_EQ(name("gpt-4o-2024-08-06"), "gpt-4o");
}

TEST(Use, SaysIdValueSourceAndLicence) {
  const FactorUse carbon = use_carbon(embedded().place("FR"));
  EXPECT_EQ(carbon.id, "grid.FR." + std::to_string(embedded().place("FR").origin.year));
  EXPECT_THAT(carbon.value, AllOf(HasSubstr("gCO2e/kWh"), HasSubstr("..")));
  EXPECT_FALSE(carbon.source.empty());
  EXPECT_FALSE(carbon.licence.empty());
  // The error of the estimate is that factor's, so results can tell what they share.
  EXPECT_TRUE(embedded().place("FR").carbon_intensity.raw().by_factor().contains(carbon.id));
  const FactorUse water = use_water(embedded().place("FR"));
  EXPECT_TRUE(embedded().place("FR").water_intensity->raw().by_factor().contains(water.id));
  const FactorUse own = use_carbon(embedded().region("gcp/europe-west9"));
  EXPECT_THAT(own.id, HasSubstr("gcp/europe-west9"));
  EXPECT_THAT(use(embedded().device("H100 SXM")).value, AllOf(HasSubstr("700 W"), HasSubstr("80 GiB")));
  EXPECT_THAT(use(embedded().device("Apple M1")).value, HasSubstr("not published"));
  EXPECT_THAT(use(embedded().model("gpt-4o")).value, HasSubstr(".."));
  Place dry = embedded().place("FR");
  dry.water_intensity.reset();
  EXPECT_THAT(message([&] { use_water(dry); }), HasSubstr("--water-intensity"));
  EXPECT_THAT(message([&] { use_carbon(Region{}); }), HasSubstr("no carbon intensity"));
}

TEST(Factors, EstimateIsInBaseUnitsAndTheFactorsOwn) {
  Factor f;
  f.id = "test.memory";
  f.value = 0.4;
  f.interval = {0.3, 0.6};
  f.unit = "W/GB";
  f.origin.source = "a table";
  const RawEstimate e = f.estimate();
  EXPECT_DOUBLE_EQ(e.value(), 0.4e-9);
  EXPECT_NEAR(e.sd(), 0.2e-9 / 1.96, 1e-15);  // the wider side
  EXPECT_EQ(e.independent_sd(), 0);
  EXPECT_TRUE(e.by_factor().contains("test.memory"));
  EXPECT_EQ(f.use().value, "0.4 W/GB (0.3 .. 0.6)");
  f.interval = {0.4, 0.4};
  EXPECT_EQ(f.estimate().sd(), 0);
  EXPECT_EQ(f.use().value, "0.4 W/GB");
}

TEST(Version, ChangesWithTheRows) {
  const std::string plain = embedded().version();
  EXPECT_TRUE(std::regex_match(plain, std::regex("20[0-9]{2}-[0-9]{2}-[0-9]{2}-[0-9a-f]{6}"))) << plain;
  EXPECT_EQ(Catalog::load()->version(), plain);
  tests::ScratchDir dir;
  EXPECT_EQ(Catalog::load(dir.path())->version(), plain);
  const auto with = [&](const char* row) {
    std::ofstream(dir.path() / "factors.csv") << "id,value,low,high,year,source\n" << row << "\n";
    return Catalog::load(dir.path())->version();
  };
  const std::string one = with("pue.default,1.2,1.1,1.3,2026,us"), two = with("pue.default,1.3,1.1,1.4,2026,us");
  EXPECT_THAT(one, testing::StartsWith(plain + "+"));
  EXPECT_EQ(one.size(), plain.size() + 7);
  EXPECT_NE(one, two);
  EXPECT_EQ(one, with("pue.default,1.2,1.1,1.3,2026,us"));
}

TEST(Files, AreTheOverridesFirst) {
  EXPECT_THAT(std::string(embedded().file("green_algorithms_versions.csv")), HasSubstr("v3.0"));
  EXPECT_THAT(message([] { embedded().file("nothing.csv"); }), HasSubstr("nothing.csv"));
  EXPECT_THAT(message([] { embedded().file("../places.csv"); }), HasSubstr("no catalog file"));
  tests::ScratchDir dir;
  std::ofstream(dir.path() / "green_algorithms_versions.csv") << "version,year,source,licence\nv3.0,2024,mine,mine\n";
  EXPECT_THAT(std::string(Catalog::load(dir.path())->file("green_algorithms_versions.csv")), HasSubstr("mine"));
}

}  // namespace
}  // namespace wattline::catalog
