// Joules read through the library with NVML's calls, against what its made-up boards used: to 0.1 % on both sides.
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "meter/nvml.h"
#include "meter/recorder.h"

namespace wattline::meter {
namespace {

constexpr double step = 0.4, watts = 250;  // the counter moves 100 J each time it is read
constexpr int steps = 25;

std::vector<ComponentEnergy> measured(const char* boards) {
  ::setenv("FAKE_NVML", boards, 1);
  Found found = find_nvml(WATTLINE_FAKE_NVML);
  std::int64_t now = 5'000'000'000'000;
  const Time origin{1'750'000'000'000'000'000};
  Sampler sampler(
      std::move(found.sources), Duration(step), 36000,
      {[&] { return now; }, [&] { return now; }, [&] { return origin + Duration(1e-9 * static_cast<double>(now)); },
       [] { return std::optional(0.0); }});
  sampler.begin();
  for (int i = 0; i < steps; ++i) {
    now += static_cast<std::int64_t>(step * 1e9);
    if (i + 1 < steps) sampler.sample();
  }
  const Recording r = sampler.end();
  ::unsetenv("FAKE_NVML");
  static const auto catalog = catalog::Catalog::load();
  std::vector<ComponentEnergy> out;
  for (const auto& record : r.records)
    out.push_back(component_energy(record, r.begin, r.end, *catalog, Gaps::filled_in));
  return out;
}

constexpr double truth = watts * step * steps;

TEST(NvmlEnergy, CounterAndPowerToAThousandth) {
  const auto all = measured("ep");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].info.kind, SourceKind::energy);
  EXPECT_EQ(all[1].info.kind, SourceKind::power);
  for (const auto& c : all) {
    EXPECT_NEAR(c.energy.value().base(), truth, 1e-3 * truth) << c.info.component;
    EXPECT_NEAR(c.mean->base(), watts, 1e-3 * watts) << c.info.component;
    EXPECT_EQ(c.energy.method(), Method::measured);
    EXPECT_LE(c.energy.low().base(), truth);
    EXPECT_GE(c.energy.high().base(), truth);
  }
}

TEST(NvmlEnergy, ThroughACounterThatStartsAnew) {
  const auto all = measured("s");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].resets, 1u);
  EXPECT_NEAR(all[0].read.value().base(), truth - watts * step, 1e-3 * truth);
  EXPECT_NEAR(all[0].energy.value().base(), truth, 1e-3 * truth);
  EXPECT_LE(all[0].energy.low().base(), truth);
  EXPECT_GE(all[0].energy.high().base(), truth);
}

TEST(NvmlEnergy, ABoardThatIsLostIsNoZero) {
  const auto all = measured("l");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].covered, Duration(0));
  EXPECT_EQ(all[0].filled, Duration(0)) << "there is no mean to go by";
  EXPECT_FALSE(all[0].mean);
  EXPECT_THAT(all[0].warnings, testing::Contains(testing::HasSubstr("GPU is lost")));
}

}  // namespace
}  // namespace wattline::meter
