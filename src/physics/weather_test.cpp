#include "physics/weather.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "physics/wet_bulb.h"

namespace wattline::physics {
namespace {

using testing::HasSubstr;

std::string refused(const std::string& text) {
  try {
    read_weather(text, "w.csv");
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::bad_input);
    return e.what();
  }
  return "";
}

TEST(Weather, ReadsTemperatureAndHumidity) {
  const auto w =
      read_weather("time,temperature [°C],humidity [%]\n2025-07-01T00:00,20,50\n2025-07-01T01:00,21.5,48\n", "");
  ASSERT_EQ(w.hours.size(), 2u);
  EXPECT_EQ(w.hours[1].month, 7);
  EXPECT_EQ(w.hours[1].day, 1);
  EXPECT_EQ(w.hours[1].hour, 1);
  EXPECT_DOUBLE_EQ(w.hours[1].dry_celsius, 21.5);
  EXPECT_DOUBLE_EQ(w.hours[1].humidity_percent, 48);
  EXPECT_TRUE(std::isnan(w.hours[1].wet_celsius));
  EXPECT_FALSE(w.has_wet_bulb);
  EXPECT_EQ(w.filled + w.repeated + w.skipped, 0u);
}

TEST(Weather, UnitsOfTheHeaderAreHeeded) {
  const auto w = read_weather("timestamp;temp_f;rh [1];pressure [hPa];load_kw\n2025-01-31 23:00;68;0.5;900;12\n", "");
  EXPECT_NEAR(w.hours[0].dry_celsius, 20, 1e-9);
  EXPECT_NEAR(w.hours[0].humidity_percent, 50, 1e-9);
  EXPECT_NEAR(w.hours[0].pascal, 90000, 1e-6);
  EXPECT_EQ(w.hours[0].load, 12);
  EXPECT_TRUE(w.has_load && w.has_pressure);
  EXPECT_NEAR(read_weather("time,wet bulb [K]\n2025-01-31,290\n", "").hours[0].wet_celsius, 16.85, 1e-9);
  EXPECT_NEAR(read_weather("time,wetbulb_f\n2025-01-31,50\n", "").hours[0].wet_celsius, 10, 1e-9);
}

TEST(Weather, ShortGapsAreFilledAndCounted) {
  const auto w = read_weather(
      "time,t,rh\n2025-01-01T00:00,10,\n2025-01-01T01:00,,60\n2025-01-01T02:00,NA,70\n2025-01-01T03:00,16,80\n", "");
  EXPECT_EQ(w.filled, 3u);
  EXPECT_DOUBLE_EQ(w.hours[1].dry_celsius, 12);
  EXPECT_DOUBLE_EQ(w.hours[2].dry_celsius, 14);
  EXPECT_DOUBLE_EQ(w.hours[0].humidity_percent, 60);
  std::string text = "time,t,rh\n";
  for (int i = 0; i < 9; ++i)
    text += "2025-01-01T0" + std::to_string(i) + ":00,10," + (i > 0 && i < 8 ? "" : "50") + "\n";
  EXPECT_THAT(refused(text), AllOf(HasSubstr("w.csv:3"), HasSubstr("7 rows")));
}

// The clock goes back in autumn (an hour comes twice) and forward in spring (an hour is not there).
TEST(Weather, DaylightSavingIsNoFault) {
  const auto autumn = read_weather(
      "time,t,rh\n2025-10-26T01:00,9,80\n2025-10-26T02:00,9,80\n2025-10-26T02:00,8,80\n2025-10-26T03:00,8,80\n", "");
  EXPECT_EQ(autumn.repeated, 1u);
  EXPECT_EQ(autumn.hours.size(), 4u);
  const auto spring = read_weather("time,t,rh\n2025-03-30T01:00+01:00,9,80\n2025-03-30T03:00+02:00,9,80\n", "");
  EXPECT_EQ(spring.skipped, 1u);
  EXPECT_EQ(spring.hours[1].hour, 3) << "the clock's own hour";
}

TEST(Weather, WhatCannotBeIsRefused) {
  EXPECT_THAT(refused(""), HasSubstr("empty"));
  EXPECT_THAT(refused("time,t,rh\n"), HasSubstr("no row"));
  EXPECT_THAT(refused("time,t\n2025-01-01,9\n"), HasSubstr("humidity"));
  EXPECT_THAT(refused("t,rh\n9,80\n"), HasSubstr("time"));
  EXPECT_THAT(refused("time,t,rh\n2025-01-01,9\n"), HasSubstr("w.csv:2"));
  EXPECT_THAT(refused("time,t,rh\n2025-01-01,warm,50\n"), HasSubstr("'warm' is no number"));
  EXPECT_THAT(refused("time,t,rh\n2025-01-01,95,50\n"), HasSubstr("unit"));
  EXPECT_THAT(refused("time,t,rh\n2025-01-01,9,150\n"), HasSubstr("0 to 110"));
  EXPECT_THAT(refused("time,t,rh\nyesterday,9,50\n"), HasSubstr("'yesterday' is no time"));
  EXPECT_THAT(refused("time,t,rh,temp\n2025-01-01,9,50,9\n"), HasSubstr("two columns of dry bulb"));
  EXPECT_THAT(refused("time,t [furlong],rh\n2025-01-01,9,50\n"), HasSubstr("furlong"));
  EXPECT_THAT(refused("time,t,rh\n2025-01-02,9,50\n2025-01-01,9,50\n"), HasSubstr("before the row above"));
  EXPECT_THAT(refused("time,t,wet bulb\n2025-01-01,9,12\n"), HasSubstr("over dry bulb"));
  EXPECT_THAT(refused("time,t,rh,load\n2025-01-01,9,50,-1\n"), HasSubstr("load"));
  EXPECT_THAT(refused("LOCATION,X\n"), HasSubstr("EPW"));
  EXPECT_THAT(refused("LOCATION,X\n\n\n\n\n\n\n\n2001,1,1\n"), HasSubstr("w.csv:9"));
  EXPECT_THAT(refused("LOCATION,X\n\n\n\n\n\n\n\n2001,13,1,1,0,?,5,1,50,90000\n"), HasSubstr("month"));
}

TEST(Weather, EpwIsRead) {
  const std::string head = "LOCATION,Somewhere,XX,YYY,TMY3,1,0,0,0,809.0\n2\n3\n4\n5\n6\n7\n8\n";
  const auto w = read_weather(head + "2003,1,1,1,0,?9,5.6,-2.9,53,92100,0,0\r\n1999,1,1,2,0,?9,99.9,-2.6,999,92100\n" +
                                  "1999,1,1,24,0,?9,4.6,-2.6,57,92100\n",
                              "x.epw");
  ASSERT_EQ(w.hours.size(), 3u);
  EXPECT_EQ(w.station, "Somewhere, XX, YYY");
  EXPECT_EQ(w.altitude, 809);
  EXPECT_EQ(w.hours[0].hour, 0);
  EXPECT_EQ(w.hours[2].hour, 23);
  EXPECT_EQ(w.filled, 2u);
  EXPECT_NEAR(w.hours[1].dry_celsius, 5.1, 1e-9);
  EXPECT_NEAR(w.hours[1].humidity_percent, 55, 1e-9);
  EXPECT_EQ(w.hours[0].pascal, 92100);
}

}  // namespace
}  // namespace wattline::physics
