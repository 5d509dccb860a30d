// A made-up machine whose energy is known: what the meter makes of it must be right to 0.1 %.
#include "meter/sampler.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "meter/recorder.h"

namespace wattline::meter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t second = 1'000'000'000;

const catalog::Catalog& factors() {
  static const auto catalog = catalog::Catalog::load();
  return *catalog;
}

struct Machine {
  std::int64_t elapsed = 5000 * second, asleep = 0;
  Time utc{1'750'000'000 * second};
  double busy = 0;  // CPU seconds
  double load = 1;  // busy seconds a second

  void pass(double seconds) {
    elapsed += std::llround(seconds * 1e9);
    utc.ns += std::llround(seconds * 1e9);
    busy += load * seconds;
  }
  void sleep(double seconds) {
    elapsed += std::llround(seconds * 1e9);
    utc.ns += std::llround(seconds * 1e9);
    asleep += std::llround(seconds * 1e9);
  }
  double now() const { return static_cast<double>(elapsed - 5000 * second) * 1e-9; }
  Surroundings around() {
    return {[this] { return elapsed; }, [this] { return elapsed - asleep; }, [this] { return utc; },
            [this] { return std::optional(busy); }};
  }
};

class Made : public Source {
 public:
  Made(SourceInfo info, std::function<std::optional<double>()> say) : info_(std::move(info)), say_(std::move(say)) {}
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override {
    ++asked;
    return say_();
  }
  std::string trouble() const override { return "Permission denied"; }
  Duration age() const override { return aged ? aged() : Duration(0); }
  void finish() override { finished = true; }
  std::optional<double> watts_now() override { return 90; }

  int asked = 0;
  bool finished = false;
  std::function<Duration()> aged;

 private:
  SourceInfo info_;
  std::function<std::optional<double>()> say_;
};

SourceInfo package() {
  SourceInfo i;
  i.component = "package-0";
  i.family = "rapl";
  i.domain = Domain::cpu;
  i.range = 65532.610987;
  i.most = Power(400);
  return i;
}
SourceInfo sensor(Duration update = Duration(0.1)) {
  SourceInfo i;
  i.component = "chip";
  i.family = "hwmon";
  i.kind = SourceKind::power;
  i.update = update;
  return i;
}

struct Session {
  Machine machine;
  std::unique_ptr<Sampler> sampler;
  Made* source = nullptr;

