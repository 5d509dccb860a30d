#include "physics/processor_power.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include <gtest/gtest.h>

#include "kernel/error.h"
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
  EXPECT_NE(processor_power(d, known()).idle.value().base(), 9);
  d.idle_power = Power(9);
  const ProcessorPower p = processor_power(d, known());
  EXPECT_EQ(p.idle.value().base(), 9);
  EXPECT_EQ(p.idle.sd().base(), 0);
  EXPECT_GT(p.full.value(), p.idle.value());
  EXPECT_EQ(p.warnings.size(), 1u);  // that no curve of it was measured
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
  const double step = (p.at(1 / 12.0, LoadKind::packed).value() - p.idle.value()).base() + p.idle.value().base() / 12;
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

TEST(processor_power, its_own_curve_before_that_of_others) {
  const ProcessorPower own = processor_power(known().device("AMD EPYC 8024P"), known());
  EXPECT_TRUE(own.own_curve);
  EXPECT_TRUE(own.warnings.empty());
  EXPECT_NEAR(own.idle.value().base(), 18, 0.5);
  EXPECT_NEAR(own.full.value().base(), 46.5, 0.5);
  // A quarter of the load costs more when it is packed onto few threads, and the interval of "unknown" holds both.
  const auto spread = own.at(0.1, LoadKind::spread), packed = own.at(0.1, LoadKind::packed), either = own.at(0.1);
  EXPECT_LT(spread.value(), packed.value());
  EXPECT_LT(either.low(), spread.value());
  EXPECT_GT(either.high(), packed.value());
  EXPECT_FALSE(processor_power(known().device("AMD EPYC 7763"), known()).own_curve);
}

TEST(processor_power, a_curve_of_the_user_is_taken) {
  tests::ScratchDir dir;
  std::ofstream(dir.path() / "processor_curves.csv")
      << "name,device,load,basis,w0 [W],w10 [W],w20 [W],w30 [W],w40 [W],w50 [W],w60 [W],w70 [W],w80 [W],w90 [W],"
         "w100 [W],error [%],year,source\n"
         "mine,AMD EPYC 7763,spread,package,50,60,70,80,90,100,110,120,130,140,150,8,2026,fitted here\n";
  const auto mine = catalog::Catalog::load(dir.path());
  const ProcessorPower p = processor_power(mine->device("AMD EPYC 7763"), *mine);
  EXPECT_TRUE(p.own_curve);
  EXPECT_NEAR(p.at(0.25).value().base(), 75, 1e-9);
  EXPECT_NEAR(p.at(0.25).high().base(), 75 * 1.08, 0.3);
  std::ofstream(dir.path() / "processor_curves.csv")
      << "name,device,load,basis,w0 [W],w100 [W],year,source\nmine,AMD EPYC 7763,spread,package,50,40,2026,x\n";
  const auto falling = catalog::Catalog::load(dir.path());
  EXPECT_THROW(processor_power(falling->device("AMD EPYC 7763"), *falling), Error);
}

// What is read for one processor alone gives what all rows give.
TEST(processor_power, needs_no_more_than_the_servers_near_it) {
  const auto all = LoadCurves::load(known());
  std::vector<catalog::Device> some;
  for (const auto& d : known().devices())
    if (d.cores > 0 && d.board_power > Power(0)) some.push_back(d);
  for (const auto& w : all->walls) {
    catalog::Device d;
    d.name = w.device;
    d.cores = w.cores;
    d.board_power = w.tdp;
    some.push_back(d);
  }
  for (const char* name :
       {"AMD EPYC", "AMD EPYC 9Z99", "Intel(R) Xeon(R) E5-9999 v4", "Opteron", "Graviton9", "?", ""}) {
    some.push_back(some.front());
    some.back().name = name;
  }
  std::size_t fewest = all->walls.size();
  for (const auto& d : some) {
    SCOPED_TRACE(d.name);
    const auto near = LoadCurves::load(known(), {d.name});
    fewest = std::min(fewest, near->walls.size());
    const ProcessorPower a = processor_power(d, *all, known()), b = processor_power(d, *near, known());
    EXPECT_EQ(a.basis, b.basis);
    for (const double load : {0.0, 0.3, 1.0}) {
      EXPECT_EQ(a.at(load).value().base(), b.at(load).value().base());
      EXPECT_EQ(a.at(load).sd().base(), b.at(load).sd().base());
    }
    ASSERT_EQ(a.factors.size(), b.factors.size());
    for (std::size_t i = 0; i < a.factors.size(); ++i) {
      EXPECT_EQ(a.factors[i].id, b.factors[i].id);
      EXPECT_EQ(a.factors[i].value, b.factors[i].value);
      EXPECT_EQ(a.factors[i].source, b.factors[i].source);
      EXPECT_EQ(a.factors[i].licence, b.factors[i].licence);
    }
    const WallPower *first = all->find_wall(d.name), *second = near->find_wall(d.name);
    ASSERT_EQ(first == nullptr, second == nullptr);
    if (first) {
      EXPECT_EQ(first->full, second->full);
    }
  }
  EXPECT_LT(fewest, all->walls.size() / 4);
}

TEST(processor_power, families_and_lines_by_name) {
  EXPECT_EQ(processor_family("Intel(R) Xeon(R) CPU E5-2620 v3 @ 2.40GHz"), "server Intel");
  EXPECT_EQ(processor_line("Intel(R) Xeon(R) CPU E5-2620 v3 @ 2.40GHz"), "Xeon E5 v3");
  EXPECT_EQ(processor_family("Intel(R) Xeon(R) CPU E3-1240 V2 @ 3.40GHz"), "client");
  EXPECT_EQ(processor_line("Intel Xeon E3-1240 v2"), "Xeon E3 v2");
  EXPECT_EQ(processor_family("AMD EPYC 8024P 8-Core Processor"), "server AMD");
  EXPECT_EQ(processor_line("AMD EPYC 8024P 8-Core Processor"), "EPYC 8xx4");
  EXPECT_EQ(processor_line("Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz"), "Xeon x3xx");
  EXPECT_EQ(processor_family("Intel(R) Core(TM) i7-8700K CPU @ 3.70GHz"), "client");
  EXPECT_EQ(processor_family("Apple M1"), "client");
  EXPECT_EQ(processor_family("AWS Graviton3"), "server ARM");
  EXPECT_EQ(processor_family("Imaginary 9000"), "");
  EXPECT_EQ(processor_line("EPYC"), "");
  EXPECT_EQ(processor_family(""), "");
}

}  // namespace
}  // namespace wattline::physics
