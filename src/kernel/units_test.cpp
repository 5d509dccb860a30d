#include "kernel/units.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string error_of(auto&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(ParseQuantity, ReadsUnitsAndPrefixes) {
  EXPECT_DOUBLE_EQ(parse<Energy>("12 kWh").in(units::kWh), 12);
  EXPECT_DOUBLE_EQ(parse<Power>("300 mW").in(units::W), 0.3);
  EXPECT_DOUBLE_EQ(parse<Power>("300mW").in(units::W), 0.3);
  EXPECT_DOUBLE_EQ(parse<Duration>("1.5 h").in(units::minute), 90);
  EXPECT_DOUBLE_EQ(parse<Duration>("1h30m").in(units::minute), 90);
  EXPECT_DOUBLE_EQ(parse<Duration>("2d 3h 15min 2s").base(), 2 * 86400 + 3 * 3600 + 15 * 60 + 2);
  EXPECT_DOUBLE_EQ(parse<Duration>("100ms").base(), 0.1);
  EXPECT_DOUBLE_EQ(parse<CarbonIntensity>("475 gCO2e/kWh").base(), 475 / 3.6e6);
  EXPECT_DOUBLE_EQ(parse<CarbonIntensity>("0.475 kgCO2e/kWh").base(), 475 / 3.6e6);
  EXPECT_DOUBLE_EQ(parse<Volume>("3 µL").base(), 3e-6);
  EXPECT_DOUBLE_EQ(parse<Bandwidth>("3.35 TB/s").base(), 3.35e12);
  EXPECT_DOUBLE_EQ(parse<ComputeRate>("989 TFLOP/s").base(), 989e12);
  EXPECT_DOUBLE_EQ(parse<EnergyPerToken>("0.4 J/token").base(), 0.4);
  EXPECT_DOUBLE_EQ(parse<Ratio>("45 %"), 0.45);
  EXPECT_DOUBLE_EQ(parse<Energy>("-3e2 J").base(), -300);
}

TEST(ParseQuantity, BareNumberTakesTheFallbackUnit) {
  EXPECT_DOUBLE_EQ(parse<Duration>("12", "h").in(units::hour), 12);
  EXPECT_THAT(error_of([] { parse<Duration>("12"); }), HasSubstr("no unit"));
}

TEST(ParseQuantity, RefusesWhatItIsNot) {
  EXPECT_THAT(error_of([] { parse<Energy>("12 W"); }), HasSubstr("'W' measures power, not energy"));
  EXPECT_THAT(error_of([] { parse<Carbon>("500kg"); }),
              AllOf(HasSubstr("'kg' measures mass, not carbon"), HasSubstr("write '500 kgCO2e'")));
  EXPECT_THAT(error_of([] { parse<Carbon>("2.5 t"); }), HasSubstr("write '2.5 tCO2e'"));
  EXPECT_THAT(error_of([] { parse<CarbonIntensity>("12 g/kWh"); }), HasSubstr("write '12 gCO2e/kWh'"));
  EXPECT_THAT(error_of([] { parse<Carbon>("3 kWh"); }), Not(HasSubstr("write")));
  EXPECT_THAT(error_of([] { parse<Energy>("3 kg"); }), Not(HasSubstr("CO2e")));
  EXPECT_THAT(error_of([] { parse<Energy>("12 kWhh"); }), HasSubstr("unknown unit"));
  EXPECT_THAT(error_of([] { parse<Energy>("12 kwh"); }), HasSubstr("kWh"));
  EXPECT_THAT(error_of([] { parse<Energy>("lots"); }), HasSubstr("does not begin with a number"));
  EXPECT_THAT(error_of([] { parse<Energy>(""); }), HasSubstr("empty"));
  EXPECT_THAT(error_of([] { parse<Energy>("nan J"); }), HasSubstr("finite"));
  EXPECT_THAT(error_of([] { parse<Energy>("1e999 J"); }), HasSubstr("finite"));
  EXPECT_THAT(error_of([] { parse<Energy>("1 J 2"); }), HasSubstr("unknown unit"));
  EXPECT_THAT(error_of([] { parse<Duration>("1h30"); }), HasSubstr("no unit"));
  EXPECT_THAT(error_of([] { parse_unit("J/"); }), HasSubstr("ends in an operator"));
}

TEST(ParseTemperature, KnowsTheScales) {
  EXPECT_DOUBLE_EQ(parse_temperature("21 °C").in_celsius(), 21);
  EXPECT_NEAR(parse_temperature("70 F").in_celsius(), 21.111, 1e-3);
  EXPECT_THAT(error_of([] { parse_temperature("-300 °C"); }), HasSubstr("absolute zero"));
}

TEST(Format, PicksTheUnitThatReadsBest) {
  EXPECT_EQ(to_string(Energy(3.2e-4)), "320 µJ");
  EXPECT_EQ(to_string(Energy(5.4e6)), "1.5 kWh");
  EXPECT_EQ(to_string(Energy(12.5e3)), "12.5 kJ");
  EXPECT_EQ(to_string(Carbon(0.648888)), "648.9 mgCO2e");
  EXPECT_EQ(to_string(Duration(5400)), "1.5 h");
  EXPECT_EQ(to_string(CarbonIntensity(475 / 3.6e6)), "475 gCO2e/kWh");
  EXPECT_EQ(to_string(Energy(0)), "0 J");
  EXPECT_EQ(to_string(Energy(0.999999)), "1 J");
  EXPECT_EQ(format_number(1234567.0), "1234567");
  EXPECT_EQ(format_number(0.000123456), "0.0001235");
  EXPECT_EQ(format_number(std::nan("")), "-");
}

// Printing and reading agree for every named dimension.
TEST(Format, RoundTrips) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> exponent(-8, 12);
  const auto check = [&](Dimension d) {
    const double x = std::pow(10, exponent(random));
    EXPECT_NEAR(parse_quantity(format_quantity(x, d, 15), d) / x, 1, 1e-12) << format_quantity(x, d, 15);
  };
  for (int i = 0; i < 200; ++i) {
    check(Energy::dimension);
    check(Power::dimension);
    check(Duration::dimension);
    check(Carbon::dimension);
    check(Volume::dimension);
    check(CarbonIntensity::dimension);
    check(ComputeRate::dimension);
    check(EnergyPerToken::dimension);
    check((Money{} / Mass{}).dimension);
    check((Energy{} * Area{} / Mass{}).dimension);
  }
}

}  // namespace
}  // namespace wattline
