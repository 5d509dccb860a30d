#include "ledger/disclose/disclose.h"

#include <cmath>

#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/disclose/manifest.h"
#include "ledger/disclose/rules.h"

namespace wattline::ledger::disclose {
namespace {

namespace fs = std::filesystem;

// The sample of the declaration's own example: complete and consistent.
std::string good() { return disclose_capabilities().front().examples.front().files.front().second; }

Context with_catalog() {
  Context context;
  context.provide(catalog::Catalog::load());
  return context;
}

Result check(const std::string& text, std::vector<std::string> fail_on = {}, const std::string& name = "m.yaml") {
  Context context = with_catalog();
  return disclose(DiscloseOptions{InputFile::from_bytes(name, text), Level::core, std::move(fail_on)}, context);
}

std::string with(std::string from, std::string to) {
  std::string text = good();
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

RuleResult rule(const std::string& text, const std::string& id) {
  const auto catalog = catalog::Catalog::load();
  const auto items = schema(*catalog);
  for (auto& r : check_rules(read_manifest(text, "m.yaml").items, items, *catalog))
    if (r.id == id) return r;
  return {};
}

TEST(Disclose, CompleteAndConsistentIsGradeA) {
  const Result r = check(good());
  ASSERT_TRUE(r.verdict);
  EXPECT_TRUE(r.verdict->holds) << r.verdict->why;
  EXPECT_NE(r.title.find("grade A"), std::string::npos) << r.title;
}

TEST(Disclose, FillerTextIsMissing) {
  for (const char* filler : {"TBD", "N/A", "'[More Information Needed]'", "<your licence>", "''", "~"}) {
    const Result r = check(with("licence: Apache-2.0", std::string("licence: ") + filler));
    EXPECT_FALSE(r.verdict->holds) << filler;
    EXPECT_NE(r.verdict->why.find("1 core items missing"), std::string::npos) << r.verdict->why;
  }
  EXPECT_TRUE(
      check(with("licence: Apache-2.0", "licence: {not_applicable: weights are not given out}")).verdict->holds);
  EXPECT_FALSE(check(with("licence: Apache-2.0", "licence: {not_applicable: ''}"), {"malformed"}).verdict->holds)
      << "without a reason it is no excuse";
  EXPECT_FALSE(check(with("licence: Apache-2.0", "licence: {unknown: lost}")).verdict->holds);
}

TEST(Disclose, RulesFindEachContradiction) {
  EXPECT_EQ(rule(good(), "R1").verdict, RuleVerdict::holds);
  EXPECT_EQ(rule(with("value: 12 kWh", "value: 15 kWh"), "R1").verdict, RuleVerdict::contradicted);
  EXPECT_NE(rule(with("value: 12 kWh", "value: 12000"), "R1").numbers.find("Wh given as kWh"), std::string::npos);
  EXPECT_EQ(rule(with("boundary: gpu", "boundary: node"), "R1").verdict, RuleVerdict::holds);
  EXPECT_EQ(rule(good(), "R2").verdict, RuleVerdict::holds) << rule(good(), "R2").formula;
  EXPECT_EQ(rule(with("mean_power: 300 W", "mean_power: 3 kW"), "R2").verdict, RuleVerdict::contradicted);
  EXPECT_EQ(rule(with("pue: 1.2", "pue: 0.9"), "R3").verdict, RuleVerdict::contradicted);
  EXPECT_EQ(rule(with("pue: 1.2", "pue: excluded"), "R3").verdict, RuleVerdict::not_checked);
  EXPECT_EQ(rule(good(), "R4").verdict, RuleVerdict::holds) << rule(good(), "R4").numbers;
  EXPECT_EQ(rule(with("emissions: 0.72", "emissions: 0.6"), "R4").verdict, RuleVerdict::contradicted);
  EXPECT_NE(rule(with("emissions: 0.72", "emissions: 0.6"), "R4").numbers.find("PUE left out"), std::string::npos);
  EXPECT_NE(rule(with("emissions: 0.72", "emissions: 720"), "R4").numbers.find("grams given as kilograms"),
            std::string::npos);
  EXPECT_EQ(rule(with("region: FR", "region: PL"), "R5").verdict, RuleVerdict::questionable);
  EXPECT_EQ(rule(with("size: 2.0e9", "tokens: 1.0e13"), "R6").verdict, RuleVerdict::contradicted);
  EXPECT_EQ(rule(with("size: 2.0e9", "tokens: 2.0e9"), "R6").verdict, RuleVerdict::holds)
      << rule(with("size: 2.0e9", "tokens: 2.0e9"), "R6").numbers;
  EXPECT_EQ(rule(with("licence: A", "weights_size: 2.2 GB\n  licence: A"), "R7").verdict, RuleVerdict::holds);
  EXPECT_EQ(rule(with("licence: A", "weights_size: 9 GB\n  licence: A"), "R7").verdict, RuleVerdict::questionable);
  EXPECT_EQ(rule(with("basis: location", "basis: market\n  claim: carbon neutral"), "R8").verdict,
            RuleVerdict::contradicted);
  EXPECT_EQ(
      rule(good() + "inference: {energy_per_request: 0.5 Wh, requests_per_year: 1000, energy_per_year: 5}\n", "R9")
          .verdict,
      RuleVerdict::contradicted);
  EXPECT_EQ(rule(with("scope: final-run", "scope: total"), "R11").verdict, RuleVerdict::contradicted);
  EXPECT_EQ(rule(with("year: 2026", "year: 2012"), "R13").verdict, RuleVerdict::contradicted);
  EXPECT_EQ(rule(with("  benchmark_version: 1.2\n", ""), "R14").verdict, RuleVerdict::questionable);
}

TEST(Disclose, AContradictionCapsTheGradeAndDecides) {
  const Result r = check(with("value: 12 kWh", "value: 1.2 kWh"));
  EXPECT_NE(r.title.find("grade C"), std::string::npos) << r.title;
  EXPECT_FALSE(r.verdict->holds);
  EXPECT_TRUE(check(with("value: 12 kWh", "value: 1.2 kWh"), {"none"}).verdict->holds);
  EXPECT_TRUE(check(with("value: 12 kWh", "value: 1.2 kWh"), {"core-missing"}).verdict->holds);
  EXPECT_THROW(check(good(), {"whatever"}), Error);
}

TEST(Disclose, TypedValuesOnly) {
  for (const auto& bad :
       {with("hours: 10", "hours: ten"), with("hours: 10", "hours: 10 kg"), with("hours: 10", "hours: -1"),
        with("count: 4", "count: 4.5"), with("method: counter", "method: guess"),
        with("code: https://example.org/rail", "code: on request"), with("hours: 10", "hours: '1.234,5'")})
    EXPECT_FALSE(check(bad, {"malformed"}).verdict->holds) << bad;
}

TEST(Disclose, BrokenFilesAreErrors) {
  EXPECT_THROW(check(""), Error);
  EXPECT_THROW(check("wattline_disclosure: 7\n"), Error) << "of a later version";
  EXPECT_THROW(check("wattline_disclosure: soon\n"), Error);
  EXPECT_THROW(check("- a\n- b\n"), Error);
  EXPECT_THROW(check("{\"wattline_disclosure\": 1", {}, "m.json"), Error);
  const Result card = check(
      "---\nlicense: mit\nco2_eq_emissions:\n  emissions: 1200\n  hardware_used: 8 x NVIDIA A100 SXM 80GB\n---\n# x\n",
      {}, "card.md");
  EXPECT_FALSE(card.verdict->holds) << "a card of the Hub holds few items";
}

TEST(Disclose, EveryFormReadsBackTheSame) {
  const Json items = read_manifest(good(), "m.yaml").items;
  EXPECT_EQ(read_manifest(to_json_text(items), "m.json").items, items);
  EXPECT_EQ(read_manifest(to_yaml_text(items), "m.yaml").items, items) << to_yaml_text(items);
  EXPECT_EQ(read_manifest(to_markdown_text(items), "m.md").items, items) << to_markdown_text(items);
  EXPECT_EQ(read_manifest(to_boamps(items).dump(2), "m.boamps.json").items, items) << to_boamps(items).dump(2);
}

TEST(Disclose, BoampsReportsComeBackWhole) {
  const Json report = parse_json(
      R"({"header":{"reportDatetime":"2026-01-01 00:00:00","publisher":{"name":"x","confidentialityLevel":"public"}},
          "task":{"taskStage":"finetuning","taskFamily":"nlp","nbRequest":0,"measuredAccuracy":0.81,
                  "algorithms":[{"algorithmName":"bert","parametersNumber":0.11,"optimizer":"adam"},{"algorithmType":"rag"}],
                  "dataset":[{"dataUsage":"input","dataType":"text","dataSize":2.5}]},
          "measures":[{"measurementMethod":"codecarbon","powerConsumption":0.3333333333,"measurementDuration":4321}],
          "infrastructure":{"infraType":"publicCloud","components":[{"componentName":"A100","componentType":"gpu","nbComponent":2}]},
          "environment":{"country":"France","powerSourceCarbonIntensity":56.1},"own":{"kept":[1,2,{"a":null}]}})");
  const Json items = from_boamps(report);
  EXPECT_EQ(to_boamps(items), report);
  EXPECT_NEAR(at_path(items, "model.parameters")->as_number(), 0.11e9, 1);
  EXPECT_NEAR(at_path(items, "run.hours")->as_number(), 4321 / 3600.0, 1e-9);
  // A change of ours arrives in the report, and the rest stays.
  Json changed = items;
  set_path(changed, "energy.value", Json(0.5));
  const Json again = to_boamps(changed);
  EXPECT_EQ(again.at("measures").as_array()[0].at("powerConsumption").as_number(), 0.5);
  EXPECT_EQ(again.at("own"), report.at("own"));
  EXPECT_EQ(at_path(from_boamps(again), "energy.value")->as_number(), 0.5);
}

TEST(Disclose, BoampsNamesAreThoseOfTheSchema) {
  const auto shared = tests::shared_dir();
  if (!shared || !fs::exists(*shared / "data/boamps-schema")) GTEST_SKIP() << "skipped: no shared data";
  const auto read = [&](const char* name) {
    return parse_json(InputFile::from_path((*shared / "data/boamps-schema" / name).string()).read());
  };
  const Json report = to_boamps(read_manifest(good(), "m.yaml").items);
  const auto fits = [](const Json& schema, const Json& value) {
    const Json none(Json::Array{});
    const Json* required = schema.find("required");
    for (const auto& name : (required ? *required : none).as_array())
      EXPECT_TRUE(value.find(name.as_string())) << name.as_string();
    for (const auto& [key, v] : value.as_object())
      EXPECT_TRUE(key == "wattlineDisclosure" || schema.at("properties").find(key)) << key;
  };
  const Json schema = read("report_schema.json");
  fits(schema, report);
  for (const char* part : {"header", "task", "infrastructure", "environment"})
    fits(schema.at("properties").at(part), report.at(part));
  fits(read("measure_schema.json"), report.at("measures").as_array()[0]);
  fits(read("algorithm_schema.json"), report.at("task").at("algorithms").as_array()[0]);
  fits(read("dataset_schema.json"), report.at("task").at("dataset").as_array()[0]);
  fits(read("hardware_schema.json"), report.at("infrastructure").at("components").as_array()[0]);
}

TEST(Disclose, MadeFromMeasuredRunsIsRead) {
  tests::ScratchDir dir;
  Context context = with_catalog();
  MakeOptions o;
  o.from = InputFile::from_bytes("m.yaml", good());
  o.measured = InputFile::from_bytes(
      "runs.csv", "duration,emissions,energy_consumed,project_name\n18000,0.3,6,x\n18000,0.42,6,x\n");
  o.set = {"hardware.count=4", "stages=fine-tuning,evaluation"};
  for (const char* name : {"d.yaml", "d.json", "d.md", "d.boamps.json"}) {
    o.write = (dir.path() / name).string();
    disclose_make(o, context);
    const Result r = check(InputFile::from_path(o.write).read(), {}, name);
    EXPECT_TRUE(r.verdict->holds) << name << ": " << r.verdict->why;
    EXPECT_NE(r.title.find("grade A"), std::string::npos) << name << r.title;
  }
  o.write = (dir.path() / "d.txt").string();
  EXPECT_THROW(disclose_make(o, context), Error) << "no form";
  o.write.clear();
  o.set = {"hardware.cuont=4"};
  EXPECT_THROW(disclose_make(o, context), Error);
  o.set = {};
  o.measured = InputFile::from_bytes("runs.csv", "a,b\n1,2\n");
  EXPECT_THROW(disclose_make(o, context), Error);
}

TEST(Disclose, CorpusCountsWithIntervals) {
  const auto shared = tests::shared_dir();
  if (!shared || !fs::exists(*shared / "data/hf-carbon/HFClean.csv")) GTEST_SKIP() << "skipped: no shared data";
  Context context = with_catalog();
  const Result r = disclose_corpus({{(*shared / "data/hf-carbon/HFClean.csv").string(), "/nowhere/card.md"}}, context);
  const Table* t = r.find_table("disclosure.corpus.v1");
  ASSERT_TRUE(t);
  for (std::size_t i = 0; i < t->rows(); ++i) {
    EXPECT_EQ(t->column("of").integers()[i], 48);
    EXPECT_TRUE(t->column("what").texts()[i] != "carbon" || t->column("disclose").integers()[i] == 48);
    EXPECT_LE(t->column("low").numbers()[i], t->column("share").numbers()[i] + 1e-9);
  }
  EXPECT_EQ(r.warnings.size(), 1u) << "the file that is not there";
  EXPECT_THROW(disclose_corpus({{"/nowhere"}}, context), Error);
  EXPECT_THROW(disclose_corpus({}, context), Error);
}

TEST(Disclose, ClaimsHoldOrSayWhyNot) {
  Context context;
  std::string ours;
  for (const auto& claim : disclose_claims()) {
    const auto c = claim.check(context);
    EXPECT_NE(c.verdict, ClaimVerdict::differs) << claim.claimed << ": " << c.ours;
    if (c.verdict == ClaimVerdict::holds) ours = c.ours;
  }
  EXPECT_EQ(ours, "26.96 % (95 % interval 22.2 to 32.3 %)");
}

}  // namespace
}  // namespace wattline::ledger::disclose
