#include "kernel/time.h"

#include <ctime>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline {
namespace {

using testing::HasSubstr;

constexpr std::int64_t s = 1'000'000'000;

std::string message(std::string_view text) {
  try {
    parse_time(text);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(ParseTime, ReadsIso8601) {
  const Time t = parse_time("2026-11-24T14:03:00Z");
  EXPECT_EQ(t.ns, 1795528980 * s);
  for (const char* same :
       {"2026-11-24T14:03Z", "2026-11-24 14:03", "2026-11-24T14:03:00", "2026-11-24t14:03:00.000z",
        "2026-11-24T15:03:00+01:00", "2026-11-24T15:03:00+01", "2026-11-24T19:33:00+0530", "2026-11-24 06:03:00 -0800",
        "2026-11-24T14:03:00+00:00", "2026-11-24 14:03:00 UTC", "  2026-11-24T14:03:00Z\t", "2026-11-23T20:03:00-18:00",
        "2026/11/24 14:03:00.000", "1795528980", "1795528980.0", "+1795528980", "1.79552898e9"})
    EXPECT_EQ(parse_time(same).ns, t.ns) << same;
  EXPECT_EQ(parse_time("2026-11-24").ns, 1795478400 * s);
  EXPECT_EQ(parse_time("2026-11-23T24:00").ns, 1795478400 * s);
}

TEST(ParseTime, FractionsAreExact) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.5Z").ns, s / 2);
  EXPECT_EQ(parse_time("1970-01-01T00:00:00,000000001").ns, 1);
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.1234567899Z").ns, 123456789);
  EXPECT_EQ(parse_time("1795528980.123456789").ns, 1795528980 * s + 123456789);
  EXPECT_EQ(parse_time("-0.25").ns, -s / 4);
  EXPECT_EQ(parse_time("1969-12-31T23:59:59.75Z").ns, -s / 4);
}

TEST(ParseTime, KnowsTheCalendar) {
  EXPECT_EQ(parse_time("2024-02-29").ns, 1709164800 * s);
  EXPECT_EQ(parse_time("2000-02-29").ns, 951782400 * s);
  EXPECT_EQ(parse_time("2016-12-31T23:59:60Z"), parse_time("2017-01-01"));
  for (const char* none : {"2026-02-29", "1900-02-29", "2100-02-29", "2026-04-31", "2026-01-00"})
    EXPECT_THAT(message(none), HasSubstr("a day that its month does not have")) << none;
  EXPECT_THAT(message("2026-13-01"), HasSubstr("month"));
  for (const char* none : {"2026-01-01T24:01", "2026-01-01T25:00", "2026-01-01T12:60", "2026-01-01T12:00:60"})
    EXPECT_THAT(message(none), HasSubstr("does not exist")) << none;
}

TEST(ParseTime, RefusesWhatItCannotHold) {
  EXPECT_THAT(message("2263-01-01"), HasSubstr("1677 to 2262"));
  EXPECT_THAT(message("1677-01-01"), HasSubstr("1677 to 2262"));
  EXPECT_THAT(message("0000-01-01"), HasSubstr("1677 to 2262"));
  EXPECT_THAT(message("1795528980000"), testing::AllOf(HasSubstr("1677 to 2262"), HasSubstr("in seconds")));
  EXPECT_THAT(message("1e300"), HasSubstr("1677 to 2262"));
  EXPECT_THAT(message("99999999999999999999999"), HasSubstr("1677 to 2262"));
  EXPECT_EQ(message("2262-04-11"), "");
  EXPECT_EQ(message("1677-09-22"), "");
}

TEST(ParseTime, AsksBackWhereADateAndAUnixTimeLookAlike) {
  EXPECT_THAT(message("2026"), testing::AllOf(HasSubstr("2026-01-01"), HasSubstr("2026.0")));
  EXPECT_THAT(message("20261124"), HasSubstr("2026-11-24"));
  EXPECT_EQ(parse_time("2026.0").ns, 2026 * s);
  EXPECT_EQ(parse_time("20261324").ns, 20261324 * s);
  EXPECT_EQ(parse_time("0").ns, 0);
}

TEST(ParseTime, RefusesEverythingElseAndSaysWhatItFound) {
  EXPECT_THAT(message(""), HasSubstr("empty"));
  for (const char* bad : {"yesterday",
                          "2026-11",
                          "26-11-24",
                          "2026/11-24",
                          "11/24/2026",
                          "24.11.2026",
                          "2026-11-24T",
                          "2026-11-24Tx",
                          "2026-11-24T14",
                          "2026-11-24T14:3",
                          "2026-11-24T14:03:",
                          "2026-11-24T14:03:0",
                          "2026-11-24T14:03:00.",
                          "2026-11-24T14:03:00X",
                          "2026-11-24T14:03:00+",
                          "2026-11-24T14:03:00+1",
                          "2026-11-24T14:03:00+01:",
                          "2026-11-24T14:03:00+01:00:00",
                          "2026-11-24T14:03:00+19:00",
                          "2026-11-24T14:03:00+01:60",
                          "2026-11-24T14:03:00 Zx",
                          "1.",
                          "1.5.2",
                          "--1",
                          "-",
                          "+",
                          "1e",
                          "0x10",
                          "nan",
                          "inf",
                          "-inf",
                          "1795528980s",
                          "\xFF"})
    EXPECT_THAT(message(bad), HasSubstr(bad)) << bad;
}

TEST(TimeText, ShowsWhatItHolds) {
  EXPECT_EQ(to_string(Time{0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_string(Time{-1}), "1969-12-31T23:59:59Z");
  EXPECT_EQ(to_string(Time{-1}, 9), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(to_string(Time{1'234'567'890}, 3), "1970-01-01T00:00:01.234Z");
  EXPECT_EQ(to_string(Time{INT64_MAX}, 9), "2262-04-11T23:47:16.854775807Z");
  EXPECT_EQ(to_string(Time{INT64_MIN}, 9), "1677-09-21T00:12:43.145224192Z");
  EXPECT_EQ(to_string(Time{0}, -3), to_string(Time{0}));
  EXPECT_EQ(to_string(Time{0}, 99), "1970-01-01T00:00:00.000000000Z");
}

TEST(TimeText, ReadsBackAsTheSameInstant) {
  std::mt19937_64 random(7);
  std::uniform_int_distribution<std::int64_t> any(-9'223'372'035 * s, 9'223'372'035 * s);
  for (int i = 0; i < 20'000; ++i) {
    const Time t{any(random) / (i % 4 == 0 ? 1 : i % 4 == 1 ? 1000 : 1'000'000) * (i % 4 == 2 ? 1'000'000 : 1)};
    ASSERT_EQ(parse_time(to_string(t, 9)), t) << t.ns;
    ASSERT_EQ(parse_time(to_string(t, fraction_digits_of(t))), t) << t.ns;
  }
}

// The C library's calendar as the reference.
TEST(TimeText, AgreesWithTheCLibrary) {
  std::mt19937_64 random(8);
  std::uniform_int_distribution<std::int64_t> any(-9'000'000'000, 9'000'000'000);
  for (int i = 0; i < 5'000; ++i) {
    const std::time_t seconds = any(random);
    std::tm civil{};
    ASSERT_NE(gmtime_r(&seconds, &civil), nullptr);
    char text[40];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &civil);
    ASSERT_EQ(to_string(Time{seconds * s}), text);
  }
}

TEST(TimeText, FractionDigitsAreAsManyAsNeeded) {
  EXPECT_EQ(fraction_digits_of(Time{-3 * s}), 0);
  EXPECT_EQ(fraction_digits_of(Time{s / 2}), 3);
  EXPECT_EQ(fraction_digits_of(Time{1'000}), 6);
  EXPECT_EQ(fraction_digits_of(Time{-1}), 9);
}

TEST(TimeArithmetic, SecondsAndBack) {
  const Time t = parse_time("2026-11-24T14:03:00Z");
  EXPECT_EQ((t + Duration(90)) - t, Duration(90));
  EXPECT_LT(t, t + Duration(1e-9));
}

TEST(Clocks, GoForward) {
  const std::int64_t a = monotonic_ns();
  EXPECT_LE(a, monotonic_ns());
  EXPECT_GT(Time::now(), parse_time("2020-01-01"));
}

}  // namespace
}  // namespace wattline
