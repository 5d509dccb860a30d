// Rows put over the catalog with --catalog: what they change, and what is refused.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "catalog/loader.h"
#include "kernel/error.h"
#include "kernel/testing.h"

namespace wattline::catalog {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::shared_ptr<Catalog> with(const std::string& file, const std::string& text) { return Loader::load({{file, text}}); }

std::string refused(const std::string& file, const std::string& text) {
  try {
    with(file, text);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::bad_input) << e.what();
    return e.what();
  }
  return "no error";
}

double grams(const Catalog& c, const char* place) {
  return c.place(place).carbon_intensity.value().in(units::gCO2e_per_kWh);
}

TEST(Overrides, ChangeTheCellsTheyGiveAndLeaveTheRest) {
  const auto plain = Catalog::load();
  const auto c = with("places.csv",
                      "code,carbon_intensity [gCO2e/kWh],carbon_low [gCO2e/kWh],carbon_high [gCO2e/kWh],year,source\n"
                      "fr,21,15,30,2026,Our supplier's certificate\n");
  EXPECT_DOUBLE_EQ(grams(*c, "France"), 21);
  EXPECT_EQ(c->place("FR").code, "FR");
  EXPECT_EQ(c->place("FR").name, "France");
  EXPECT_EQ(c->place("FR").origin.year, 2026);
  EXPECT_EQ(c->place("FR").origin.source, "Our supplier's certificate");
  EXPECT_EQ(c->place("FR").origin.licence, "");
  EXPECT_EQ(c->place("FR").water_intensity->value(), plain->place("FR").water_intensity->value());
  EXPECT_EQ(c->places().size(), plain->places().size());
  EXPECT_EQ(grams(*c, "DE"), grams(*plain, "DE"));
  EXPECT_TRUE(c->place("FR").carbon_intensity.raw().by_factor().contains("grid.FR.2026"));
}

TEST(Overrides, UnitsMayDifferWhenTheySaySo) {
  const auto c = with("places.csv",
                      "code,year,source,carbon_high [kgCO2e/kWh],carbon_intensity [kgCO2e/MWh],carbon_low [gCO2e/kWh]\n"
                      "FR,2026,us,0.03,20,15\n");
  EXPECT_NEAR(grams(*c, "FR"), 20, 1e-9);
  EXPECT_NEAR(c->place("FR").carbon_interval->high, 0.03 / 3600, 1e-12);
  const auto own = with("devices.csv", "name,board_power [W],year,source\nNVIDIA T4,0.05 kW,2026,us\n");
  EXPECT_DOUBLE_EQ(own->device("T4").board_power.in(units::W), 50);
}

TEST(Overrides, ADashEmptiesACell) {
  ASSERT_TRUE(Catalog::load()->place("FR").carbon_interval);
  const auto c = with("places.csv",
                      "code,carbon_low [gCO2e/kWh],carbon_high [gCO2e/kWh],water_intensity [L/kWh],water_low [L/kWh],"
                      "water_high [L/kWh],year,source\nFR,-,-,-,-,-,2026,us\n");
  EXPECT_FALSE(c->place("FR").carbon_interval);
  EXPECT_EQ(c->place("FR").carbon_intensity.sd(), CarbonIntensity(0));
  EXPECT_FALSE(c->place("FR").water_intensity);
  // What a row cannot be without cannot be emptied.
  EXPECT_THAT(refused("places.csv",
                      "code,carbon_intensity [gCO2e/kWh],carbon_low [gCO2e/kWh],carbon_high [gCO2e/kWh],year,source\n"
                      "FR,-,-,-,2026,us\n"),
              AllOf(HasSubstr("places.csv:2"), HasSubstr("carbon_intensity"), HasSubstr("needed")));
}

