#include "meter/agent/exposition.h"

#include <set>

#include <gtest/gtest.h>

#include "meter/agent/fixture.h"

namespace wattline::meter {
namespace {

Published published(double seconds = 10) {
  Publisher p({}, "node7", "run1");
  return *p.publish(tests::snapshot_at(seconds), {.cpu_seconds = 0.25, .resident_bytes = 9000000}, Duration(1));
}

bool has(const std::string& text, std::string_view line) {
  return ("\n" + text).find("\n" + std::string(line) + "\n") != std::string::npos;
}

TEST(Exposition, TellsComponentsIdleAndConsumers) {
  const auto text = exposition(published(), Exposition::text, {3, 1, 0});
  for (
      const char* line : {
          R"(wattline_node_energy_joules_total{component="package-0",domain="cpu",method="measured",source="rapl"} 400)",
          R"(wattline_node_contained_energy_joules_total{component="psys",domain="platform",method="measured",source="rapl"} 600)",
          R"(wattline_node_idle_energy_joules_total{domain="cpu",method="measured"} 200)",
          R"(wattline_node_power_watts{component="package-0",domain="cpu",method="measured",source="rapl"} 40)",
          R"(wattline_process_energy_joules_total{process="train",domain="cpu",pid="71",container="5f2c"} 150)",
          R"-(wattline_process_energy_joules_total{process="(other)",domain="cpu",pid="0",container=""} 0)-",
          R"(wattline_user_energy_joules_total{user="ada",domain="cpu"} 150)",
          R"(wattline_node_missing_seconds_total 0)",
          R"(wattline_agent_cpu_seconds_total 0.25)",
          R"(wattline_agent_resident_bytes 9e+06)",
          R"(wattline_agent_requests_total{result="answered"} 3)",
      })
    EXPECT_TRUE(has(text, line)) << line << "\n" << text;
  EXPECT_EQ(text.find("# EOF"), std::string::npos);
  EXPECT_EQ(text.find("wattline_container_energy"), std::string::npos) << "a level that is not there has no metric";
}

TEST(Exposition, ProcessesOnSeveralBoardsAndJobsHaveSeriesOfTheirOwn) {
  Publisher p({}, "node7", "run1");
  auto s = tests::snapshot_at(10);
  s.consumers = {tests::consumer(Level::gpu_process, "train", 71, 0),
                 tests::consumer(Level::gpu_process, "train", 71, 0), tests::consumer(Level::job, "4711", 0, 30),
                 tests::consumer(Level::service, "nginx.service", 0, 20)};
  for (int i = 0; i < 2; ++i) {
    s.consumers[i].detail = "gpu-" + std::to_string(i);
    s.consumers[i].joules[static_cast<std::size_t>(Domain::gpu)] = 10 + i;
  }
  const auto text = exposition(*p.publish(s, {}, Duration(1)), Exposition::text);
  EXPECT_TRUE(has(
      text, R"(wattline_gpu_process_energy_joules_total{gpu_process="train",domain="gpu",pid="71",gpu="gpu-0"} 10)"))
      << text;
  EXPECT_TRUE(has(
      text, R"(wattline_gpu_process_energy_joules_total{gpu_process="train",domain="gpu",pid="71",gpu="gpu-1"} 11)"));
  EXPECT_TRUE(has(text, R"(wattline_job_energy_joules_total{job_id="4711",domain="cpu"} 30)"))
      << "a label job would be the scraper's own";
  EXPECT_TRUE(has(text, R"(wattline_service_energy_joules_total{unit="nginx.service",domain="cpu"} 20)")) << text;
}

TEST(Exposition, WhatContainsOthersIsNotAmongThePowersThatAddUp) {
  const auto text = exposition(published(), Exposition::text);
  EXPECT_EQ(text.find("wattline_node_power_watts{component=\"psys\""), std::string::npos);
  EXPECT_TRUE(has(
      text,
      R"(wattline_node_contained_power_watts{component="psys",domain="platform",method="measured",source="rapl"} 40)"));
}

// What a scraper's parser would stumble over: twice the same family or series, samples outside their family.
TEST(Exposition, EveryFamilyAndEverySeriesStandsOnce) {
  for (const auto form : {Exposition::text, Exposition::open_metrics}) {
    const auto text = exposition(published(), form);
    std::set<std::string> families, series;
    std::string family;
    std::size_t samples = 0;
    for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      ASSERT_NE(end, std::string::npos);
      const std::string line = text.substr(at, end - at);
      at = end + 1;
      if (line == "# EOF") {
        EXPECT_EQ(at, text.size());
        continue;
      }
      if (line.starts_with("# TYPE ")) {
        family = line.substr(7, line.find(' ', 7) - 7);
        EXPECT_TRUE(families.insert(family).second) << line;
        if (form == Exposition::open_metrics) {
          EXPECT_FALSE(family.ends_with("_total")) << line;
        }
        continue;
      }
      if (line.starts_with('#')) continue;
      ++samples;
      EXPECT_TRUE(line.starts_with(family)) << line << " in " << family;
      EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
    }
    EXPECT_GT(samples, 25u);
  }
}

TEST(Exposition, OpenMetricsDeclaresUnitsAndEnds) {
  const auto text = exposition(published(), Exposition::open_metrics);
  EXPECT_TRUE(has(text, "# TYPE wattline_node_energy_joules counter")) << text;
  EXPECT_TRUE(has(text, "# UNIT wattline_node_energy_joules joules"));
  EXPECT_TRUE(has(text, "# TYPE wattline_agent info"));
  EXPECT_TRUE(text.ends_with("# EOF\n"));
}

TEST(Exposition, IsChosenByTheAcceptHeader) {
  EXPECT_EQ(accepted_exposition(""), Exposition::text);
  EXPECT_EQ(accepted_exposition("text/plain;version=0.0.4"), Exposition::text);
  EXPECT_EQ(accepted_exposition("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"),
            Exposition::open_metrics);
}

TEST(Exposition, NamesOfProcessesCannotBreakOut) {
  auto p = published();
  p.seen.consumers[0].name = "a\"} 1\nevil{x=\"\\\xff\t";
  const auto text = exposition(p, Exposition::text);
  EXPECT_NE(text.find(R"(process="a\"} 1\nevil{x=\"\\)"
                      "\xEF\xBF\xBD \""),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("\nevil"), std::string::npos);
}

TEST(Exposition, WhatIsNotReadIsNoZero) {
  auto p = published();
  p.seen.components[0].watts = std::nan("");
  p.seen.components[0].trouble = "permission denied";
  const auto text = exposition(p, Exposition::text);
  EXPECT_TRUE(has(
      text, R"(wattline_node_power_watts{component="package-0",domain="cpu",method="measured",source="rapl"} NaN)"));
  EXPECT_TRUE(has(text, R"(wattline_node_component_up{component="package-0",domain="cpu"} 0)"));
}

}  // namespace
}  // namespace wattline::meter
