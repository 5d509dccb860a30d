// Against analytic answers: what was read to 0.1 %, and an interval of the whole that holds the truth.
#include "meter/gap_fill.h"

#include <cmath>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wattline::meter {
namespace {

using testing::HasSubstr;

const catalog::Catalog& factors() {
  static const auto catalog = catalog::Catalog::load();
  return *catalog;
}
Time at(double seconds) { return Time{static_cast<std::int64_t>(1.7e18) + static_cast<std::int64_t>(seconds * 1e9)}; }

struct Load {
  const char* name;
  std::function<double(double)> joules;  // since the begin, analytic
};
const std::vector<Load> loads = {
    {"constant", [](double t) { return 50 * t; }},
    {"ramp", [](double t) { return 20 * t + 0.5 * 2 * t * t; }},  // 20 W rising to 100 W in 40 s
    {"square",
     [](double t) {  // four seconds at 20 W, four at 120 W
       const double whole = std::floor(t / 8), rest = t - 8 * whole;
       return whole * 560 + (rest <= 4 ? 20 * rest : 80 + 120 * (rest - 4));
     }},
    {"sine", [](double t) { return 60 * t + 40 * 3 / (2 * M_PI) * (1 - std::cos(2 * M_PI * t / 3)); }},
};

// A counter of `range` J read each 0.1 s for 40 s; it starts anew at `resets`, and is not there from `gone` on.
SourceRecord counter(const Load& load, double range, const std::vector<double>& resets, double gone) {
  SourceRecord r;
  r.info.component = "package-0";
  r.info.family = "rapl";
  r.info.domain = Domain::cpu;
  r.info.range = range;
  r.info.gain = "meter.rapl.gain";
  r.readings.unit = "J";
  double zero = 0;
  std::size_t next = 0;
  for (int i = 0; i <= 400; ++i) {
    const double t = i * 0.1;
    while (next < resets.size() && t > resets[next]) zero = load.joules(resets[next++]);
    const double value = range > 0 ? std::fmod(load.joules(t) - zero, range) : load.joules(t) - zero;
    r.readings.add(at(t), t < gone ? value : std::nan(""));
  }
  return r;
}

TEST(GapFill, TheIntervalHoldsTheTruthAndWhatWasReadIsExact) {
  for (const auto& load : loads)
    for (const double range : {0.0, 700.0})
      for (const std::vector<double>& resets : {std::vector<double>{}, {7.03}, {3.07, 9.02, 15.06, 16.01, 22.04}})
        for (const double gone : {50.0, 38.05, 30.05, 24.05}) {
          // What goes on to rise beyond all that was seen no mean can tell of.
          if (load.name == std::string_view("ramp") && gone < 38) continue;
          SCOPED_TRACE(testing::Message()
                       << load.name << " range " << range << " resets " << resets.size() << " gone " << gone);
          const auto c = component_energy(counter(load, range, range > 0 ? std::vector<double>{} : resets, gone), at(0),
                                          at(40), factors(), Gaps::filled_in);
          const double truth = load.joules(40);
          EXPECT_LE(c.energy.low().base(), truth);
          EXPECT_GE(c.energy.high().base(), truth);
          EXPECT_NEAR((c.covered + c.missing).base(), 40, 1e-6);
          EXPECT_NEAR((c.covered + c.filled).base(), 40, 1e-6);
          EXPECT_EQ(c.wraps > 0, range > 0);
          double read = load.joules(std::min(gone - 0.05, 40.0));
          if (range == 0)
            for (const double t : resets)
              if (t < gone) read -= load.joules(std::ceil(t * 10) / 10) - load.joules(std::floor(t * 10) / 10);
          const double as_read = c.filled > Duration(0) ? c.read.value().base() : c.energy.value().base();
          EXPECT_NEAR(as_read, read, 1e-3 * read);
        }
}

TEST(GapFill, TheLongerTheGapTheLessIsKnown) {
  double width = 0;
  for (const double gone : {39.05, 30.05, 20.05, 5.05}) {
    const auto c = component_energy(counter(loads[0], 0, {}, gone), at(0), at(40), factors(), Gaps::filled_in);
    const double now = c.energy.high().base() - c.energy.low().base();
    EXPECT_GT(now, width);
    width = now;
    EXPECT_NEAR(c.energy.value().base(), 2000, 2);
    EXPECT_EQ(c.energy.method(), Method::modelled);
    EXPECT_THAT(c.warnings.at(0), HasSubstr("filled in at the mean of 50 W"));
  }
}

TEST(GapFill, NothingToGoByIsNotFilledIn) {
  const auto never = component_energy(counter(loads[0], 0, {}, 0), at(0), at(40), factors(), Gaps::filled_in);
  EXPECT_EQ(never.filled, Duration(0));
  EXPECT_EQ(never.covered, Duration(0));
  // The machine slept for half of it.
  SourceRecord r = counter(loads[0], 0, {}, 20.05);
  r.sleeps.push_back({at(20), at(40)});
  const auto slept = component_energy(r, at(0), at(40), factors(), Gaps::filled_in);
  EXPECT_EQ(slept.filled, Duration(0));
  EXPECT_NEAR(slept.energy.value().base(), 1000, 1);
}

Estimate<Energy> joules(double value, double fraction, Method method) {
  return Estimate<Energy>::relative(Energy(value), fraction, method, "test");
}

TEST(MixedSum, ASmallModelledPartThatCannotMatterLeavesItMeasured) {
  const auto sum = [](std::initializer_list<Estimate<Energy>> parts) {
    MixedSum s;
    for (const auto& p : parts) s.add(p);
    return s;
  };
  const auto measured = joules(150, 0.05, Method::measured);
  const auto tiny = sum({joules(0.004, 0.9, Method::modelled), measured});
  EXPECT_EQ(tiny.energy().method(), Method::measured);
  EXPECT_NEAR(tiny.energy().value().base(), 150.004, 1e-9);
  EXPECT_NEAR(tiny.modelled_share(), 0.004 / 150.004, 1e-9);
  EXPECT_EQ(tiny.energy().raw().sources().size(), 1u);
  EXPECT_EQ(sum({measured, joules(2, 0.1, Method::modelled)}).energy().method(), Method::modelled) << "over 1 %";
  EXPECT_EQ(sum({joules(150, 0.001, Method::measured), joules(1, 0.1, Method::modelled)}).energy().method(),
            Method::modelled)
      << "the meter is surer than that";
  EXPECT_EQ(sum({joules(150, 0.03, Method::measured), joules(1, 10, Method::modelled)}).energy().method(),
            Method::modelled)
      << "up to 7 J";
  EXPECT_EQ(sum({joules(1, 0.1, Method::modelled)}).energy().method(), Method::modelled);
  EXPECT_EQ(sum({joules(1, 0.1, Method::modelled)}).modelled_share(), 1);
  EXPECT_EQ(sum({}).modelled_share(), 0);
}

TEST(MixedSum, SharesInWords) {
  EXPECT_EQ(share_in_words(0.0000267), "0.0027 %");
  EXPECT_EQ(share_in_words(0.37), "37 %");
  EXPECT_EQ(share_in_words(1), "100 %");
  EXPECT_EQ(share_in_words(1e-9), "under 0.001 %");
}

}  // namespace
}  // namespace wattline::meter
