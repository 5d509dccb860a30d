#include "meter/phases/phase_energy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wattline::meter {
namespace {

using testing::HasSubstr;

Time at(double seconds) { return Time{static_cast<std::int64_t>(seconds * 1e9)}; }

// A counter read each second for ten seconds: 10 W in the first half, 30 W in the second.
ComponentEnergy counter() {
  ComponentEnergy c;
  c.info.component = "package-0";
  c.info.family = "rapl";
  c.info.kind = SourceKind::energy;
  c.info.update = Duration(1e-3);
  for (int i = 1; i <= 10; ++i) c.power.add(at(i), i <= 5 ? 10 : 30);
  c.energy = Estimate<Energy>::with_sd(Energy(200), Energy(2), Method::measured, "rapl");
  c.mean = Power(20);
  c.peak = Power(30);
  return c;
}
PhaseTimeline line(std::vector<PhaseEvent> events) { return phase_timeline(std::move(events), at(0), at(10)); }
std::vector<PhaseEvent> phase(const std::string& name, double from, double to) {
  return {{PhaseVerb::begin, name, at(from)}, {PhaseVerb::end, name, at(to)}};
}
double total(const PhaseReport& r) {
  double sum = 0;
  for (const auto& p : r.phases) sum += p.energy.value().base();
  return sum;
}

TEST(PhaseEnergy, FollowsThePowerAndAddsUp) {
  const ComponentEnergy c = counter();
  auto events = phase("low", 0, 4);
  for (auto& e : phase("high", 6, 9)) events.push_back(e);
  const PhaseReport r = phase_energies(line(events), {{&c, Energy(0)}}, {}, Duration(8), at(0), at(10));
  ASSERT_EQ(r.phases.size(), 3u);
  EXPECT_NEAR(r.phases[0].energy.value().base(), 40, 1e-9);
  EXPECT_NEAR(r.phases[1].energy.value().base(), 90, 1e-9);
  EXPECT_NEAR(r.phases[2].energy.value().base(), 70, 1e-9);
  EXPECT_NEAR(total(r), 200, 1e-9);
  EXPECT_EQ(r.phases[0].energy.method(), Method::measured);
  EXPECT_FALSE(r.phases[0].estimate);
  EXPECT_GT(r.phases[1].energy.sd().base(), 0.9) << "its part of the run's own";
  EXPECT_NEAR(r.phases[0].cpu.base(), 3.2, 1e-9) << "no CPU times were read: evenly";
}

TEST(PhaseEnergy, BordersBetweenReadingsAreLessSure) {
  const ComponentEnergy c = counter();
  const auto sd = [&](double from, double to) {
    return phase_energies(line(phase("x", from, to)), {{&c, Energy(0)}}, {}, Duration(0), at(0), at(10))
        .phases[0]
        .energy.sd()
        .base();
  };
  EXPECT_GT(sd(2.5, 4.5), 2 * sd(2, 4));
}

TEST(PhaseEnergy, ShorterThanTheReadingsIsAnEstimate) {
  const ComponentEnergy c = counter();
  const PhaseReport r =
      phase_energies(line(phase("blink", 2.4, 2.6)), {{&c, Energy(0)}}, {}, Duration(0), at(0), at(10));
  EXPECT_TRUE(r.phases[0].estimate);
  EXPECT_EQ(r.phases[0].energy.method(), Method::modelled);
  EXPECT_FALSE(r.phases[1].estimate);
  EXPECT_EQ(phases_table(r).cell_text(0, 9), "estimate");
}

TEST(PhaseEnergy, IdlePowerThatWasSubtractedIsSubtractedFromEach) {
  ComponentEnergy c = counter();
  c.energy = Estimate<Energy>::with_sd(Energy(100), Energy(1), Method::measured, "rapl");
  const PhaseReport r = phase_energies(line(phase("low", 0, 5)), {{&c, Energy(100)}}, {}, Duration(0), at(0), at(10));
  EXPECT_NEAR(r.phases[0].energy.value().base(), 0, 1e-9) << "10 W, as idle";
  EXPECT_NEAR(r.phases[1].energy.value().base(), 100, 1e-9);
}

TEST(PhaseEnergy, WithoutACurveByTime) {
  ComponentEnergy c;
  c.info.component = "memory";
  c.energy = Estimate<Energy>::with_sd(Energy(5), Energy(1), Method::modelled, "model");
  const PhaseReport r = phase_energies(line(phase("x", 2, 4)), {{&c, Energy(0)}}, {}, Duration(0), at(0), at(10));
  EXPECT_NEAR(r.phases[0].energy.value().base(), 1, 1e-9);
}

TEST(PhaseEnergy, CpuTimeByWhatWasRead) {
  const ComponentEnergy c = counter();
  Series cpu;
  cpu.add(at(0), 100);
  cpu.add(at(2), 100);
  cpu.add(at(4), 103);
  cpu.add(at(10), 104);
  const PhaseReport r = phase_energies(line(phase("x", 2, 4)), {{&c, Energy(0)}}, cpu, Duration(4), at(0), at(10));
  EXPECT_NEAR(r.phases[0].cpu.base(), 3, 1e-9);
  EXPECT_NEAR(r.phases[1].cpu.base(), 1, 1e-9);
}

TEST(PhaseEnergy, NestedOnesShowBoth) {
  const ComponentEnergy c = counter();
  auto events = phase("epoch", 0, 10);
  for (auto& e : phase("step", 5, 10)) events.push_back(e);
  const PhaseReport r = phase_energies(line(events), {{&c, Energy(0)}}, {}, Duration(0), at(0), at(10));
  EXPECT_NEAR(r.phases[0].energy.value().base(), 50, 1e-9);
  EXPECT_NEAR(r.phases[0].open_energy.base(), 200, 1e-9);
  EXPECT_NEAR(r.phases[1].energy.value().base(), 150, 1e-9);
  EXPECT_TRUE(phases_table(r).find("all"));
  EXPECT_EQ(phases_table(r).rows(), 2u) << "nothing was outside";
  EXPECT_EQ(phases_label(r), "step 75 %, epoch 25 %");
}

TEST(PhaseEnergy, NoEnergyAtAllIsNoFault) {
  const PhaseReport r = phase_energies(line(phase("x", 2, 4)), {}, {}, Duration(0), at(0), at(10));
  EXPECT_EQ(total(r), 0);
  EXPECT_THAT(to_csv(phases_table(r)), HasSubstr("x,1,2,0"));
}

}  // namespace
}  // namespace wattline::meter
