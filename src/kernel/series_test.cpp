#include "kernel/series.h"

#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t second = 1'000'000'000;
Time at(double s) { return Time{1'700'000'000 * second + static_cast<std::int64_t>(std::llround(s * 1e9))}; }
const double nan_value = std::nan("");

Series of(std::vector<std::pair<double, double>> samples, std::string unit = "W") {
  Series s{"power", std::move(unit), {}, {}};
  for (const auto& [t, v] : samples) s.add(at(t), v);
  return s;
}

std::vector<double> seconds_of(const Series& s) {
  std::vector<double> out;
  for (const Time t : s.times) out.push_back((t - at(0)).base());
  return out;
}

TEST(SeriesFaults, GapsStepsBackAndDuplicates) {
  const SeriesFaults f = find_faults(of({{0, 1}, {1, 1}, {2, 1}, {2, 3}, {10, 1}, {11, 1}, {10.5, 1}, {12, 1}}));
  EXPECT_DOUBLE_EQ(f.median_step.base(), 1);
  ASSERT_EQ(f.gaps.size(), 1u);
  EXPECT_EQ(f.gaps[0].begin, at(2));
  EXPECT_EQ(f.gaps[0].end, at(10));
  EXPECT_THAT(f.backward_steps, ElementsAre(at(10.5)));
  EXPECT_THAT(f.duplicates, ElementsAre(at(2)));
}

TEST(SeriesFaults, MissingValuesInARowAreOneGap) {
  const SeriesFaults f = find_faults(of({{0, 1}, {1, nan_value}, {2, nan_value}, {3, 1}, {4, 1}, {5, nan_value}}));
  ASSERT_EQ(f.gaps.size(), 2u);
  EXPECT_EQ(f.gaps[0].begin, at(0));
  EXPECT_EQ(f.gaps[0].end, at(3));
  EXPECT_EQ(f.gaps[1].begin, at(4));
  EXPECT_EQ(f.gaps[1].end, at(5));
}

TEST(SeriesFaults, TwoLongStepsThatMeetInAValueAreTwoGaps) {
  EXPECT_EQ(find_faults(of({{0, 1}, {1, 1}, {2, 1}, {20, 1}, {40, 1}, {41, 1}, {42, 1}})).gaps.size(), 2u);
}

TEST(SeriesFaults, OfNothingAndOfOneSample) {
  EXPECT_TRUE(find_faults({}).gaps.empty());
  EXPECT_EQ(find_faults(of({{0, 1}})).median_step.base(), 0);
  EXPECT_EQ(find_faults(of({{0, nan_value}})).gaps.size(), 1u);
}

TEST(SeriesCleaned, AveragesDuplicatesWithoutTheMissing) {
  const Series c = cleaned(of({{0, 1}, {1, 2}, {1, 4}, {2, nan_value}, {2, 7}, {3, nan_value}, {3, nan_value}}));
  EXPECT_THAT(seconds_of(c), ElementsAre(0, 1, 2, 3));
  EXPECT_DOUBLE_EQ(c.values[1], 3);
  EXPECT_DOUBLE_EQ(c.values[2], 7);
  EXPECT_TRUE(std::isnan(c.values[3]));
  EXPECT_EQ(c.unit, "W");
}

TEST(SeriesCleaned, AfterAStepBackTheLaterRecordWins) {
  const Series c = cleaned(of({{0, 1}, {1, 1}, {2, 1}, {3, 1}, {1.5, 9}, {2.5, 9}, {3.5, 9}}));
  EXPECT_THAT(seconds_of(c), ElementsAre(0, 1, 1.5, 2.5, 3.5));
  EXPECT_THAT(c.values, ElementsAre(1, 1, 9, 9, 9));
}

TEST(SeriesCleaned, StepsBackTwice) {
  const Series c = cleaned(of({{0, 1}, {10, 1}, {5, 2}, {8, 2}, {6, 3}, {7, 3}}));
  EXPECT_THAT(seconds_of(c), ElementsAre(0, 5, 6, 7, 8, 10));
  EXPECT_THAT(c.values, ElementsAre(1, 2, 3, 3, 2, 1));
}

TEST(SeriesCleaned, NewestFirstIsTurnedRound) {
  const Series c = cleaned(of({{3, 3}, {2, 2}, {1, 1}, {0, 0}}));
  EXPECT_THAT(c.values, ElementsAre(0, 1, 2, 3));
}

TEST(SeriesCleaned, IsInOrderWhateverComes) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 50; ++round) {
    Series s;
    for (int i = 0; i < 60; ++i) s.add(at(static_cast<double>(random() % 40)), static_cast<double>(random() % 5));
    const Series c = cleaned(s);
    ASSERT_GE(c.size(), 1u);
    for (std::size_t i = 1; i < c.size(); ++i) ASSERT_LT(c.times[i - 1], c.times[i]);
    EXPECT_EQ(cleaned(c).times, c.times);
  }
}

