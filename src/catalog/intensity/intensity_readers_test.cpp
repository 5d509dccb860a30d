#include "catalog/intensity/intensity_readers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline::catalog {
namespace {

using testing::AllOf;
using testing::HasSubstr;

template <class F>
std::string message(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}
IntensityFile csv(std::string_view text, const IntensityCsvOptions& o = {}) {
  return read_intensity_csv(text, "f.csv", o);
}
std::string csv_error(std::string_view text, const IntensityCsvOptions& o = {}) {
  return message([&] { csv(text, o); });
}

TEST(IntensityCsv, ReadsUnitsOrderRepeatsAndEmptyCells) {
  const auto f =
      csv("\xef\xbb\xbftime;value [kgCO2e/MWh];estimated\r\n2026-01-01T01:00Z;200;true\r\n"
          "2026-01-01T00:00Z;100.5;false\r\n2026-01-01 02:00;;\r\n2026-01-01T01:00Z;200;false\r\n");
  ASSERT_EQ(f.samples.size(), 2u);
  EXPECT_EQ(f.samples[0].begin, parse_time("2026-01-01T00:00Z"));
  EXPECT_DOUBLE_EQ(f.samples[0].grams, 100.5) << "kg/MWh is g/kWh";
  EXPECT_FALSE(f.samples[1].estimated) << "a figure repeats an estimate";
  EXPECT_EQ(f.repeated, 1);
  EXPECT_EQ(f.empty, 1);
  EXPECT_EQ(f.step_ns, 3600'000'000'000);
  EXPECT_FALSE(f.kind) << "a CSV does not say";
}

TEST(IntensityCsv, TakesTheColumnAndTheUnitThatAreAskedFor) {
  const IntensityCsvOptions o{"Carbon intensity (Life cycle)", "g/kWh"};
  const auto f = csv(
      "Zone,Datetime,Carbon intensity (direct),Carbon intensity (Life cycle)\nFR,2026-01-01T00:00+01:00,20,31\n", o);
  EXPECT_EQ(f.samples[0].grams, 31);
  EXPECT_EQ(f.samples[0].begin, parse_time("2025-12-31T23:00Z"));
  EXPECT_EQ(f.step_ns, 0) << "one value tells no step";
  EXPECT_THAT(csv_error("time,direct,cycle\n2026-01-01,1,2\n", {"cicle", "g/kWh"}), HasSubstr("cycle"));
  EXPECT_THAT(csv_error("time,direct\n2026-01-01,1\n", {"time", "g/kWh"}), HasSubstr("column of times"));
}

TEST(IntensityCsv, RefusesWhatItCannotKnow) {
  EXPECT_THAT(csv_error("Time,Carbon Intensity\n2020-01-01 00:00:00,120\n"),
              AllOf(HasSubstr("no unit"), HasSubstr("--unit")));
  EXPECT_THAT(csv_error("time,v [W]\n2020-01-01,1\n"), HasSubstr("'W' is no unit"));
  EXPECT_THAT(csv_error("time,v [g/kWh]\n2020-01-01,1\n", {"", "kg/kWh"}), HasSubstr("--unit says"));
  EXPECT_THAT(csv_error("time,v [g/kWh]\n2020-01-01,\"1,234\"\n"),
              AllOf(HasSubstr("f.csv:2:2"), HasSubstr("thousands")));
  EXPECT_THAT(csv_error("time;v [g/kWh]\n2020-01-01;12,5\n"), AllOf(HasSubstr("12,5"), HasSubstr("decimal point")));
  EXPECT_THAT(csv_error("time,v [g/kWh]\n31.12.2020 00:00,1\n"), HasSubstr("f.csv:2:1"));
  EXPECT_THAT(csv_error("time,v [g/kWh]\n2020-01-01\n"), AllOf(HasSubstr("f.csv:2"), HasSubstr("header has 2")));
  EXPECT_THAT(csv_error("time,v [kg/kWh]\n2020-01-01,120\n"), AllOf(HasSubstr("120000"), HasSubstr("unit right")));
  EXPECT_THAT(csv_error("time,v [g/kWh]\n2020-01-01,nan\n"), HasSubstr("no value"));
  EXPECT_THAT(csv_error("time,v [g/kWh]\n2020-01-01,inf\n"), HasSubstr("inf"));
  EXPECT_THAT(csv_error(""), HasSubstr("f.csv"));
  EXPECT_THAT(csv_error("time\n"), HasSubstr("one column"));
  EXPECT_THAT(csv_error("time,v [g/kWh]\n"), HasSubstr("no values"));
  EXPECT_THAT(csv_error(std::string_view("\xff\xfet\0i\0", 6)), HasSubstr("UTF-16"));
}

TEST(IntensityCsv, TheRepeatedHourOfLocalTimeIsNotGuessedAt) {
  EXPECT_THAT(csv_error("time,v [g/kWh]\n2020-10-25 01:00,100\n2020-10-25 02:00,110\n2020-10-25 02:00,120\n"),
              AllOf(HasSubstr("f.csv:4"), HasSubstr("110"), HasSubstr("120"), HasSubstr("clocks")));
  EXPECT_EQ(csv("time,v [g/kWh]\n2020-10-25T02:00+02:00,110\n2020-10-25T02:00+01:00,120\n").samples.size(), 2u);
}

// --- Electricity Maps: the documented answers.
constexpr const char* latest =
    R"({"zone":"FR","carbonIntensity":302,"datetime":"2026-04-25T18:00:00.000Z","updatedAt":"2026-04-25T18:07:01.000Z",
    "createdAt":"2026-04-22T18:40:00.000Z","emissionFactorType":"lifecycle","isEstimated":true,
    "estimationMethod":"TIME_SLICER_AVERAGE"})";

