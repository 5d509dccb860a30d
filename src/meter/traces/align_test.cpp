#include "meter/traces/align.h"

#include <cmath>
#include <fstream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "meter/averaging/bench_traces.h"

namespace wattline::meter {
namespace {

double load_at(double t) {
  return 100 + 60 * std::sin(t / 7) + 90 * (std::fmod(t, 41) < 13) + 20 * std::sin(t * t / 3000);
}

// `clock`: what the meter's clock shows at true time t.
template <class Clock>
Series meter(double begin, double end, double step, Clock&& clock, double noise = 1) {
  std::mt19937 random(7);
  std::normal_distribution<double> error(0, noise);
  Series s;
  s.name = "meter";
  for (double t = begin; t < end; t += step)
    s.add(Time{static_cast<std::int64_t>((1.7e9 + clock(t)) * 1e9)}, load_at(t) + error(random));
  return s;
}

TEST(Align, FindsLagZoneAndDrift) {
  const Series trace = meter(0, 600, 0.5, [](double t) { return t; });
  const ClockFit late = fit_clock(trace, meter(20, 580, 1, [](double t) { return t + 3.4; }));
  EXPECT_NEAR(late.lag.base(), -3.4, late.lag_error.base());
  EXPECT_EQ(late.zone.base(), 0);
  EXPECT_TRUE(late.sure());
  EXPECT_LT(std::abs(late.drift), std::max(late.drift_error, 1e-3));
  const ClockFit zone = fit_clock(trace, meter(20, 580, 1, [](double t) { return t + 5.5 * 3600 - 1.2; }));
  EXPECT_DOUBLE_EQ(zone.zone.base(), -5.5 * 3600);
  EXPECT_NEAR(zone.lag.base(), 1.2, zone.lag_error.base());
  EXPECT_LT(zone.lag_error.base(), 0.6);
  // A clock that gains 2 ms a second.
  const ClockFit drift = fit_clock(trace, meter(0, 600, 0.5, [](double t) { return t * 1.002; }));
  EXPECT_NEAR(drift.drift, -0.002, 0.0005);
}

TEST(Align, SaysWhenItIsAGuess) {
  // A plain period fits at every one of its multiples.
  Series a, b;
  for (int i = 0; i < 600; ++i) {
    a.add(Time{i * 1'000'000'000LL}, 100 + 50 * std::sin(i * 2 * M_PI / 20));
    b.add(Time{(i + 7) * 1'000'000'000LL}, 100 + 50 * std::sin(i * 2 * M_PI / 20));
  }
  EXPECT_FALSE(fit_clock(a, b).sure());
  Series flat;
  for (int i = 0; i < 100; ++i) flat.add(Time{i * 1'000'000'000LL}, 100);
  EXPECT_THROW(fit_clock(a, flat), Error);
  EXPECT_THROW(fit_clock(a, {}), Error);
}

TEST(Align, GainAndOffsetAreToldAndNotApplied) {
  wattline::tests::ScratchDir dir;
  const auto write = [&](const char* name, double gain) {
    std::ofstream f(dir.path() / name);
    f << "time,power [W]\n";
    for (int i = 0; i < 300; ++i)
      f << "2026-11-24T14:" << (i / 60 < 10 ? "0" : "") << i / 60 << ":" << (i % 60 < 10 ? "0" : "") << i % 60 << "Z,"
        << gain * load_at(i) << "\n";
    return (dir.path() / name).string();
  };
  const Capability c = align_capability();
  Context context;
  const Result r = c.run(options_from_arguments(c, {write("mine.csv", 1), write("bench.csv", 1.1)}).get(), context);
  ASSERT_TRUE(r.find_estimate("gain"));
  EXPECT_NEAR(r.find_estimate("gain")->measure.value, 1.1, 0.01);
  const std::string text = to_text(r, 400);
  EXPECT_THAT(text, testing::AllOf(testing::HasSubstr("Nothing was changed"), testing::HasSubstr("--gain 1."),
                                   testing::HasSubstr("with gain and offset")));
  const Table* both = r.find_table("Both over the time they share");
  ASSERT_TRUE(both && both->rows() == 3);
  const auto& joules = both->column("energy").numbers();
  EXPECT_NEAR(joules[1], joules[2], 0.01 * joules[2]) << "what the trace would say is what the other says";
  EXPECT_LT(joules[0], 0.95 * joules[2]);
}

TEST(Align, ABenchMeterInUtcBesideALocalClock) {
  const auto shared = wattline::tests::shared_dir();
  if (!shared || !std::filesystem::exists(*shared / "data/gpu-power-traces")) GTEST_SKIP() << "skipped: no shared data";
  for (const auto& [name, late] :
       {std::pair<std::string, double>{"transient_A100", 0.08}, {"transient_RTX3090", 0.5}}) {
    const auto folder = *shared / "data/gpu-power-traces" / name;
    // The loader took an hour off: the log as it was written is an hour ahead.
    const Series log = shifted(tests::driver_readings(folder / "nvidia_smi.csv.gz"), Duration(3600));
    const Series bench = resample(tests::bench_power(folder), Duration(0.005), Resampling::mean);
    const ClockFit fit = fit_clock(log, bench);
    EXPECT_DOUBLE_EQ(fit.zone.base(), 3600) << name;
    EXPECT_NEAR(fit.lag.base(), late, 0.15) << name;  // readings tell of what was
    EXPECT_GT(fit.correlation, 0.95) << name;
  }
}

}  // namespace
}  // namespace wattline::meter