TEST(SeriesIntegral, RampIsExact) {
  const Integral i = integrate(of({{0, 0}, {1, 10}, {2, 20}, {4, 40}}));
  EXPECT_DOUBLE_EQ(i.value, 80);
  EXPECT_DOUBLE_EQ(i.covered.base(), 4);
  EXPECT_DOUBLE_EQ(i.missing.base(), 0);
  EXPECT_EQ(i.samples, 4u);
}

TEST(SeriesIntegral, EdgesAreInterpolated) {
  const Series s = of({{0, 0}, {1, 10}, {2, 20}});
  const Integral i = integrate(s, at(0.5), at(1.75));
  EXPECT_NEAR(i.value, 5 * (1.75 * 1.75 - 0.5 * 0.5), 1e-9);
  EXPECT_EQ(i.samples, 1u);
  const Integral inside = integrate(s, at(0.25), at(0.75));  // between two samples
  EXPECT_NEAR(inside.value, 5 * (0.75 * 0.75 - 0.25 * 0.25), 1e-9);
  EXPECT_EQ(inside.samples, 0u);
}

TEST(SeriesIntegral, GapsAndTheOutsideAreMissingNotExtrapolated) {
  const Series s = of({{0, 5}, {1, 5}, {2, 5}, {12, 5}, {13, 5}, {14, nan_value}, {15, 5}, {16, 5}});
  const Integral whole = integrate(s);
  EXPECT_DOUBLE_EQ(whole.value, 5 * 4);
  EXPECT_DOUBLE_EQ(whole.covered.base(), 4);
  EXPECT_DOUBLE_EQ(whole.missing.base(), 12);
  EXPECT_EQ(whole.samples, 7u);
  const Integral wide = integrate(s, at(-3), at(20));
  EXPECT_DOUBLE_EQ(wide.value, whole.value);
  EXPECT_DOUBLE_EQ(wide.missing.base(), 12 + 3 + 4);
  const Integral in_gap = integrate(s, at(4), at(6));
  EXPECT_DOUBLE_EQ(in_gap.value, 0);
  EXPECT_DOUBLE_EQ(in_gap.missing.base(), 2);
  const Integral bridged = integrate(s, {}, {}, 0);  // no step is too long
  EXPECT_DOUBLE_EQ(bridged.covered.base(), 14);
}

TEST(SeriesIntegral, RangesBeforeAfterAndTurnedRound) {
  const Series s = of({{0, 5}, {1, 5}});
  EXPECT_DOUBLE_EQ(integrate(s, at(-5), at(-2)).missing.base(), 3);
  EXPECT_DOUBLE_EQ(integrate(s, at(3), at(7)).missing.base(), 4);
  EXPECT_DOUBLE_EQ(integrate(s, at(3)).missing.base(), 0);
  EXPECT_DOUBLE_EQ(integrate(s, {}, at(-1)).covered.base(), 0);
  EXPECT_DOUBLE_EQ(integrate(s, at(1), at(0)).value, 0);
  EXPECT_DOUBLE_EQ(integrate(s, at(0.5), at(0.5)).value, 0);
}

TEST(SeriesIntegral, OfNothingAndOfOneSample) {
  EXPECT_EQ(integrate({}).samples, 0u);
  EXPECT_DOUBLE_EQ(integrate({}, at(0), at(2)).missing.base(), 2);
  const Integral one = integrate(of({{0, 5}}), at(-1), at(1));
  EXPECT_DOUBLE_EQ(one.value, 0);
  EXPECT_DOUBLE_EQ(one.missing.base(), 2);
  EXPECT_EQ(one.samples, 1u);
}

