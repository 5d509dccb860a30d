#include "physics/processor_power.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <sstream>

#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/table.h"
#include "kernel/testing.h"

namespace wattline::physics {
namespace {

const catalog::Catalog& known() {
  static const auto catalog = catalog::Catalog::load();
  return *catalog;
}
catalog::Device processor(double tdp, int cores) {
  catalog::Device d;
  d.name = "a processor";
  d.kind = catalog::DeviceKind::cpu;
  d.board_power = Power(tdp);
  d.cores = cores;
  return d;
}

TEST(processor_power, rises_from_idle_to_full_and_never_falls) {
  const ProcessorPower p = processor_power(processor(100, 16), known());
  EXPECT_EQ(p.at(0).value(), p.idle.value());
  EXPECT_EQ(p.at(1).value(), p.full.value());
  double before = 0;
  for (int i = 0; i <= 100; ++i) {
    const Estimate<Power> e = p.at(i / 100.0);
    EXPECT_GE(e.value().base(), before) << i;
    EXPECT_GT(e.low().base(), 0) << i;
    EXPECT_EQ(e.method(), Method::modelled);
    before = e.value().base();
  }
  // The first core costs more than the last.
  EXPECT_GT((p.at(1 / 16.0).value() - p.at(0).value()).base(), (p.at(1).value() - p.at(15 / 16.0).value()).base());
}

TEST(processor_power, loads_out_of_range_are_the_nearest_bound) {
  const ProcessorPower p = processor_power(processor(100, 4), known());
  EXPECT_EQ(p.at(-0.5).value(), p.idle.value());
  EXPECT_EQ(p.at(1.7).value(), p.full.value());
  EXPECT_EQ(p.at(std::numeric_limits<double>::quiet_NaN()).value(), p.idle.value());
  EXPECT_EQ(p.at(std::numeric_limits<double>::infinity()).value(), p.full.value());
}

TEST(processor_power, takes_the_idle_power_that_is_known) {
  catalog::Device d = processor(100, 4);
  EXPECT_EQ(processor_power(d, known()).warnings.size(), 1u);
  d.idle_power = Power(9);
  const ProcessorPower p = processor_power(d, known());
  EXPECT_EQ(p.idle.value().base(), 9);
  EXPECT_TRUE(p.warnings.empty());
  EXPECT_GE(p.factors.size(), 3u);
}

TEST(processor_power, all_cores_for_a_second_cost_the_full_power) {
  const ProcessorPower p = processor_power(processor(120, 12), known());
  const Estimate<Energy> e = energy_of_cpu_time(p, 12, Duration(12));
  EXPECT_NEAR(e.value().base(), p.full.value().base(), 1e-9);
  EXPECT_NEAR(e.sd().base(), p.full.sd().base(), p.full.sd().base() * 0.01);
}

TEST(processor_power, cpu_time_costs_between_the_share_and_the_step_of_a_core) {
  const ProcessorPower p = processor_power(processor(120, 12), known());
  const double share = p.full.value().base() / 12;
  const double step = (p.at(1 / 12.0).value() - p.idle.value()).base() + p.idle.value().base() / 12;
  const Estimate<Energy> e = energy_of_cpu_time(p, 1, Duration(1));
  EXPECT_GT(e.value().base(), share);
  EXPECT_LT(e.value().base(), step);
  EXPECT_LT(e.low().base(), share);
  EXPECT_GT(e.high().base(), step);
  EXPECT_GT(e.low().base(), 0);
  // In proportion to the time, the interval too: thousands of pieces do not become falsely certain.
  Estimate<Energy> sum;
  for (int i = 0; i < 1000; ++i) sum += energy_of_cpu_time(p, 1, Duration(0.001));
  EXPECT_NEAR(sum.value().base(), e.value().base(), 1e-6);
  EXPECT_NEAR(sum.sd().base() / e.sd().base(), 1, 0.02);
}

TEST(processor_power, odd_cores_and_times) {
  const ProcessorPower p = processor_power(processor(120, 12), known());
  EXPECT_EQ(energy_of_cpu_time(p, 0, Duration(1)).value(), energy_of_cpu_time(p, 1, Duration(1)).value());
  EXPECT_EQ(energy_of_cpu_time(p, 500, Duration(1)).value(), energy_of_cpu_time(p, 12, Duration(1)).value());
  EXPECT_EQ(energy_of_cpu_time(p, 1, Duration(-3)).value().base(), 0);
  EXPECT_EQ(energy_of_cpu_time(p, 1, Duration(std::nan(""))).value().base(), 0);
  EXPECT_EQ(energy_of_cpu_time(ProcessorPower{}, 1, Duration(1)).value().base(), 0);
  const ProcessorPower single = processor_power(processor(15, 1), known());
  EXPECT_NEAR(energy_of_cpu_time(single, 1, Duration(2)).value().base(), 2 * single.full.value().base(), 1e-9);
}

TEST(processor_power, refuses_what_is_no_processor) {
  EXPECT_THROW(processor_power(processor(0, 4), known()), Error);
  EXPECT_THROW(processor_power(processor(std::nan(""), 4), known()), Error);
  EXPECT_THROW(processor_power(processor(100, 0), known()), Error);
  try {
    processor_power(known().device("NVIDIA H100 SXM"), known());
    FAIL() << "a GPU was taken for a processor";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::bad_input);
    EXPECT_NE(e.message().find("H100"), std::string::npos);
  }
}

TEST(processor_power, of_memory_by_size) {
  const Estimate<Power> p = memory_power(Bytes(64e9), known());
  EXPECT_NEAR(p.value().base(), 64 * known().factor("physics.memory.power").value, 1e-6);
  EXPECT_LT(p.low().base(), 6);  // a module of 64 GB takes about 5 W
  EXPECT_GT(p.high().base(), 64 * 0.3725);  // what the Green Algorithms calculator takes
  EXPECT_EQ(memory_power(Bytes(0), known()).value().base(), 0);
  EXPECT_THROW(memory_power(Bytes(-1), known()), Error);
  EXPECT_THROW(memory_power(Bytes(std::nan("")), known()), Error);
}

// Three servers, measured by their counters step by step. The second session of the Xeon E3 added two
// zones (91 W on a part of 69 W); it is left out for that reason.
TEST(processor_power, interval_covers_measured_servers) {
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  const std::string rapl = "data/cpu-load-rapl/compare_cpu_load_and_RAPL-";
  const std::vector<std::pair<std::string, std::pair<double, int>>> sessions = {
      {rapl + "all_cores-AMD_EPYC_8024P_8-Core_Processor-2025-01-14.csv", {90, 8}},
      {rapl + "some_cores-AMD_EPYC_8024P_8-Core_Processor-2025-01-14.csv", {90, 8}},
      {rapl + "all_cores-Intel(R)_Xeon(R)_CPU_E5-2620_v3_@_2.40GHz-2025-01-14.csv", {170, 12}},
      {rapl + "some_cores-Intel(R)_Xeon(R)_CPU_E5-2620_v3_@_2.40GHz-2025-01-14.csv", {170, 12}},
      {"data/cpu-load-vs-rapl/E3-1240__all_cores.csv", {69, 4}},
      {"data/cpu-load-vs-rapl/E3-1240__some_cores.csv", {69, 4}}};
  int points = 0, inside = 0;
  double error = 0;
  for (const auto& [file, part] : sessions) {
    std::ifstream in(*shared / file);
    if (!in) continue;
    std::stringstream text;
    text << in.rdbuf();
    const Table t = read_csv(text.str(), file);
    const ProcessorPower p = processor_power(processor(part.first, part.second), known());
    for (std::size_t row = 0; row < t.rows(); ++row) {
      const double load = t.column("cpu_load").numbers()[row] / 100, watts = t.column("rapl_power").numbers()[row];
      if (load < 0.05) continue;  // the first step was read before the counter had moved
      const Estimate<Power> e = p.at(load);
      ++points;
      inside += watts >= e.low().base() && watts <= e.high().base();
      error += std::abs(e.value().base() / watts - 1);
    }
  }
  if (points == 0) GTEST_SKIP() << "skipped: no shared data";
  std::cout << inside << " of " << points << " steps inside the 95 % interval, mean error " << 100 * error / points
            << " %\n";
  RecordProperty("mean_error_percent", std::to_string(100 * error / points));
  EXPECT_GE(points, 50);
  EXPECT_GE(inside, 0.9 * points);
  EXPECT_LT(error / points, 0.45);
}

}  // namespace
}  // namespace wattline::physics