TEST(Overrides, ANewNameAddsARow) {
  const auto c =
      with("devices.csv",
           "name,aliases,kind,board_power [W],memory [GiB],bandwidth [TB/s],peak_bf16 [PFLOP/s],year,source\n"
           "Wattline W1,W-One; first chip,accelerator,300,64,2,1.5,2026,our laboratory\n");
  const Device& d = c->device("w one");
  EXPECT_EQ(d.name, "Wattline W1");
  EXPECT_EQ(d.kind, DeviceKind::accelerator);
  EXPECT_DOUBLE_EQ(d.bandwidth->base(), 2e12);
  EXPECT_DOUBLE_EQ(d.peak.at("bf16").base(), 1.5e15);
  EXPECT_FALSE(d.idle_power);
  EXPECT_EQ(&c->device("First Chip"), &d);
  const auto place =
      with("places.csv", "code,name,carbon_intensity [gCO2e/kWh],year,source\nSHED,My shed,5,2026,roof\n");
  EXPECT_DOUBLE_EQ(grams(*place, "my shed"), 5);
  const auto region = with("regions.csv", "provider,name,place,pue,year,source\nus,cellar,France,1.02,2026,us\n");
  EXPECT_EQ(region->place("us/cellar").code, "FR");
  EXPECT_EQ(region->region("us/cellar").pue, 1.02);
  EXPECT_THAT(refused("devices.csv", "name,year,source\nWattline W2,2026,us\n"),
              AllOf(HasSubstr("kind"), HasSubstr(":2")));
}

TEST(Overrides, EachRowSaysItsOwnSourceAndYear) {
  EXPECT_THAT(refused("factors.csv", "id,value,low,high,source\npue.default,1.2,1.1,1.3,us\n"),
              AllOf(HasSubstr("factors.csv:2"), HasSubstr("no year")));
  EXPECT_THAT(refused("factors.csv", "id,value,low,high,year\npue.default,1.2,1.1,1.3,2026\n"), HasSubstr("no source"));
  EXPECT_THAT(refused("factors.csv", "id,value,low,high,year,source\npue.default,1.2,1.1,1.3,2026,-\n"),
              HasSubstr("no source"));
  EXPECT_THAT(refused("factors.csv", "id,year,source\npue.default,26,us\n"),
              AllOf(HasSubstr("year"), HasSubstr("1900")));
  EXPECT_THAT(refused("factors.csv", "id,year,source,valid_from\npue.default,2026,us,soon\n"),
              HasSubstr("'soon' is no date"));
  EXPECT_THAT(refused("factors.csv", "id,year,source,valid_from,valid_to\npue.default,2026,us,2026-02-01,2026-01-01\n"),
              HasSubstr("before"));
}

TEST(Overrides, BadFilesAreNamedWithRowAndColumn) {
  const std::string head = "code,carbon_intensity [gCO2e/kWh],year,source\n";
  EXPECT_THAT(refused("places.csv", "code,colour,year,source\nFR,blue,2026,us\n"),
              AllOf(HasSubstr("places.csv:1"), HasSubstr("unknown column 'colour'")));
  EXPECT_THAT(refused("places.csv", "code,carbon_intensty [gCO2e/kWh],year,source\n"), HasSubstr("'carbon_intensity'"));
  EXPECT_THAT(refused("places.csv", "code,carbon_intensity [gCO2e/parsec],year,source\n"), HasSubstr("parsec"));
  EXPECT_THAT(refused("places.csv", "code,carbon_intensity [L/kWh],year,source\n"), HasSubstr("measures"));
  EXPECT_THAT(refused("places.csv", "code,carbon_intensity,year,source\n"), HasSubstr("needs a unit"));
  EXPECT_THAT(refused("places.csv", "code,year [h],source\n"), HasSubstr("has no unit"));
  EXPECT_THAT(refused("places.csv", "code,carbon_intensity [gCO2e/kWh,year,source\n"), HasSubstr("']'"));
  EXPECT_THAT(refused("places.csv", "code,year,source,year\n"), HasSubstr("twice"));
  EXPECT_THAT(refused("places.csv", "name,year,source\n"), AllOf(HasSubstr("'code' is missing"), HasSubstr(":1")));
  EXPECT_THAT(refused("places.csv", ""), HasSubstr("empty"));
  for (const char* number : {"many", "1.2.3", "nan", "inf", "1e999", "12 L", "--5"})
    EXPECT_THAT(refused("places.csv", head + "FR," + number + ",2026,us\n"),
                AllOf(HasSubstr("places.csv:2"), HasSubstr("carbon_intensity")))
        << number;
  EXPECT_THAT(refused("places.csv", head + "FR,-5,2026,us\n"), HasSubstr("0 or more"));
  EXPECT_THAT(refused("places.csv", head + "FR,50\n"), HasSubstr("2 cells where the header has 4 columns"));
  EXPECT_THAT(refused("places.csv", head + "FR,56,2026,us\nfr,57,2026,us\n"),
              AllOf(HasSubstr(":3"), HasSubstr("row 2")));
  EXPECT_THAT(refused("places.csv", head + "...,56,2026,us\n"), HasSubstr("names nothing"));
  EXPECT_THAT(refused("places.csv", head + "FR,56,2026,\x01us\n"), HasSubstr("control"));
  EXPECT_THAT(refused("places.csv", head + "FR,56,2026," + std::string(3000, 'x') + "\n"),
              HasSubstr("3000 characters"));
  // A value that leaves its old interval behind: both ends are needed, or none.
  EXPECT_THAT(refused("places.csv", head + "FR,500,2026,us\n"),
              AllOf(HasSubstr("outside its interval"), HasSubstr("carbon_low")));
  EXPECT_THAT(refused("places.csv", "code,carbon_low [gCO2e/kWh],year,source\nFR,-,2026,us\n"), HasSubstr("other end"));
}

