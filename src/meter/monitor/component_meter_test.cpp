#include "meter/monitor/component_meter.h"

#include <cmath>

#include <gtest/gtest.h>

namespace wattline::meter {
namespace {

// Says what the test puts there.
class Said : public Source {
 public:
  explicit Said(SourceInfo info, std::optional<double>& value) : info_(std::move(info)), value_(value) {}
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override { return value_; }
  std::string trouble() const override { return value_ ? "" : "denied"; }

 private:
  SourceInfo info_;
  std::optional<double>& value_;
};

class Metered : public testing::Test {
 protected:
  static SourceInfo info(SourceKind kind) {
    SourceInfo i;
    i.component = "package-0";
    i.family = "rapl";
    i.domain = Domain::cpu;
    i.kind = kind;
    i.range = kind == SourceKind::energy ? 1000 : 0;
    i.most = Power(500);
    return i;
  }
  ComponentMeter meter(SourceKind kind, std::optional<double> known_idle = {}) {
    return ComponentMeter(std::make_unique<Said>(info(kind), value), *catalog, known_idle);
  }
  ComponentMeter::Step step(ComponentMeter& m, double seconds, std::optional<double> v) {
    now += std::llround(seconds * 1e9);
    value = v;
    return m.step(now, Duration(0.1));
  }

  std::shared_ptr<catalog::Catalog> catalog = catalog::Catalog::load();
  std::optional<double> value = 0;
  std::int64_t now = 5'000'000'000;
};

TEST_F(Metered, AWrapIsNoLoss) {
  auto m = meter(SourceKind::energy);
  step(m, 0, 990);
  double sum = 0;
  for (int i = 1; i <= 100; ++i) sum += step(m, 0.1, std::fmod(990 + 10.0 * i, 1000)).joules;
  EXPECT_NEAR(sum, 1000, 1e-9);
  EXPECT_NEAR(m.seen().energy.value().base(), 1000, 1e-9);
  EXPECT_NEAR(m.seen().watts, 100, 1e-6);
  EXPECT_EQ(m.seen().missing.base(), 0);
}

TEST_F(Metered, AResetIsAGap) {
  auto m = meter(SourceKind::energy);
  step(m, 0, 900);
  step(m, 0.1, 910);
  EXPECT_FALSE(step(m, 0.1, 3).known);  // back to 3 in a tenth of a second would be 930 W
  EXPECT_FALSE(m.seen().trouble.empty());
  EXPECT_TRUE(std::isnan(m.seen().watts));
  EXPECT_TRUE(step(m, 0.1, 13).known);
  EXPECT_NEAR(m.seen().energy.value().base(), 20, 1e-9);
  EXPECT_NEAR(m.seen().missing.base(), 0.1, 1e-9);
  EXPECT_TRUE(m.seen().trouble.empty());
}

TEST_F(Metered, ACounterThatDoesNotMoveIsAGapAndNoZero) {
  auto m = meter(SourceKind::energy, 30);
  step(m, 0, 100);
  for (int i = 1; i <= 10; ++i) step(m, 0.1, 100 + 5 * i);
  for (int i = 0; i < 100; ++i) step(m, 0.1, 150);
  EXPECT_NE(m.seen().trouble.find("does not move"), std::string::npos);
  EXPECT_NEAR(m.seen().missing.base(), 10, 0.2);
  const auto again = step(m, 0.1, 155);
  EXPECT_TRUE(again.known);
  EXPECT_NEAR(m.seen().energy.value().base(), 55, 1e-9);
  EXPECT_GT(again.idle, 0);  // the least power is not that of the dead counter
}

TEST_F(Metered, FailedReadingsAreBridgedForAWhile) {
  auto m = meter(SourceKind::energy);
  step(m, 0, 100);
  step(m, 0.1, 110);
  EXPECT_FALSE(step(m, 0.1, {}).known);
  EXPECT_EQ(m.seen().trouble, "denied");
  const auto back = step(m, 0.1, 130);
  EXPECT_TRUE(back.known);
  EXPECT_NEAR(back.joules, 10, 1e-9);
  EXPECT_NEAR(back.earlier, 10, 1e-9);
  EXPECT_EQ(m.seen().missing.base(), 0);
  for (int i = 0; i < 60; ++i) step(m, 0.1, {});
  EXPECT_FALSE(step(m, 0.1, 200).known);
  EXPECT_NEAR(m.seen().missing.base(), 6.1, 1e-6);
  EXPECT_NEAR(m.seen().energy.value().base(), 30, 1e-9);
}

TEST_F(Metered, ASensorIsNotExtrapolatedAcrossAGap) {
  auto m = meter(SourceKind::power);
  step(m, 0, 100);
  EXPECT_NEAR(step(m, 0.1, 200).joules, 15, 1e-9);
  EXPECT_FALSE(step(m, 2, 200).known);
  EXPECT_NEAR(step(m, 0.1, 200).joules, 20, 1e-9);
  EXPECT_NEAR(m.seen().energy.value().base(), 35, 1e-9);
  EXPECT_NEAR(m.seen().missing.base(), 2, 1e-9);
}

TEST_F(Metered, SleepLosesTheTickAlone) {
  auto m = meter(SourceKind::energy);
  step(m, 0, 100);
  step(m, 0.1, 110);
  now += 3'600'000'000'000;
  value = 20;
  m.lose(now);
  EXPECT_NEAR(step(m, 0.1, 30).joules, 10, 1e-9);
  EXPECT_NEAR(m.seen().missing.base(), 3600, 1e-6);
}

TEST_F(Metered, IdleIsTheLeastSeenOrWhatIsKnown) {
  auto m = meter(SourceKind::energy, 80);
  double counter = 0, idle = 0;
  step(m, 0, counter);
  const auto run = [&](double watts, double seconds) {
    idle = 0;
    for (int i = 0; i < std::lround(seconds * 10); ++i)
      idle += step(m, 0.1, counter = std::fmod(counter + watts / 10, 1000)).idle;
  };
  run(200, 5);
  EXPECT_NEAR(idle, 400, 1);  // what is known
  run(50, 5);
  run(200, 5);
  EXPECT_NEAR(idle, 250, 1);  // what was seen since
  EXPECT_LE(m.idle().low().base(), m.idle().value().base());
  EXPECT_GT(m.idle().high().base(), m.idle().value().base());
}

TEST_F(Metered, IdleIsNotLostByCountersOfLongSteps) {
  auto m = meter(SourceKind::energy, 40);
  step(m, 0, 0);
  double idle = 0, joules = 0;
  for (int i = 1; i <= 100; ++i) {
    // Moves every third tick only.
    const auto s = step(m, 0.1, 30.0 * (i / 3));
    idle += s.idle;
    joules += s.joules;
  }
  EXPECT_NEAR(joules, 990, 1e-9);
  EXPECT_NEAR(idle, 400, 15);
}

}  // namespace
}  // namespace wattline::meter
