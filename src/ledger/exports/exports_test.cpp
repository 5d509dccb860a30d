#include "ledger/exports/exports.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/exports/export_as.h"
#include "ledger/imports/import.h"

namespace wattline::ledger {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Exports : public testing::Test {
 protected:
  Exports() : context(at("account")) {}
  Context at(const std::string& folder) const {
    static const auto catalog = catalog::Catalog::load();
    Context c;
    c.provide(catalog);
    c.provide(std::make_shared<Location>(Location{(scratch.path() / folder).string()}));
    return c;
  }
  std::shared_ptr<Ledger> ledger(const std::string& folder = "account") const {
    return Ledger::open(scratch.path() / folder, OpenMode::write);
  }
  std::string path(const std::string& name) const { return (scratch.path() / name).string(); }
  std::string exported(ExportForm form, std::vector<std::string> labels = {}) {
    ExportAsOptions o;
    o.form = form;
    o.to = path("out");
    o.labels = std::move(labels);
    export_as(o, context);
    std::ifstream file(o.to, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  static Fact fact(const std::string& place, const std::string& project) {
    Fact f;
    f.kind = "run";
    f.begin = parse_time("2026-11-24T10:00:00Z");
    f.end = parse_time("2026-11-24T10:30:00.250Z");
    f.energy = Estimate<Energy>::relative(0.75 * units::kWh, 0.3, Method::measured, "RAPL").from_factor("a.gain") +
               Estimate<Energy>::relative(0.25 * units::kWh, 0.1, Method::measured, "NVML").from_factor("b.gain");
    f.device = "NVIDIA H100 SXM";
    f.place = place;
    f.labels = {{"project", project}};
    return f;
  }

  tests::ScratchDir scratch;
  Context context;
};

TEST_F(Exports, CodeCarbonsFileReadsBackTheSame) {
  for (const char* place : {"FR", "US-CA", "aws/eu-west-1", ""}) ledger()->record(fact(place, "a \"b\", c"));
  const std::string csv = exported(ExportForm::codecarbon);
  EXPECT_THAT(csv, AllOf(HasSubstr("France,FRA"), HasSubstr("aws,eu-west-1"), HasSubstr("\"a \"\"b\"\", c\"")));
  Context there = at("other");
  imports::ImportOptions o;
  o.file = InputFile::from_path(path("out"));
  EXPECT_THAT(imports::import(o, there).title, HasSubstr("4 new"));
  std::vector<std::string> places;
  ledger("other")->for_each({}, [&](const Row& row) {
    const Fact f = fact("", "");
    EXPECT_EQ(row.fact.begin, f.begin);
    EXPECT_EQ(row.fact.end, f.end);
    EXPECT_NEAR(row.fact.energy.value().in(units::kWh), 1, 1e-12);
    EXPECT_EQ(row.fact.device, f.device);
    EXPECT_EQ(row.fact.labels.at(0).second, "a \"b\", c");
    places.push_back(row.fact.place);
  });
  EXPECT_THAT(places, testing::UnorderedElementsAre("FR", "US-CA", "aws/eu-west-1", ""));
  // And into the account it came from: nothing is counted twice.
  EXPECT_THAT(imports::import(o, context).title, HasSubstr("0 new, 4 known"));
}

TEST_F(Exports, WholeRowsComeBackWhole) {
  const std::string uid = Ledger::open(scratch.path() / "account", OpenMode::write, {.factor_set = "2025-01-01-abc"})
                              ->record(fact("FR", "x"));
  exported(ExportForm::json);
  Context there = at("other");
  imports::ImportOptions o;
  o.file = InputFile::from_path(path("out"));
  EXPECT_THAT(imports::import(o, there).title, HasSubstr("1 new"));
  EXPECT_THAT(imports::import(o, there).title, HasSubstr("0 new, 1 known"));
  const auto was = ledger()->find(uid), is = ledger("other")->find(uid);
  ASSERT_TRUE(was && is);
  EXPECT_EQ(is->fact.energy.raw().by_factor(), was->fact.energy.raw().by_factor());
  EXPECT_EQ(is->fact.energy.raw().sources(), was->fact.energy.raw().sources());
  EXPECT_EQ(is->fact.labels, was->fact.labels);
  EXPECT_EQ(is->factor_set, was->factor_set);
}

TEST_F(Exports, RunRecordsAreThoseOfTheTable) {
  // More than are written at a time.
  std::vector<Fact> many(5000, fact("FR", "x"));
  ledger()->record_all(many);
  const std::string csv = exported(ExportForm::csv);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 5001);
  EXPECT_EQ(read_csv(csv).rows(), 5000u);
}

TEST_F(Exports, PrometheusTotals) {
  ledger()->record(fact("FR", "a\n\"b\""));
  ledger()->record(fact("FR", "a\n\"b\""));
  ledger()->record(fact("DE", "c"));
  const std::string text = exported(ExportForm::prometheus, {"project"});
  EXPECT_THAT(text, AllOf(HasSubstr("# HELP wattline_energy_joules_total "),
                          HasSubstr("# TYPE wattline_energy_joules_total counter"),
                          HasSubstr("place=\"FR\",method=\"measured\",label_project=\"a\\n\\\"b\\\"\"} 7200000\n"),
                          HasSubstr("wattline_rows_total{kind=\"run\"")));
  // Each family once, its samples behind its TYPE.
  std::istringstream lines(text);
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) family = line.substr(7, line.find(' ', 7) - 7);
    if (!line.starts_with('#')) {
      EXPECT_EQ(line.substr(0, line.find('{')), family);
    }
  }
}

TEST_F(Exports, AFileThatCannotBeWrittenIsSaidAndNothingIsLeft) {
  ledger()->record(fact("FR", "x"));
  ExportAsOptions o;
  o.to = path("no/such/folder/out");
  EXPECT_THROW(export_as(o, context), Error);
  o.to = path("");
  EXPECT_THROW(export_as(o, context), Error);
  for (const auto& entry : std::filesystem::directory_iterator(scratch.path()))
    EXPECT_FALSE(entry.path().string().ends_with(".part")) << entry.path();
}

}  // namespace
}  // namespace wattline::ledger
