#include "catalog/green_algorithms.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/table.h"
#include "kernel/testing.h"

namespace wattline::catalog {
namespace {

using testing::HasSubstr;

std::string message(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(GreenAlgorithms, BothVersionsAreComplete) {
  const auto v1 = GreenAlgorithms::load("v1.0"), v3 = GreenAlgorithms::load("v3.0");
  const auto count = [](const GreenAlgorithms& v, bool gpu) {
    return std::count_if(v.processors().begin(), v.processors().end(), [&](const auto& p) { return p.gpu == gpu; });
  };
  EXPECT_EQ(v1->places().size(), 122u);
  EXPECT_EQ(v3->places().size(), 131u);
  EXPECT_EQ(count(*v1, false), 70);
  EXPECT_EQ(count(*v3, false), 95);
  EXPECT_EQ(count(*v1, true), 17);
  EXPECT_EQ(count(*v3, true), 22);
  EXPECT_GE(v3->datacentres().size(), 77u);
  for (const auto& v : {v1, v3}) {
    EXPECT_EQ(v->cpu("").row->watts, 12);
    EXPECT_EQ(v->gpu("Any").row->watts, 200);
    EXPECT_EQ(v->place("").row->grams_per_kwh, 475);
    EXPECT_EQ(v->reference("memory_power").value, 0.3725);
    for (const auto& d : v->datacentres()) {
      if (d.place.empty()) continue;
      EXPECT_NO_THROW(v->place(d.place)) << d.name;
    }
  }
  EXPECT_EQ(v1->pue("Unknown").value, 1.67);
  EXPECT_EQ(v3->pue("Unknown").value, 1.56);
  EXPECT_EQ(v1->pue("gcp").value, 1.11);
  EXPECT_EQ(v3->pue("GCP").value, 1.12);
  EXPECT_EQ(v3->pue("ovhcloud").value, 1.09);
  EXPECT_THAT(message([&] { v1->pue("Oracle"); }), HasSubstr("v1.0"));
  EXPECT_EQ(v1->reference("tree_year").value, 11400);
  EXPECT_EQ(v3->reference("tree_year").value, 11000);
  EXPECT_EQ(v3->reference("flight_nyc_melbourne").value, 2'310'000);
  EXPECT_THAT(message([] { GreenAlgorithms::load("v2.0"); }), HasSubstr("v3.0"));
}

// Every figure against the tables as published.
TEST(GreenAlgorithms, EveryRowIsThePublishedOne) {
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  const auto rows = [&](const std::string& file) {
    std::ifstream in(*shared / "data/green-algorithms" / file);
    std::stringstream text;
    text << in.rdbuf();
    std::vector<std::vector<std::string>> out;
    for_each_csv_row(text.str(), ',', file, [&](std::size_t, const std::vector<std::string_view>& fields) {
      out.emplace_back(fields.begin(), fields.end());
    });
    EXPECT_GT(out.size(), 3u) << file;
    out.erase(out.begin(), out.begin() + std::min<std::ptrdiff_t>(2, std::ssize(out)));
    return out;
  };
  for (const auto& [version, folder] : {std::pair("v1.0", "v1.0/"), std::pair("v3.0", "")}) {
    const auto v = GreenAlgorithms::load(version);
    for (const auto& row : rows(std::string(folder) + "CI_aggregated.csv"))
      EXPECT_EQ(v->place(row[0]).row->grams_per_kwh, std::stod(row[4])) << row[0];
    for (const auto& row : rows(std::string(folder) + "TDP_cpu.csv")) {
      const auto match = v->cpu(row[0]);
      EXPECT_EQ(match.row->watts, std::stod(row[3])) << row[0];
      EXPECT_EQ(match.said, "") << row[0];
    }
    for (const auto& row : rows(std::string(folder) + "TDP_gpu.csv"))
      EXPECT_EQ(v->gpu(row[0]).row->watts, std::stod(row[3])) << row[0];
    for (const auto& row : rows(std::string(folder) + "defaults_PUE.csv"))
      EXPECT_EQ(v->pue(row[0]).value, std::stod(row[1])) << row[0];
  }
  const auto v3 = GreenAlgorithms::load("v3.0");
  for (const auto& row : rows("cloudProviders_datacenters.csv")) {
    const auto& d = v3->datacentre(row[0], row[1]);
    EXPECT_EQ(d.place, row[2]);
    EXPECT_EQ(d.pue, row[6].empty() ? std::nullopt : std::optional(std::stod(row[6]))) << row[1];
  }
}

TEST(GreenAlgorithms, FindsProcessorsAsMachinesNameThem) {
  const auto v = GreenAlgorithms::load("v3.0");
  const auto cpu = [&](const char* name) { return v->cpu(name).row->model; };
  EXPECT_EQ(cpu("Intel(R) Xeon(R) CPU E5-2683 v4 @ 2.10GHz"), "Xeon E5-2683 v4");
  EXPECT_EQ(cpu("AMD EPYC 7763 64-Core Processor"), "AMD EPYC 7763");
  EXPECT_EQ(cpu("epyc 7763"), "AMD EPYC 7763");
  EXPECT_EQ(cpu("Intel(R) Core(TM) i7-8700K CPU @ 3.70GHz"), "Core i7-8700K");
  EXPECT_EQ(cpu("xeon e5-2670 V2"), "Xeon E5-2670 v2");
  EXPECT_THAT(v->cpu("epyc 7763").said, HasSubstr("AMD EPYC 7763"));
  EXPECT_EQ(v->cpu("Xeon E5-2683 v4").said, "");
  EXPECT_EQ(v->gpu("Tesla V100").row->watts, 300);
  EXPECT_EQ(v->gpu("NVIDIA GeForce GTX 1080 Ti").row->model, "NVIDIA GTX 1080 Ti");
  EXPECT_EQ(v->gpu("T4").row->watts, 70);
  EXPECT_THAT(message([&] { v->gpu("A100"); }), testing::AllOf(HasSubstr("40GB"), HasSubstr("80GB")));
  // Another generation of a listed chip is another chip.
  EXPECT_THAT(message([&] { v->cpu("Xeon E5-2665 v9"); }), testing::AllOf(HasSubstr("unknown"), HasSubstr("Any")));
  EXPECT_THAT(message([&] { v->cpu("Motorola 68000"); }), HasSubstr("12 W"));
  EXPECT_THAT(message([&] { v->cpu("@"); }), HasSubstr("unknown"));
}

TEST(GreenAlgorithms, FindsPlaces) {
  const auto v = GreenAlgorithms::load("v3.0");
  const auto code = [&](const char* name) { return v->place(name).row->code; };
  EXPECT_EQ(code("FR"), "FR");
  EXPECT_EQ(code("us-ca"), "US-CA");
  EXPECT_EQ(code("france"), "FR");
  EXPECT_EQ(code("Quebec"), "CA-QC");
  EXPECT_EQ(code("United States"), "US");
  EXPECT_EQ(code("world"), "WORLD");
  EXPECT_EQ(v->place("FR").said, "");
  EXPECT_THAT(v->place("United States").said, HasSubstr("United States of America"));
  EXPECT_THAT(message([&] { v->place("Frnce"); }), testing::AllOf(HasSubstr("France"), HasSubstr("--place WORLD")));
  EXPECT_THAT(message([&] { v->place("Hong Kong"); }), HasSubstr("CN-HK2"));
}

TEST(GreenAlgorithms, OverridesReplaceAFile) {
  tests::ScratchDir dir;
  const auto write = [&](const char* row) {
    std::ofstream(dir.path() / "green_algorithms_places.csv")
        << "version,code,continent,country,region,intensity_g_per_kwh,kind,source\n"
        << row << "\n";
  };
  write("v3.0,XX,Nowhere,Utopia,,3.5,country,me");
  EXPECT_EQ(GreenAlgorithms::load("v3.0", dir.path())->place("Utopia").row->grams_per_kwh, 3.5);
  write("v3.0,XX,Nowhere,Utopia,,green,country,me");
  EXPECT_THAT(message([&] { GreenAlgorithms::load("v3.0", dir.path()); }), HasSubstr("green_algorithms_places.csv:2"));
  write("v3.0,XX,Nowhere");
  EXPECT_THAT(message([&] { GreenAlgorithms::load("v3.0", dir.path()); }), HasSubstr("columns"));
}

}  // namespace
}  // namespace wattline::catalog