TEST(Overrides, RowsThatContradictThemselvesAreRefused) {
  EXPECT_THAT(refused("regions.csv", "provider,name,pue,year,source\ngcp,europe-west9,0.9,2026,us\n"),
              HasSubstr("1 or more"));
  EXPECT_THAT(refused("regions.csv", "provider,name,place,year,source\nus,cellar,Frnce,2026,us\n"),
              HasSubstr("unknown place"));
  EXPECT_THAT(refused("devices.csv", "name,idle_power [W],year,source\nNVIDIA T4,100,2026,us\n"),
              HasSubstr("more than the board"));
  EXPECT_THAT(refused("devices.csv", "name,kind,year,source\nNVIDIA T4,toaster,2026,us\n"), HasSubstr("toaster"));
  EXPECT_THAT(refused("devices.csv", "name,cores,year,source\nAMD EPYC 7763,2.5,2026,us\n"), HasSubstr("whole number"));
  EXPECT_THAT(refused("models.csv", "name,active_parameters,year,source\nllama-3.1-8b,9e9,2026,us\n"),
              HasSubstr("more than all"));
  EXPECT_THAT(refused("models.csv", "name,experts_per_token,year,source\nllama-3.1-8b,2,2026,us\n"),
              HasSubstr("2 of 0"));
  EXPECT_THAT(refused("models.csv", "name,tied_embeddings,year,source\nllama-3.1-8b,perhaps,2026,us\n"),
              HasSubstr("yes, no"));
  EXPECT_THAT(refused("factors.csv", "id,unit,year,source\npue.default,furlong,2026,us\n"), HasSubstr("furlong"));
}

TEST(Overrides, OneSpellingIsOneRow) {
  EXPECT_THAT(refused("places.csv",
                      "code,name,aliases,carbon_intensity [gCO2e/kWh],year,source\nXX,Nowhere,France,5,2026,us\n"),
              AllOf(HasSubstr("places.csv:2"), HasSubstr("'France' is the place 'France' already")));
  EXPECT_THAT(refused("devices.csv", "name,kind,year,source\nT-4 GPU,gpu,2026,us\nTesla V100 SXM2,gpu,2026,us\n"),
              HasSubstr("already"));
}

TEST(Overrides, FoldersAreCheckedWhole) {
  namespace fs = std::filesystem;
  const auto load = [](const fs::path& path) {
    try {
      Catalog::load(path);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  tests::ScratchDir dir;
  EXPECT_THAT(load(dir.path() / "gone"), HasSubstr("no such folder"));
  std::ofstream(dir.path() / "notes.txt") << "anything";
  EXPECT_EQ(load(dir.path()), "no error");
  EXPECT_THAT(load(dir.path() / "notes.txt"), HasSubstr("no folder"));
  std::ofstream(dir.path() / "place.csv") << "code\n";
  EXPECT_THAT(load(dir.path()), AllOf(HasSubstr("place.csv"), HasSubstr("'places.csv'")));
  fs::remove(dir.path() / "place.csv");
  std::ofstream(dir.path() / "places.csv") << "\xEF\xBB\xBF"
                                              "code,carbon_intensity [gCO2e/kWh],year,source\r\nFR,much,2026,us\r\n";
  EXPECT_THAT(load(dir.path()), AllOf(HasSubstr((dir.path() / "places.csv").string() + ":2"), HasSubstr("'much'")));
  fs::remove(dir.path() / "places.csv");
  fs::create_directory(dir.path() / "models.csv");
  EXPECT_THAT(load(dir.path()), HasSubstr("no file"));
  fs::remove(dir.path() / "models.csv");
  std::ofstream(dir.path() / "edition.csv") << "date,note\n2030-01-01,\n";
  EXPECT_THAT(load(dir.path()), HasSubstr("edition.csv"));
}

}  // namespace
}  // namespace wattline::catalog