TEST(SeriesIntegral, BrokenOrderIsCleanedFirst) {
  const Series s = of({{0, 1}, {1, 1}, {1, 3}, {2, 1}, {1.5, 1}, {3, 1}});
  EXPECT_DOUBLE_EQ(integrate(s).value, integrate(cleaned(s)).value);
}

TEST(SeriesIntegral, TimesAtTheEndsOfTheRangeDoNotOverflow) {
  Series s;
  s.add(Time{std::numeric_limits<std::int64_t>::min()}, 1);
  s.add(Time{std::numeric_limits<std::int64_t>::max()}, 1);
  EXPECT_TRUE(std::isfinite(integrate(s).value));
  EXPECT_TRUE(std::isfinite(integrate(s, Time{std::numeric_limits<std::int64_t>::min()}, Time{5}).value));
}

// Adjoining ranges add up, whatever the record and wherever the cut.
TEST(SeriesIntegral, IsAdditive) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> unit(0, 1);
  for (int round = 0; round < 200; ++round) {
    Series s;
    double t = 0;
    for (int i = 0; i < 40; ++i) {
      t += unit(random) < 0.1 ? 20 * unit(random) : 0.1 + unit(random);
      s.add(at(t), unit(random) < 0.05 ? nan_value : 100 * unit(random));
    }
    const double a = t * (unit(random) - 0.1), c = a + t * unit(random), b = a + (c - a) * unit(random);
    const Integral left = integrate(s, at(a), at(b)), right = integrate(s, at(b), at(c)),
                   all = integrate(s, at(a), at(c));
    ASSERT_NEAR(left.value + right.value, all.value, 1e-6);
    ASSERT_NEAR(left.covered.base() + right.covered.base(), all.covered.base(), 1e-8);
    ASSERT_NEAR(all.covered.base() + all.missing.base(), c - a, 1e-8);
  }
}

TEST(SeriesIntegral, LongRecordsKeepTheirDigits) {
  Series s;
  for (std::int64_t i = 0; i <= 1'000'000; ++i) s.add(Time{i * 1'000'000}, 0.1);
  const Integral i = integrate(s);
  EXPECT_NEAR(i.value, 100, 1e-10);
  EXPECT_NEAR(i.covered.base(), 1000, 1e-9);
}

TEST(SeriesTable, ThereAndBack) {
  const Series s = of({{0, 1}, {0.25, nan_value}, {1, 3}});
  const Table t = to_table(s);
  EXPECT_EQ(t.rows(), 3u);
  EXPECT_EQ(t.columns()[1].unit, "W");
  const Series back = to_series(t);
  EXPECT_EQ(back.times, s.times);
  EXPECT_EQ(back.name, "power");
  EXPECT_DOUBLE_EQ(back.values[2], 3);
  EXPECT_TRUE(std::isnan(back.values[1]));
}

TEST(SeriesTable, UnixSecondsAndIntegersAreRead) {
  Table t;
  t.number("timestamp").integer("count").number("power", "W");
  t.add_row({1.7e9, std::int64_t{4}, 2.5});
  t.add_row({std::monostate{}, std::int64_t{5}, 3.5});
  t.add_row({1.7e9 + 1, std::monostate{}, 4.5});
  const Series first = to_series(t);
  EXPECT_EQ(first.name, "count");
  ASSERT_EQ(first.size(), 2u);
  EXPECT_DOUBLE_EQ(first.values[0], 4);
  EXPECT_TRUE(std::isnan(first.values[1]));
  EXPECT_THAT(to_series(t, "power").values, ElementsAre(2.5, 4.5));
}

TEST(SeriesTable, SaysWhatIsMissing) {
  Table no_time;
  no_time.number("power", "W");
  Table no_value;
  no_value.time("time").text("name");
  for (const Table* t : {&no_time, &no_value}) EXPECT_THROW(to_series(*t), Error);
  EXPECT_THROW(to_series(no_value, "name"), Error);
  EXPECT_THROW(to_series(no_value, "powr"), Error);
  try {
    to_series(no_time);
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("power"));
  }
}

TEST(SeriesJson, TimesKeepTheirDigits) {
  JsonWriter w;
  Series s = of({{0, 1}, {0.25, nan_value}});
  write_json(w, s);
  EXPECT_EQ(
      w.str(),
      R"({"name":"power","unit":"W","times":["2023-11-14T22:13:20.000Z","2023-11-14T22:13:20.250Z"],"values":[1,null]})");
}

}  // namespace
}  // namespace wattline