TEST(ElectricityMaps, LatestHistoryAndForecast) {
  const auto f = read_electricity_maps(latest, "latest.json");
  EXPECT_EQ(f.zone, "FR");
  EXPECT_EQ(f.emissions, "lifecycle");
  EXPECT_EQ(*f.kind, IntensityKind::average);
  ASSERT_EQ(f.samples.size(), 1u);
  EXPECT_EQ(f.samples[0].grams, 302);
  EXPECT_TRUE(f.samples[0].estimated);
  EXPECT_EQ(f.step_ns, 3600'000'000'000);

  for (const char* list : {"history", "data"}) {
    const std::string text =
        std::string(R"({"zone":"DE",")") + list +
        R"(":[{"zone":"DE","carbonIntensity":400,"datetime":"2026-04-25T01:00:00Z","isEstimated":false,
      "emissionFactorType":"direct"},{"zone":"DE","carbonIntensity":null,"datetime":"2026-04-25T02:00:00Z"},
      {"zone":"DE","carbonIntensity":390,"datetime":"2026-04-25T00:00:00Z","isEstimated":false}]})";
    const auto h = read_electricity_maps(text, "h.json");
    ASSERT_EQ(h.samples.size(), 2u) << list;
    EXPECT_EQ(h.samples[0].grams, 390);
    EXPECT_EQ(h.empty, 1);
    EXPECT_EQ(h.emissions, "direct");
  }
  const auto forecast = read_electricity_maps(
      R"({"zone":"DE","forecast":[{"carbonIntensity":1,"datetime":"2026-04-25T01:00:00Z"}]})", "x");
  EXPECT_TRUE(forecast.samples[0].estimated);
}

