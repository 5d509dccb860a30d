// Energies against analytic answers, to 0.1 %.
#include <cmath>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "meter/recorder.h"

namespace wattline::meter {
namespace {

using testing::HasSubstr;

const catalog::Catalog& factors() {
  static const auto catalog = catalog::Catalog::load();
  return *catalog;
}
Time at(double seconds) { return Time{static_cast<std::int64_t>(1.7e18) + static_cast<std::int64_t>(seconds * 1e9)}; }

SourceRecord counter(double range = 262143.32885) {
  SourceRecord r;
  r.info.component = "package-0";
  r.info.family = "rapl";
  r.info.domain = Domain::cpu;
  r.info.range = range;
  r.info.gain = "meter.rapl.gain";
  r.readings.unit = "J";
  return r;
}
// Reads `joules(t)` modulo the range each `step` seconds from 0 to `length`.
void fill(SourceRecord& r, double length, double step, const std::function<double(double)>& joules) {
  for (double t = 0; t < length + step / 2; t += step) {
    double j = joules(t);
    if (r.info.range > 0) j = std::fmod(j, r.info.range);
    r.readings.add(at(t), j);
  }
}
void expect_within(double value, double expected, double relative = 1e-3) {
  EXPECT_NEAR(value, expected, std::abs(expected) * relative);
}

TEST(ComponentEnergy, ConstantPower) {
  auto r = counter();
  fill(r, 100, 0.1, [](double t) { return 1000 + 65 * t; });
  const auto c = component_energy(r, at(0), at(100), factors());
  expect_within(c.energy.value().base(), 6500);
  expect_within(c.mean->base(), 65);
  expect_within(c.peak->base(), 65);
  EXPECT_EQ(c.energy.method(), Method::measured);
  EXPECT_LT(c.energy.low().base(), 6500);
  EXPECT_GT(c.energy.high().base(), 6500);
  EXPECT_TRUE(c.energy.raw().by_factor().contains("meter.rapl.gain"));
  EXPECT_TRUE(c.warnings.empty());
  ASSERT_EQ(c.factors.size(), 1u);
}

TEST(ComponentEnergy, RampAndSquareWave) {
  auto ramp = counter();
  fill(ramp, 10, 0.05, [](double t) { return 20 * t + 0.5 * 10 * t * t; });  // 20 W rising to 120 W
  const auto c = component_energy(ramp, at(0), at(10), factors());
  expect_within(c.energy.value().base(), 700);
  expect_within(c.peak->base(), 120, 0.01);

  auto square = counter();  // a second at 10 W, a second at 110 W
  fill(square, 20, 0.1, [](double t) {
    const double whole = std::floor(t / 2), rest = t - 2 * whole;
    return whole * 120 + (rest <= 1 ? 10 * rest : 10 + 110 * (rest - 1));
  });
  const auto s = component_energy(square, at(0), at(20), factors());
  expect_within(s.energy.value().base(), 1200);
  expect_within(s.peak->base(), 110, 0.01);
}

TEST(ComponentEnergy, WrapsInTheMiddleArePutRight) {
  auto r = counter(65532.610987);
  fill(r, 2000, 10, [](double t) { return 65000 + 250 * t; });
  const auto c = component_energy(r, at(0), at(2000), factors());
  EXPECT_EQ(c.wraps, 8u);
  expect_within(c.energy.value().base(), 500000);
  expect_within(c.peak->base(), 250);
}

TEST(ComponentEnergy, AResetLosesItsIntervalAndSaysSo) {
  auto r = counter();
  fill(r, 10, 1, [](double t) { return t < 5.5 ? 200000 + 50 * t : 50 * (t - 6); });
  const auto c = component_energy(r, at(0), at(10), factors());
  EXPECT_EQ(c.resets, 1u);
  expect_within(c.energy.value().base(), 450);  // nine of ten seconds
  EXPECT_NEAR(c.missing.base(), 1, 1e-6);
  EXPECT_NEAR(c.covered.base(), 9, 1e-6);
  expect_within(c.mean->base(), 50);
  ASSERT_EQ(c.warnings.size(), 2u);
  EXPECT_THAT(c.warnings[0], HasSubstr("started anew"));
  EXPECT_THAT(c.warnings[1], HasSubstr("not covered"));
}

TEST(ComponentEnergy, FailedReadingsLoseNothingOfACounter) {
  auto r = counter();
  fill(r, 10, 0.5, [](double t) { return 30 * t; });
  for (std::size_t i = 3; i < 8; ++i) r.readings.values[i] = std::nan("");
  r.failures = 5;
  const auto c = component_energy(r, at(0), at(10), factors());
  expect_within(c.energy.value().base(), 300);
  EXPECT_EQ(c.missing, Duration(0));
  EXPECT_EQ(c.samples, 16u);
}

TEST(ComponentEnergy, ASourceThatVanishesCoversItsPart) {
  auto r = counter();
  fill(r, 10, 1, [](double t) { return 30 * t; });
  for (std::size_t i = 6; i < r.readings.size(); ++i) r.readings.values[i] = std::nan("");
  r.trouble = "cannot read energy_uj: No such device";
  r.failures = 5;
  const auto c = component_energy(r, at(0), at(10), factors());
  expect_within(c.energy.value().base(), 150);
  EXPECT_NEAR(c.missing.base(), 5, 1e-6);
  EXPECT_THAT(c.warnings.at(0), HasSubstr("No such device"));
}

TEST(ComponentEnergy, ASourceThatNeverAnswered) {
  auto r = counter();
  r.readings.add(at(0), std::nan(""));
  r.failures = 1;
  const auto c = component_energy(r, at(0), at(3), factors());
  EXPECT_EQ(c.energy.value(), Energy(0));
  EXPECT_FALSE(c.mean);
  EXPECT_NEAR(c.missing.base(), 3, 1e-6);
  EXPECT_FALSE(c.warnings.empty());
}

SourceRecord sensor() {
  SourceRecord r;
  r.info.component = "gpu-0";
  r.info.family = "nvml";
  r.info.domain = Domain::gpu;
  r.info.kind = SourceKind::power;
  r.info.update = Duration(0.1);
  r.info.gain = "meter.nvml.gain";
  r.readings.unit = "W";
  return r;
}

TEST(ComponentEnergy, SensorsAreIntegrated) {
  auto r = sensor();
  for (double t = 0; t < 10.05; t += 0.1) r.readings.add(at(t), 100 + 50 * std::sin(2 * M_PI * t / 5));
  const auto c = component_energy(r, at(0), at(10), factors());
  expect_within(c.energy.value().base(), 1000);
  EXPECT_NEAR(c.peak->base(), 150, 0.5);
}

TEST(ComponentEnergy, NothingIsPutAcrossAGapOfASensor) {
  auto r = sensor();
  for (double t = 0; t < 10.05; t += 0.1)
    if (t < 4 || t > 6) r.readings.add(at(t), 100);
  const auto c = component_energy(r, at(0), at(10), factors());
  EXPECT_NEAR(c.missing.base(), 2.1, 0.11);
  EXPECT_NEAR(c.energy.value().base(), 100 * c.covered.base(), 1);
  EXPECT_THAT(c.warnings.at(0), HasSubstr("not covered"));
}

TEST(ComponentEnergy, ARunShorterThanACountersStepsIsModelled) {
  auto r = counter(0);
  r.info.update = Duration(0.1);
  r.readings.add(at(0), 5000);
  r.readings.add(at(0.2), 5000);
  r.watts_at_end = 250;
  const auto c = component_energy(r, at(0), at(0.2), factors());
  expect_within(c.energy.value().base(), 50);
  EXPECT_EQ(c.energy.method(), Method::modelled);
  EXPECT_THAT(c.warnings.at(0), HasSubstr("shorter"));
}

TEST(ComponentEnergy, TheSeriesTableIsInOrderOfTime) {
  auto a = counter(), b = sensor();
  fill(a, 2, 1, [](double t) { return 10 * t; });
  fill(b, 2, 0.5, [](double) { return 100; });
  const Table t =
      power_series_table({component_energy(a, at(0), at(2), factors()), component_energy(b, at(0), at(2), factors())});
  EXPECT_EQ(t.schema(), "power.series.v1");
  ASSERT_EQ(t.rows(), 3u + 5u) << "a counter's first row says from when its next mean is";
  const auto& times = t.column("time").integers();
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
}

}  // namespace
}  // namespace wattline::meter
