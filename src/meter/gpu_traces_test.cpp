// Driver readings beside a bench meter (arXiv:2312.02741): the interval of a component's energy must cover the
// truth, though nothing is known of the card but its driver's factor.
#include <gtest/gtest.h>

#include "kernel/testing.h"
#include "meter/averaging/bench_traces.h"
#include "meter/recorder.h"

namespace wattline::meter {
namespace {

struct Trace {
  SourceRecord record;
  Time begin, end;
};

Trace load(const std::filesystem::path& folder) {
  Trace t;
  t.record.info.component = "gpu-0";
  t.record.info.family = "nvml";
  t.record.info.kind = SourceKind::power;
  t.record.info.gain = "meter.nvml.gain";
  t.record.info.update = Duration(0.1);
  t.record.readings = tests::driver_readings(folder / "nvidia_smi.csv.gz");
  const auto edges = tests::load_edges(folder);
  t.begin = edges.front();
  t.end = edges.back();
  return t;
}

struct Known {
  const char* folder;
  double true_joules, read_joules, period;
};

class GpuTraces : public testing::TestWithParam<Known> {};
INSTANTIATE_TEST_SUITE_P(Real, GpuTraces,
                         testing::Values(Known{"square_5050_A100", 1024.72, 1023.34, 0.104},
                                         Known{"transient_A100", 1580.29, 1492.32, 0.104},
                                         Known{"transient_RTX3090", 3439.60, 3270.99, 0.100}));

TEST_P(GpuTraces, TheIntervalCoversTheBenchMeter) {
  const auto shared = wattline::tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  const Known& known = GetParam();
  const Trace t = load(*shared / "data/gpu-power-traces" / known.folder);
  const auto catalog = catalog::Catalog::load();
  const auto c = component_energy(t.record, t.begin, t.end, *catalog);
  // The reference leaves out the few milliseconds before the first and after the last reading.
  EXPECT_NEAR(c.energy.value().base(), known.read_joules, known.read_joules * 2e-3);
  EXPECT_LT(c.energy.low().base(), known.true_joules);
  EXPECT_GT(c.energy.high().base(), known.true_joules);
  EXPECT_NEAR(renewal_period(t.record.readings).base(), known.period, 0.01);
}

TEST(GpuTraces, ATrailingMeanIsTakenForTheTimeBeforeIt) {
  const auto shared = wattline::tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  Trace t = load(*shared / "data/gpu-power-traces/transient_RTX3090");
  const auto catalog = catalog::Catalog::load();
  // The first second of the load: the mean over the second before still rises.
  t.end = t.begin + Duration(1.5);
  const auto plain = component_energy(t.record, t.begin, t.end, *catalog);
  t.record.info.averaged = Duration(1);
  const auto corrected = component_energy(t.record, t.begin, t.end, *catalog);
  const double truth =
      integrate(tests::bench_power(*shared / "data/gpu-power-traces/transient_RTX3090"), t.begin, t.end).value;
  EXPECT_LT(plain.energy.value().base(), 0.75 * truth);
  EXPECT_NEAR(corrected.energy.value().base(), 0.92 * truth, 0.05 * truth);  // left: the gain, and 0.1 s
  EXPECT_GT(corrected.energy.high().base(), truth);
}

}  // namespace
}  // namespace wattline::meter
