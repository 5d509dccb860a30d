#include "ledger/impacts/primary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/testing.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/impacts/mix_file.h"

namespace wattline::ledger {
namespace {

using testing::HasSubstr;

const catalog::Catalog& embedded() { return tests::catalog_context().get<catalog::Catalog>(); }
std::map<std::string, physics::GenerationMix> read(const char* text) { return read_mixes(text, "mix.csv", embedded()); }
PrimaryOptions with_file(const char* text) {
  PrimaryOptions o;
  o.mix_file = InputFile::from_bytes("mix.csv", text);
  return o;
}
const auto one_kwh = Estimate<Energy>::exact(1 * units::kWh);

TEST(MixFile, OneMixOrSeveral) {
  const auto one = read("fuel,generation\nhydro,60\ngas,40\n");
  ASSERT_EQ(one.size(), 1u);
  EXPECT_DOUBLE_EQ(one.at("").at("hydro"), 60);
  // Places by any of their names, in their own units; a cell left empty is no amount.
  const auto two = read("place;fuel;share\nFrance;nuclear;0.7\nFRA;hydro;0.3\nUS-CA;gas;1\nUS-CA;coal;\n");
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two.at("FR").size(), 2u);
  EXPECT_EQ(two.at("US-CA").size(), 1u);
}

TEST(MixFile, WhatIsWrongIsSaidWithItsRow) {
  const auto error = [](const char* text) {
    try {
      read(text);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("none");
  };
  EXPECT_THAT(error("fuel,generation\nhydro,60\nhydor,40\n"),
              testing::AllOf(HasSubstr("mix.csv:3"), HasSubstr("hydro")));
  EXPECT_THAT(error("fuel,generation\nhydro,-60\n"), HasSubstr("mix.csv:2"));
  EXPECT_THAT(error("fuel,generation\nhydro,60\nhydro,40\n"), HasSubstr("twice"));
  EXPECT_THAT(error("fuel,amount\nhydro,60\n"), HasSubstr("generation"));
  EXPECT_THAT(error("place,fuel,share\nFrnace,hydro,60\n"),
              testing::AllOf(HasSubstr("mix.csv:2"), HasSubstr("France")));
  EXPECT_THAT(error("place,fuel,share\nFR,hydro,60\n,gas,1\n"), HasSubstr("no place"));
  EXPECT_THAT(error("fuel,share\nhydro,0\n"), HasSubstr("no amount"));
  EXPECT_THAT(error("fuel,share\n"), HasSubstr("no row"));
  EXPECT_THAT(error(""), testing::Not("none"));
}

TEST(PrimaryEnergies, SumsOverPlacesAndSaysWhatIsMissing) {
  PrimaryEnergies primary({}, embedded(), "");
  PrimarySums sums;
  primary.add(sums, "FR", one_kwh);
  const double france = sums.total.value().in(units::kWh);
  EXPECT_GT(france, 2.2);  // most of it from reactors
  EXPECT_LT(sums.fossil.value().in(units::kWh), 0.3);
  EXPECT_TRUE(sums.whole());
  primary.add(sums, "US-CA", one_kwh);
  EXPECT_FALSE(sums.whole());
  EXPECT_DOUBLE_EQ(sums.assessed / sums.joules, 0.5);
  EXPECT_DOUBLE_EQ(sums.total.value().in(units::kWh), france);  // left out, not zero
  Result out;
  primary.tell(out);
  EXPECT_THAT(out.warnings, testing::ElementsAre(testing::AllOf(HasSubstr("US-CA"), HasSubstr("no generation mix"),
                                                                HasSubstr("--mix-file"))));
  ASSERT_TRUE(out.find_table("ledger.primary.v1"));
  EXPECT_EQ(out.find_table("ledger.primary.v1")->rows(), 1u);
}

TEST(PrimaryEnergies, AGivenMixStandsForItsPlace) {
  PrimaryEnergies primary(with_file("place,fuel,generation\nUS-CA,solar,10\nFR,hydro,5\nDE,coal,1\n"), embedded(), "");
  PrimarySums sums;
  primary.add(sums, "US-CA", one_kwh);
  primary.add(sums, "FR", one_kwh);
  EXPECT_DOUBLE_EQ(sums.total.value().in(units::kWh), 2);
  EXPECT_DOUBLE_EQ(sums.renewable.value().in(units::kWh), 2);
  Result out;
  primary.tell(out);
  EXPECT_THAT(out.warnings, testing::ElementsAre(HasSubstr("DE")));  // no row is there
}

TEST(PrimaryEnergies, AMixWithoutPlaceIsOfTheSite) {
  const char* text = "fuel,generation\nwind,10\n";
  EXPECT_THROW(PrimaryEnergies(with_file(text), embedded(), ""), Error);
  PrimaryEnergies primary(with_file(text), embedded(), "California");
  PrimarySums sums;
  primary.add(sums, "US-CA", one_kwh);
  EXPECT_DOUBLE_EQ(sums.total.value().in(units::kWh), 1);
}

}  // namespace
}  // namespace wattline::ledger
