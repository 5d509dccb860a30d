#include "serve/budget.h"

#include <random>

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

using State = Budget::State;
Time at(const char* text) { return parse_time(text); }
std::string span(Window w, const char* text) {
  const auto s = window_at(w, at(text));
  return to_string(s.begin) + " " + to_string(s.end);
}

TEST(Windows, AreThoseOfTheCalendarInUtc) {
  EXPECT_EQ(span(Window::hour, "2026-11-25T14:59:59.999Z"), "2026-11-25T14:00:00Z 2026-11-25T15:00:00Z");
  EXPECT_EQ(span(Window::hour, "2026-11-25T15:00:00Z"), "2026-11-25T15:00:00Z 2026-11-25T16:00:00Z");
  EXPECT_EQ(span(Window::day, "2026-12-31T23:59:59Z"), "2026-12-31T00:00:00Z 2027-01-01T00:00:00Z");
  EXPECT_EQ(span(Window::month, "2026-12-31T23:59:59Z"), "2026-12-01T00:00:00Z 2027-01-01T00:00:00Z");
  EXPECT_EQ(span(Window::month, "2027-02-28T12:00:00Z"), "2027-02-01T00:00:00Z 2027-03-01T00:00:00Z");
  EXPECT_EQ(span(Window::month, "2028-02-29T12:00:00Z"), "2028-02-01T00:00:00Z 2028-03-01T00:00:00Z");
  EXPECT_EQ(span(Window::month, "2026-04-30T23:59:59Z"), "2026-04-01T00:00:00Z 2026-05-01T00:00:00Z");
  EXPECT_EQ(span(Window::day, "1969-12-31T23:00:00Z"), "1969-12-31T00:00:00Z 1970-01-01T00:00:00Z");
  EXPECT_EQ(span(Window::hour, "2026-11-25T01:30:00+02:00"), "2026-11-24T23:00:00Z 2026-11-25T00:00:00Z");
}

TEST(Windows, HoldTheirMomentWheneverItIs) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const Time t{static_cast<std::int64_t>(random())};
    for (const auto w : {Window::hour, Window::day, Window::month, Window::total}) {
      const auto s = window_at(w, t);
      ASSERT_TRUE(s.holds(t) || s.end.ns == INT64_MAX) << t.ns << " " << to_string(w);
      if (w == Window::total || s.begin.ns == INT64_MIN || s.end.ns == INT64_MAX) continue;
      ASSERT_EQ(window_at(w, s.begin), s);
      ASSERT_EQ(window_at(w, s.end).begin, s.end);  // one after the other, without gaps
      ASSERT_EQ(window_at(w, Time{s.begin.ns - 1}).end, s.begin);
    }
  }
  EXPECT_TRUE(window_at(Window::month, Time{INT64_MAX}).begin.ns > 0);
  EXPECT_TRUE(window_at(Window::month, Time{INT64_MIN}).end.ns < 0);
}

TEST(Budget, GoesFromFineOverSoftToExhausted) {
  Budget b({Resource::energy, Window::month, 100, 0.8});
  const Time now = at("2026-11-25T12:00:00Z");
  EXPECT_EQ(b.state(now), State::fine);
  b.add(79, now);
  EXPECT_EQ(b.state(now), State::fine);
  b.add(1, now);
  EXPECT_EQ(b.state(now), State::soft);
  b.reserve(19);
  EXPECT_EQ(b.state(now), State::soft);
  b.reserve(1);
  EXPECT_EQ(b.state(now), State::reserved);
  b.release(20);
  b.add(20, now);
  EXPECT_EQ(b.state(now), State::exhausted);
  EXPECT_EQ(to_string(b.resets(now)), "2026-12-01T00:00:00Z");
  EXPECT_EQ(b.state(at("2026-11-30T23:59:59.999999999Z")), State::exhausted);
  EXPECT_EQ(b.state(at("2026-12-01T00:00:00Z")), State::fine);
  EXPECT_EQ(b.used(at("2026-12-01T00:00:00Z")), 0);
}

TEST(Budget, WithoutASoftLimitItDoesNotWarn) {
  Budget b({Resource::money, Window::total, 10, 1});
  const Time now = at("2026-11-25");
  b.add(9.99, now);
  EXPECT_EQ(b.state(now), State::fine);
  b.add(0.01, now);
  EXPECT_EQ(b.state(at("2126-11-25")), State::exhausted);
}

TEST(Budget, OfNothingIsExhaustedFromTheStart) {
  EXPECT_EQ(Budget({Resource::tokens, Window::day, 0, 0.8}).state(at("2026-11-25")), State::exhausted);
}

TEST(Budget, AClockSetBackGivesNothingAnew) {
  Budget b({Resource::energy, Window::day, 100, 1});
  b.add(70, at("2026-11-25T23:00:00Z"));
  b.add(20, at("2026-11-26T00:10:00Z"));
  EXPECT_EQ(b.used(at("2026-11-26T00:10:00Z")), 20);
  EXPECT_EQ(b.used(at("2026-11-25T23:30:00Z")), 90);  // set back over midnight: both count
  EXPECT_EQ(b.used(at("2026-11-25T23:40:00Z")), 90);  // and once
  EXPECT_EQ(b.used(at("2026-11-20T00:00:00Z")), 90);  // set back by days
  EXPECT_EQ(b.used(at("2026-11-21T00:00:00Z")), 0);
}

TEST(Budget, AClockThatWasFarAheadDoesNotBlockForYears) {
  Budget b({Resource::energy, Window::month, 100, 1});
  b.add(60, at("2026-11-25"));
  b.add(60, at("2036-01-01"));
  EXPECT_EQ(b.used(at("2026-11-25")), 120);
  EXPECT_EQ(b.state(at("2026-11-26")), State::exhausted);
  EXPECT_EQ(b.state(at("2026-12-01")), State::fine);
}

TEST(Budget, WhatTheLedgerTellsCountsInItsWindow) {
  Budget b({Resource::energy, Window::month, 100, 1});
  const Time now = at("2026-11-25T12:00:00Z");
  b.add_past(50, at("2026-10-31T23:59:59Z"), now);
  b.add_past(30, at("2026-11-01T00:00:00Z"), now);
  b.add_past(10, at("2026-11-25T11:00:00Z"), now);
  b.add_past(5, at("2026-12-03T00:00:00Z"), now);  // written under a clock that was ahead
  b.add_past(-5, at("2026-11-25T11:00:00Z"), now);
  EXPECT_EQ(b.used(now), 45);
}

TEST(Budget, AmountsArePrintedForPeople) {
  EXPECT_EQ(amount_text(Resource::energy, 3.6e6), "1 kWh");
  EXPECT_EQ(amount_text(Resource::carbon, 1500), "1.5 kgCO2e");
  EXPECT_EQ(amount_text(Resource::money, 12.5), "12.5 USD");
  EXPECT_EQ(amount_text(Resource::tokens, 1000), "1000 tokens");
}

}  // namespace
}  // namespace wattline::serve