TEST(ElectricityMaps, RefusesErrorsAndMixtures) {
  const auto error = [](const char* text) { return message([&] { read_electricity_maps(text, "x.json"); }); };
  EXPECT_THAT(error(R"({"error":"Request unauthorized"})"), HasSubstr("carbonIntensity"));
  EXPECT_THAT(error(R"({"zone":"DE","history":[]})"), HasSubstr("no values"));
  EXPECT_THAT(error(R"({"history":[{"zone":"DE","carbonIntensity":4,"datetime":"2026-04-25T01:00:00Z"},
      {"zone":"FR","carbonIntensity":3,"datetime":"2026-04-25T02:00:00Z"}]})"),
              AllOf(HasSubstr("history[1]"), HasSubstr("two series")));
  EXPECT_THAT(
      error(R"({"history":[{"carbonIntensity":4,"datetime":"2026-04-25T01:00:00Z","emissionFactorType":"direct"},
      {"carbonIntensity":3,"datetime":"2026-04-25T02:00:00Z","emissionFactorType":"lifecycle"}]})"),
      HasSubstr("emissionFactorType"));
  EXPECT_THAT(error(R"({"zone":"DE","carbonIntensity":"4","datetime":"2026-04-25T01:00:00Z"})"), HasSubstr("x.json"));
  EXPECT_THAT(error(R"({"zone":"DE","carbonIntensity":-4,"datetime":"2026-04-25T01:00:00Z"})"), HasSubstr("-4"));
  EXPECT_THAT(error("[1]"), HasSubstr("[0]"));
  EXPECT_THAT(error("7"), HasSubstr("object"));
  EXPECT_THAT(error("{"), HasSubstr("x.json"));
}

// --- WattTime v3.
TEST(WattTime, MarginalPoundsBecomeGrams) {
  const auto f = read_watttime(R"({"data":[{"point_time":"2026-04-25T00:00:00+00:00","value":1000.0},
      {"point_time":"2026-04-25T00:05:00+00:00","value":900}],
      "meta":{"region":"CAISO_NORTH","signal_type":"co2_moer","units":"lbs_co2_per_mwh","data_point_period_seconds":300,
      "model":{"date":"2023-03-01"},"generated_at":"2026-04-25T00:02:00+00:00","warnings":[]}})",
                               "w.json");
  EXPECT_EQ(*f.kind, IntensityKind::marginal);
  EXPECT_EQ(f.zone, "CAISO_NORTH");
  EXPECT_EQ(f.model, "2023-03-01");
  ASSERT_EQ(f.samples.size(), 2u);
  EXPECT_NEAR(f.samples[0].grams, 453.592, 1e-9);
  EXPECT_FALSE(f.samples[0].estimated);
  EXPECT_TRUE(f.samples[1].estimated) << "after generated_at it is a forecast";
  EXPECT_EQ(f.step_ns, 300'000'000'000);
}

TEST(WattTime, RefusesOtherSignalsAndUnits) {
  const auto error = [](const std::string& signal, const std::string& unit) {
    return message([&] {
      read_watttime(
          R"({"data":[{"point_time":"2026-04-25T00:00:00Z","value":1}],"meta":{"region":"X","signal_type":")" + signal +
              R"(","units":")" + unit + "\"}}",
          "w.json");
    });
  };
  EXPECT_THAT(error("health_damage", "lbs_co2_per_mwh"), HasSubstr("co2_moer"));
  EXPECT_THAT(error("co2_moer", "percentile"), AllOf(HasSubstr("percentile"), HasSubstr("meta.units")));
  EXPECT_EQ(error("co2_aoer", "lbs_co2_per_mwh"), "no error");
  EXPECT_THAT(message([] { read_watttime(R"({"data":[]})", "w"); }), HasSubstr("meta"));
  EXPECT_THAT(message([] { read_watttime("[]", "w"); }), HasSubstr("object"));
}

TEST(IntensityFormat, IsFoundFromTheText) {
  EXPECT_EQ(read_intensity(IntensityFormat::automatic, latest, "x").format, IntensityFormat::electricity_maps);
  EXPECT_EQ(read_intensity(IntensityFormat::automatic, "time,v [g/kWh]\n2020-01-01,1\n", "x").format,
            IntensityFormat::csv);
  EXPECT_EQ(read_intensity(IntensityFormat::automatic,
                           R"({"data":[{"point_time":"2026-04-25T00:00:00Z","value":1}],
                           "meta":{"signal_type":"co2_moer","units":"lbs_co2_per_mwh"}})",
                           "x")
                .format,
            IntensityFormat::watttime);
}

}  // namespace
}  // namespace wattline::catalog