  void watch(SourceInfo info, std::function<std::optional<double>()> say, Duration interval = Duration(0.1)) {
    Sources all;
    auto made = std::make_unique<Made>(std::move(info), std::move(say));
    source = made.get();
    all.push_back(std::move(made));
    sampler = std::make_unique<Sampler>(std::move(all), interval, 36000, machine.around());
    sampler->begin();
  }
  void go(double seconds, double step = 0.1) {
    for (long n = std::lround(seconds / step); n > 0; --n) {
      machine.pass(step);
      sampler->sample();
    }
  }
  ComponentEnergy energy() {
    recording = sampler->end();
    return component_energy(recording.records.at(0), recording.begin, recording.end, factors());
  }
  Recording recording;
};

void expect_joules(const ComponentEnergy& c, double joules) {
  EXPECT_NEAR(c.energy.value().base(), joules, joules * 1e-3);
}

TEST(Sampler, ACounterThatWrapsTwiceLosesNothing) {
  Session s;
  s.watch(package(), [&] { return std::fmod(65000 + 250 * s.machine.now(), 65532.610987); });
  s.go(500, 1);
  const auto c = s.energy();
  expect_joules(c, 125000);
  EXPECT_EQ(c.wraps, 2u);
  EXPECT_EQ(c.resets, 0u);
  EXPECT_THAT(c.warnings, IsEmpty());
}

TEST(Sampler, AGapOfMoreThanARangeIsALowerBoundAndSaysSo) {
  Session s;
  s.watch(package(), [&] { return std::fmod(250 * s.machine.now(), 65532.610987); });
  s.machine.pass(600);  // 150 kJ: two ranges and a bit
  const auto c = s.energy();
  EXPECT_TRUE(c.least);
  expect_joules(c, 150000 - 2 * 65532.610987);
  EXPECT_THAT(c.warnings, testing::Contains(HasSubstr("at least this")));
}

TEST(Sampler, AResetLeavesOutTheTimeAroundItAndNothingElse) {
  Session s;
  double offset = -1000;
  s.watch(package(), [&] { return 100 * s.machine.now() - offset; });
  s.go(10);
  offset = 1000;  // the driver was loaded anew within the next tenth of a second
  s.go(10);
  const auto c = s.energy();
  EXPECT_EQ(c.resets, 1u);
  expect_joules(c, 100 * 19.9);
  EXPECT_NEAR(c.missing.base(), 0.1, 1e-6);
  EXPECT_NEAR(c.mean->base(), 100, 0.1);
}

TEST(Sampler, ACounterThatGoesOnThroughASleepHasMeasuredIt) {
  Session s;
  double joules = 0, watts = 100;
  const auto pass = [&](double seconds) {
    for (int i = 0; i < std::lround(seconds * 10); ++i) {
      joules += watts * 0.1;
      s.go(0.1);
    }
  };
  s.watch(package(), [&] { return joules; });
  pass(10);
  s.machine.sleep(3600);
  joules += 3600 * 2;
  pass(10);
  const auto c = s.energy();
  expect_joules(c, 2000 + 7200);
  EXPECT_THAT(c.warnings, testing::Contains(HasSubstr("slept")));
}

TEST(Sampler, ACounterThatBeganAnewAfterASleepIsNoWrap) {
  Session s;
  double zero = -60000;
  s.watch(package(), [&] { return 100 * s.machine.now() - zero; });
  s.go(10);
  s.machine.sleep(120);  // so long that a wrap would be possible
  zero = 100 * s.machine.now();
  s.go(10);
  const auto c = s.energy();
  EXPECT_EQ(c.wraps, 0u);
  EXPECT_EQ(c.resets, 1u);
  expect_joules(c, 100 * 19.9);
}

TEST(Sampler, ASensorTellsNothingOfASleep) {
  Session s;
  s.watch(sensor(), [] { return 40.0; });
  s.go(10);
  s.machine.sleep(0.25);  // shorter than what counts as a gap
  s.go(10);
  const auto c = s.energy();
  expect_joules(c, 40 * 19.9);
  EXPECT_NEAR(c.missing.base(), 0.35, 0.01);
  EXPECT_THAT(c.warnings, testing::Contains(HasSubstr("slept")));
}

TEST(Sampler, AStalledCounterOfABusyProcessorIsSaidAndLeftOut) {
  Session s;
  double stopped_at = 1e9;
  s.watch(package(), [&] { return 100 * std::min(s.machine.now(), stopped_at); });
  s.go(10);
  stopped_at = 10;
  s.go(5);
  const auto c = s.energy();
  expect_joules(c, 1000);
  EXPECT_NEAR(c.covered.base(), 10, 0.2);
  EXPECT_NEAR(c.missing.base(), 5, 0.2);
  EXPECT_NEAR(c.mean->base(), 100, 1);
  EXPECT_THAT(c.warnings, testing::Contains(HasSubstr("stood still")));
}

TEST(Sampler, ACounterOfAnIdleProcessorMayStandStill) {
  Session s;
  s.machine.load = 0.01;
  double joules = 500;
  s.watch(package(), [&] { return joules; });
  s.go(10);
  joules = 501;
  const auto c = s.energy();
  EXPECT_THAT(s.recording.records[0].stalls, IsEmpty());
  EXPECT_NEAR(c.covered.base(), 10, 1e-6);
}

TEST(Sampler, OneThatNeverMovedMeasuredNothing) {
  Session s;
  s.machine.load = 0.01;
  s.watch(package(), [] { return 500.0; });
  s.go(10);
  const auto c = s.energy();
  EXPECT_EQ(c.covered, Duration(0));
  EXPECT_FALSE(c.mean);
  EXPECT_THAT(c.warnings, testing::Contains(HasSubstr("did not move")));
}

TEST(Sampler, ABoardWhoseCounterStandsStillWhileItDrawsIsSaid) {
  Session s;
  SourceInfo board = package();
  board.component = "gpu-0";
  board.domain = Domain::gpu;
  board.range = 0;
  board.update = Duration(0.1);
  s.watch(board, [] { return 500.0; });
  s.go(10);
  EXPECT_THAT(s.energy().warnings, testing::Contains(HasSubstr("the board was at work")));
}

TEST(Sampler, SettingTheClockChangesNoEnergyAndIsKnown) {
  Session s;
  s.watch(sensor(), [] { return 40.0; });
  s.go(5);
  s.machine.utc.ns -= 3600 * second;
  s.go(5);
  const auto c = s.energy();
  expect_joules(c, 400);
  EXPECT_NEAR(s.recording.clock_step.base(), -3600, 1e-6);
  EXPECT_TRUE(
      std::is_sorted(s.recording.records[0].readings.times.begin(), s.recording.records[0].readings.times.end()));
}

TEST(Sampler, PermissionThatIsLostForAWhileLosesNothingOfACounter) {
  Session s;
  s.watch(package(), [&] {
    const double t = s.machine.now();
    return t > 3 && t < 6 ? std::nullopt : std::optional(100 * t);
  });
  s.go(10);
  const auto c = s.energy();
  expect_joules(c, 1000);
  EXPECT_THAT(c.warnings, IsEmpty());
}

TEST(Sampler, PermissionThatIsLostForGoodEndsWhatIsKnown) {
  Session s;
  s.watch(package(), [&] {
    const double t = s.machine.now();
    return t > 6.05 ? std::nullopt : std::optional(100 * t);
  });
  s.go(10);
  const auto c = s.energy();
  expect_joules(c, 600);
  EXPECT_NEAR(c.missing.base(), 4, 1e-6);
  EXPECT_THAT(c.warnings, testing::Contains(HasSubstr("Permission denied")));
}

TEST(Sampler, ASensorThatVanishesForAWhileIsAGapAndNoZero) {
  Session s;
  s.watch(sensor(), [&] {
    const double t = s.machine.now();
    return t > 3.05 && t < 5.95 ? std::nullopt : std::optional(40.0);
  });
  s.go(10);
  const auto c = s.energy();
  expect_joules(c, 40 * 7);
  EXPECT_NEAR(c.missing.base(), 3, 1e-6);
}

TEST(Sampler, ASourceThatAppearsIsReadFromThenOn) {
  Session s;
  s.watch(package(), [&] { return 100 * s.machine.now(); });
  s.go(4);
  Sources more;
  SourceInfo gpu;
  gpu.component = "gpu-0";
  gpu.domain = Domain::gpu;
  gpu.most = Power(700);
  more.push_back(std::make_unique<Made>(gpu, [&] { return 300 * s.machine.now(); }));
  s.sampler->add(std::move(more));
  EXPECT_EQ(s.sampler->known().size(), 2u);
  s.go(6);
  expect_joules(s.energy(), 1000);
  const auto c = component_energy(s.recording.records.at(1), s.recording.begin, s.recording.end, factors());
  expect_joules(c, 300 * 6);
  EXPECT_NEAR(c.missing.base(), 4, 1e-6) << "what it drew before is not known";
}

TEST(Sampler, AReadingOfAWhileAgoCountsForThen) {
  Session s;
  // A meter asked in the background each two seconds: 100 W before the tenth second, 50 W after.
  s.watch(sensor(Duration(2)), [&] { return std::floor(s.machine.now() / 2) * 2 < 10 ? 100.0 : 50.0; });
  s.source->aged = [&] { return Duration(std::fmod(s.machine.now(), 2.0) + 1e-3); };
  s.go(20);
  const auto c = s.energy();
  EXPECT_TRUE(s.source->finished);
  EXPECT_LE(s.recording.records[0].readings.size(), 12u) << "one reading is kept once";
  // Between 8 s and 10 s the trapezoid goes down from 100 W to 50 W.
  EXPECT_NEAR(c.energy.value().base(), 8 * 100 + 150 + 10 * 50, 5);
}

TEST(Sampler, RareAndDearSourcesAreAskedRarely) {
  Session s;
  s.watch(sensor(Duration(40)), [] { return 10.0; });
  s.go(100);
  EXPECT_LE(s.source->asked, 12);
  expect_joules(s.energy(), 1000);

  Session dear;
  dear.watch(sensor(), [&] {
    dear.machine.pass(0.02);
    return 10.0;
  });
  dear.go(20);
  EXPECT_LE(dear.source->asked, 60) << "at 20 ms a question, one each 0.4 s";
}

TEST(Sampler, NothingToReadIsNoFault) {
  Machine machine;
  Sampler sampler({}, Duration(0.1), 100, machine.around());
  sampler.begin();
  machine.pass(1);
  sampler.sample();
  const auto r = sampler.end();
  EXPECT_THAT(r.records, IsEmpty());
  EXPECT_NEAR((r.end - r.begin).base(), 1, 1e-9);
}

}  // namespace
}  // namespace wattline::meter
