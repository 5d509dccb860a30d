#include "ledger/budget/forecast.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace wattline::ledger {
namespace {

TEST(Span, CalendarPeriodsOfAMoment) {
  const auto expect = [](Period p, const char* at, const char* begin, const char* end) {
    const Span s = span_at(p, parse_time(at));
    EXPECT_EQ(to_string(s.begin), begin) << at;
    EXPECT_EQ(to_string(s.end), end) << at;
  };
  expect(Period::month, "2026-11-25T12:00:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
  expect(Period::month, "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z");
  expect(Period::month, "2028-02-29", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z");
  expect(Period::quarter, "2026-11-25", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z");
  expect(Period::quarter, "2026-04-01", "2026-04-01T00:00:00Z", "2026-07-01T00:00:00Z");
  expect(Period::year, "2026-01-01", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
  expect(Period::year, "1969-07-20", "1969-01-01T00:00:00Z", "1970-01-01T00:00:00Z");
}

TEST(Forecast, EvenDaysGoOnEvenly) {
  const DailyUse seen{day_of(parse_time("2026-11-01")), std::vector<double>(20, 10.0)};
  const auto f = forecast(seen, parse_time("2026-11-21"), parse_time("2026-12-01"), 55);
  EXPECT_DOUBLE_EQ(f.rest, 100);
  EXPECT_NEAR(f.rest_sd, 0, 1e-12);
  ASSERT_TRUE(f.reached);
  EXPECT_EQ(to_string(*f.reached), "2026-11-26T12:00:00Z");
  EXPECT_NEAR((*f.reached - *f.earliest).base(), 0, 1e-6);
  EXPECT_NEAR((*f.reached - *f.latest).base(), 0, 1e-6);
  EXPECT_FALSE(forecast(seen, parse_time("2026-11-21"), parse_time("2026-12-01"), 100.001).reached);
  // What is used up already is used up now.
  EXPECT_EQ(*forecast(seen, parse_time("2026-11-21"), parse_time("2026-12-01"), -1).reached, parse_time("2026-11-21"));
}

TEST(Forecast, WeekendsAreNotWorkingDays) {
  DailyUse seen{day_of(parse_time("2026-11-02")), {}};  // a Monday
  for (int week = 0; week < 2; ++week) seen.amounts.insert(seen.amounts.end(), {10, 10, 10, 10, 10, 0, 0});
  // From a Saturday to the Monday after the next week's Sunday: five working days.
  const auto f = forecast(seen, parse_time("2026-11-14"), parse_time("2026-11-23"), 1e9);
  EXPECT_DOUBLE_EQ(f.rest, 50);
  // With one week there are too few weekends to tell.
  seen.amounts.resize(7);
  EXPECT_NEAR(forecast(seen, parse_time("2026-11-14"), parse_time("2026-11-23"), 1e9).rest, 9 * 50.0 / 7, 1e-9);
}

TEST(Forecast, NineteenOfTwentyEndWithinTheInterval) {
  std::mt19937_64 random(11);
  std::gamma_distribution<double> day(4, 2.5);
  int inside = 0;
  constexpr int rounds = 4000;
  for (int round = 0; round < rounds; ++round) {
    DailyUse seen{day_of(parse_time("2026-11-01")), {}};
    for (int i = 0; i < 28; ++i) seen.amounts.push_back(day(random));
    const auto f = forecast(seen, parse_time("2026-11-29"), parse_time("2026-12-13"), 1e9);
    double came = 0;
    for (int i = 0; i < 14; ++i) came += day(random);
    inside += std::abs(came - f.rest) <= 1.96 * f.rest_sd;
  }
  EXPECT_NEAR(static_cast<double>(inside) / rounds, 0.95, 0.02);
}

}  // namespace
}  // namespace wattline::ledger
