// `ledger import`: each format, what is refused, and that a file counts once.
#include "ledger/imports/import.h"

#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/imports/import_testing.h"

namespace wattline::ledger::imports {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* head =
    "timestamp,project_name,run_id,experiment_id,duration,emissions,cpu_energy,gpu_energy,ram_energy,energy_consumed,"
    "country_name,country_iso_code,region,on_cloud,cloud_provider,cloud_region,codecarbon_version,cpu_model,gpu_"
    "model\n";
std::string run_row(const std::string& time, const std::string& run, double seconds, double cpu, double gpu, double ram,
                    const std::string& iso = "FRA") {
  return fmt::format("{},thesis,{},,{},0.01,{},{},{},{},France,{},,N,,,2.1.3,AMD EPYC 7763,1 x NVIDIA A100-SXM4-80GB\n",
                     time, run, seconds, cpu, gpu, ram, cpu + gpu + ram, iso);
}

TEST_F(Import, CodeCarbonGivesTheFactsOfItsRows) {
  const Result r = run(head + run_row("2026-11-24T15:00:00", "aaa", 3600, 0.06, 0.22, 0.02));
  EXPECT_THAT(r.title, HasSubstr("1 new, 0 known"));
  const auto all = rows();
  ASSERT_EQ(all.size(), 1u);
  const Fact& f = all[0].fact;
  EXPECT_EQ(f.kind, "run");
  EXPECT_NEAR(f.energy.value().in(units::kWh), 0.3, 1e-12);
  EXPECT_EQ(f.energy.method(), Method::declared);
  EXPECT_EQ(f.energy.raw().by_factor().size(), 3u);
  EXPECT_NEAR(f.energy.raw().by_factor().at("import.codecarbon.cpu"), (0.06 * units::kWh).base() * 0.5 / 1.96, 10);
  EXPECT_EQ(to_string(f.begin), "2026-11-24T14:00:00Z");
  EXPECT_EQ(to_string(f.end), "2026-11-24T15:00:00Z");
  EXPECT_EQ(f.place, "FR");
  EXPECT_EQ(f.device, "NVIDIA A100 SXM 80GB");
  EXPECT_EQ(label(all[0], "project"), "thesis");
  EXPECT_EQ(label(all[0], "tracker"), "codecarbon 2.1.3");
  EXPECT_EQ(label(all[0], "file"), "emissions.csv");
  EXPECT_THAT(f.uid, AllOf(HasSubstr("import-codecarbon-"), HasSubstr("-000000001-"), HasSubstr("-aaa")));
  EXPECT_THAT(text(r), HasSubstr("taken as UTC"));
}

TEST_F(Import, TheSameFileAgainAddsNothingAndAGrownOneOnlyWhatIsNew) {
  const std::string one = run_row("2026-11-24T15:00:00", "aaa", 3600, 0.06, 0.22, 0.02),
                    two = run_row("2026-11-24T17:00:00", "bbb", 60, 0.001, 0, 0.001);
  run(head + one);
  EXPECT_THAT(run(head + one).title, HasSubstr("0 new, 1 known"));
  EXPECT_THAT(run(head + one, {}, "copy.csv").title, HasSubstr("0 new, 1 known"));
  std::string crlf = head + one;
  for (std::size_t i = 0; (i = crlf.find('\n', i)) != std::string::npos; i += 2) crlf.replace(i, 1, "\r\n");
  EXPECT_THAT(run("\xEF\xBB\xBF" + crlf).title, HasSubstr("0 new, 1 known"));
  EXPECT_THAT(run(head + one + two).title, HasSubstr("1 new, 1 known"));
  EXPECT_THAT(run(head + one + two).title, HasSubstr("0 new, 2 known"));
  EXPECT_EQ(rows().size(), 2u);
}

TEST_F(Import, AChangedRowIsRefusedOrCorrected) {
  const std::string first = run_row("2026-11-24T15:00:00", "aaa", 3600, 0.06, 0.22, 0.02),
                    later = run_row("2026-11-24T16:00:00", "aaa", 7200, 0.12, 0.44, 0.04);
  run(head + first);
  EXPECT_THAT(error_of(head + later), AllOf(HasSubstr("emissions.csv:2"), HasSubstr("imported before")));
  ImportOptions o;
  o.changed = Changed::correct;
  EXPECT_THAT(run(head + later, o).title, HasSubstr("1 corrected"));
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_NEAR(rows()[0].fact.energy.value().in(units::kWh), 0.6, 1e-12);
  EXPECT_THAT(run(head + later).title, HasSubstr("0 new, 1 known"));
}

TEST_F(Import, AChangedTextCanBeKeptAsItWas) {
  run(head + run_row("2026-11-24T15:00:00", "aaa", 3600, 0.06, 0.22, 0.02));
  ImportOptions o;
  o.changed = Changed::keep;
  const Result r = run(head + run_row("2026-11-24T16:00:00", "aaa", 7200, 0.12, 0.44, 0.04), o);
  EXPECT_THAT(r.title, HasSubstr("0 new, 1 known"));
  EXPECT_THAT(r.warnings, testing::Contains(HasSubstr("other content")));
  EXPECT_NEAR(rows()[0].fact.energy.value().in(units::kWh), 0.3, 1e-12);
}

TEST_F(Import, OtherOptionsAreToldAndCorrectKnownRows) {
  const std::string csv = head + run_row("2026-11-24T15:00:00", "aaa", 3600, 0.06, 0.22, 0.02);
  run(csv);
  ImportOptions o;
  o.labels = {"team=project_name"};
  o.kind = "night";
  const Result told = run(csv, o);
  EXPECT_THAT(told.title, HasSubstr("0 new, 1 known"));
  EXPECT_THAT(told.warnings, testing::Contains(AllOf(HasSubstr("1 known row stays"), HasSubstr("kind run there, night"),
                                                     HasSubstr("team=thesis"), HasSubstr("--changed correct"))));
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_EQ(rows()[0].fact.kind, "run");
  o.changed = Changed::correct;
  o.dry_run = true;
  EXPECT_THAT(run(csv, o).title, HasSubstr("1 corrected (dry run"));
  EXPECT_EQ(rows()[0].fact.kind, "run");
  o.dry_run = false;
  EXPECT_THAT(run(csv, o).title, HasSubstr("0 new, 0 known, 1 corrected"));
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_EQ(rows()[0].fact.kind, "night");
  EXPECT_EQ(label(rows()[0], "team"), "thesis");
  EXPECT_THAT(run(csv, o).title, HasSubstr("0 new, 1 known"));
}

TEST_F(Import, ARetractedRowIsNamedAndRestored) {
  const std::string csv = head + run_row("2026-11-24T15:00:00", "aaa", 3600, 0.06, 0.22, 0.02);
  run(csv);
  const std::string uid = rows()[0].fact.uid;
  Ledger::open(dir(), OpenMode::write)->retract(uid, "a trial");
  const Result told = run(csv);
  EXPECT_THAT(told.warnings, testing::Contains(AllOf(HasSubstr(uid), HasSubstr("--retracted restore"))));
  EXPECT_TRUE(rows().empty());
  ImportOptions o;
  o.retracted = Retracted::restore;
  EXPECT_THAT(run(csv, o).title, HasSubstr("0 new, 0 known, 1 restored"));
  EXPECT_EQ(rows().size(), 1u);
}

TEST_F(Import, LaterRowsOfARunCountWhatTheyAdd) {
  const Result r = run(head + run_row("2026-11-24T15:00:00", "aaa", 3600, 0.06, 0.22, 0.02) +
                       run_row("2026-11-24T16:00:00", "aaa", 7200, 0.12, 0.44, 0.04));
  const auto all = rows();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_NEAR(all[1].fact.energy.value().in(units::kWh), 0.3, 1e-12);
  EXPECT_EQ(to_string(all[1].fact.begin), "2026-11-24T15:00:00Z");
  EXPECT_THAT(text(r), HasSubstr("only what each adds"));
}

TEST_F(Import, OneBadRowImportsNothing) {
  const std::string good = head + run_row("2026-11-24T15:00:00", "aaa", 3600, 0.06, 0.22, 0.02);
  EXPECT_THAT(error_of(good + run_row("2026-11-24T16:00:00", "bbb", 60, -0.1, 0, 0)),
              AllOf(HasSubstr("emissions.csv:3:"), HasSubstr("-0.1"), HasSubstr("negative")));
  EXPECT_THAT(error_of(good + run_row("yesterday", "bbb", 60, 0.1, 0, 0)),
              AllOf(HasSubstr("emissions.csv:3:1"), HasSubstr("timestamp"), HasSubstr("yesterday")));
  EXPECT_THAT(error_of(good + run_row("2026-11-24T16:00:00", "bbb", 60, 0.1, 0, 0, "XYZ")),
              AllOf(HasSubstr("XYZ"), HasSubstr("--place")));
  EXPECT_THAT(error_of(good + "2026-11-24T16:00:00,thesis,bbb"), HasSubstr("cut off"));
  EXPECT_THAT(error_of(good + run_row("2026-11-24T16:00:00", "bbb", -60, 0.1, 0, 0)), HasSubstr("negative"));
  EXPECT_THAT(error_of(good + run_row("2026-11-24T16:00:00", std::string(5000, 'x'), 60, 0.1, 0, 0)),
              HasSubstr("at most 4096"));
  EXPECT_TRUE(rows().empty());
}

TEST_F(Import, ColumnsThatAreMissingAreNamedWithThoseThereAre) {
  EXPECT_THAT(error_of("timestamp,emissions,energy_consumed_kWh\n2026-11-24,1,2\n"),
              AllOf(HasSubstr("duration"), HasSubstr("energy_consumed_kWh")));
  EXPECT_THAT(error_of("a,b\n1,2\n"), AllOf(HasSubstr("no known format"), HasSubstr("emissions.csv:1")));
  EXPECT_THAT(error_of(""), HasSubstr("empty"));
  ImportOptions o;
  o.labels = {"team=Teem"};
  EXPECT_THAT(error_of(head + run_row("2026-11-24T15:00:00", "aaa", 3600, 0.06, 0.22, 0.02), o), HasSubstr("Teem"));
}

TEST_F(Import, RepeatedRowsAreRefusedSkippedOrCounted) {
  // Of version 1, which had no run ids.
  const std::string old = "timestamp,project_name,duration,emissions,energy_consumed,country_name,country_iso_code\n";
  const std::string row = "2020-11-24T15:00:00,p,10,0.1,0.2,France,FRA\n";
  EXPECT_THAT(error_of(old + row + row), AllOf(HasSubstr("emissions.csv:3"), HasSubstr("word for word")));
  ImportOptions o;
  o.repeats = Repeats::skip;
  EXPECT_THAT(run(old + row + row, o).title, HasSubstr("1 new"));
  EXPECT_EQ(rows().size(), 1u);
  o.repeats = Repeats::keep;
  EXPECT_THAT(run(old + row + row, o).title, HasSubstr("1 new, 1 known"));
  EXPECT_EQ(rows().size(), 2u);
}

TEST_F(Import, EncodingsMarksAndClocksOfOtherCountries) {
  const std::string csv =
      "timestamp;project_name;run_id;duration;emissions;energy_consumed;country_iso_code\n"
      "2026-07-01T12:00:00;M\xFCnchen \"x\";r1;\"1.234,5\";0,1;0,25;DEU\n";
  ImportOptions o;
  o.time_zone = "+02:00";
  const Result r = run(csv, o);
  const auto all = rows();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(label(all[0], "project"), "München \"x\"");
  EXPECT_NEAR((all[0].fact.end - all[0].fact.begin).base(), 1234.5, 1e-6);
  EXPECT_NEAR(all[0].fact.energy.value().in(units::kWh), 0.25, 1e-12);
  EXPECT_EQ(to_string(all[0].fact.end), "2026-07-01T10:00:00Z");
  EXPECT_THAT(to_text(r, 200), HasSubstr("Windows-1252"));
}

TEST_F(Import, ADryRunShowsAndRecordsNothing) {
  ImportOptions o;
  o.dry_run = true;
  const Result r = run(head + run_row("2026-11-24T15:00:00", "aaa", 3600, 0.06, 0.22, 0.02), o);
  EXPECT_THAT(text(r), AllOf(HasSubstr("nothing was recorded"), HasSubstr("What would be recorded")));
  EXPECT_FALSE(std::filesystem::exists(dir()));
}

TEST_F(Import, ALongFileIsStagedAndThereWholeOrNotAtAll) {
  std::string csv = head;
  for (int i = 0; i < 2500; ++i) csv += run_row("2026-11-24T15:00:00", fmt::format("r{}", i), 60, 0.001, 0, 0);
  const auto bring = [&](const std::string& content) {
    Reading reading(*shared_catalog(), {});
    AccountWriter writer(dir(), "test", false, 100);
    TextSource source("emissions.csv", content);
    Merge merge(writer);
    const auto found = read_into(source, {}, reading, writer, merge, context);
    writer.finish();
    return found;
  };
  EXPECT_THROW(bring(csv + "2026-11-24T15:00:00,cut"), Error);
  EXPECT_TRUE(rows().empty()) << "25 batches were staged when the last row was bad";
  EXPECT_EQ(bring(csv).fresh, 2500);
  EXPECT_EQ(bring(csv).known, 2500);
  EXPECT_EQ(rows().size(), 2500u);
  const auto v = Ledger::open(dir(), OpenMode::read)->verify();
  EXPECT_TRUE(v.holds) << v.first_fault;
  // Sequential uids.
  std::string last;
  for (std::int64_t i = 1; i <= 2500; i += 100) {
    const auto row = Ledger::open(dir(), OpenMode::read)->numbered(i).at(0);
    EXPECT_LT(last, row.fact.uid);
    last = row.fact.uid;
  }
}

TEST_F(Import, ALargeFileIsKnownByItsDigest) {
  std::string csv = head;
  const std::string project(2000, 'p');
  for (int i = 0; i < 2500; ++i)
    csv += fmt::format("2026-11-24T15:00:00,{},r{},,60,0.01,0.001,0,0,0.001,France,FRA,,N,,,2.1.3,,\n", project, i);
  EXPECT_THAT(run(csv).title, HasSubstr("2500 new, 0 known"));
  const Result again = run(csv, {}, "copy.csv");
  EXPECT_THAT(again.title, HasSubstr("0 new, 2500 known"));
  EXPECT_THAT(text(again), HasSubstr("SHA-256"));
  // Under other options its rows could be others.
  ImportOptions o;
  o.repeats = Repeats::skip;
  const Result other = run(csv, o);
  EXPECT_THAT(other.title, HasSubstr("0 new, 2500 known"));
  EXPECT_THAT(text(other), testing::Not(HasSubstr("SHA-256")));
  // What was retracted since is told, though the bytes are known.
  {
    const auto ledger = Ledger::open(dir(), OpenMode::write);
    ledger->retract(ledger->numbered(7).at(0).fact.uid, "a trial");
  }
  const Result after = run(csv);
  EXPECT_THAT(after.title, HasSubstr("0 new, 2500 known"));
  EXPECT_THAT(text(after), AllOf(HasSubstr("1 known row was retracted"), HasSubstr("--retracted restore"),
                                 testing::Not(HasSubstr("SHA-256"))));
  EXPECT_THAT(text(run(csv)), HasSubstr("1 known row was retracted")) << "each time";
  ImportOptions restore;
  restore.retracted = Retracted::restore;
  EXPECT_THAT(run(csv, restore).title, HasSubstr("0 new, 2499 known, 1 restored"));
  EXPECT_THAT(text(run(csv)), testing::Not(HasSubstr("retracted")));
  EXPECT_THAT(text(run(csv)), HasSubstr("SHA-256")) << "and quick again";
  // One digit of another size, in the last row.
  csv[csv.rfind("0.001,France") + 4] = '2';
  EXPECT_THAT(error_of(csv), HasSubstr("imported before with other content"));
  EXPECT_EQ(rows().size(), 2500u);
}

TEST_F(Import, PeopleAreKeptAsPseudonymsInBothWays) {
  for (const std::size_t held_back : {std::size_t{1}, std::size_t{20'000}}) {
    ReadOptions options;
    options.labels = {{"user", "project_name"}};
    Reading reading(*shared_catalog(), options);
    AccountWriter writer(dir(), "test", false, held_back);
    TextSource source("f.csv", head + run_row("2026-11-24T15:00:00", fmt::format("run{}", held_back), 60, 0.001, 0, 0));
    Merge merge(writer);
    read_into(source, {}, reading, writer, merge, context);
    writer.finish();
  }
  const auto all = rows();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_THAT(label(all[0], "user"), testing::StartsWith("~"));
  EXPECT_EQ(label(all[0], "user"), label(all[1], "user"));
}

TEST_F(Import, CanBeCancelled) {
  std::stop_source stop;
  stop.request_stop();
  context.stop = stop.get_token();
  std::string csv = head;
  for (int i = 0; i < 2000; ++i) csv += run_row("2026-11-24T15:00:00", fmt::format("r{}", i), 60, 0.001, 0, 0);
  EXPECT_THAT(error_of(csv), HasSubstr("cancel"));
  EXPECT_TRUE(rows().empty());
}

std::string span(const std::string& id, const std::string& parent, const std::string& model, int in, int out,
                 const std::string& more = "") {
  return fmt::format(
      R"({{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"bot"}}}}]}},)"
      R"("scopeSpans":[{{"spans":[{{"spanId":"{}","parentSpanId":"{}","startTimeUnixNano":"1795532400000000000",)"
      R"("endTimeUnixNano":"1795532404000000000","attributes":[{{"key":"gen_ai.request.model","value":{{"stringValue":"{}"}}}},)"
      R"({{"key":"gen_ai.usage.input_tokens","value":{{"intValue":"{}"}}}},)"
      R"({{"key":"gen_ai.usage.output_tokens","value":{{"intValue":{}}}}}{}]}}]}}]}}]}})"
      "\n",
      id, parent, model, in, out, more);
}

TEST_F(Import, TokenLogsAreModelledOnlyWhereModelAndDeviceAreKnown) {
  EXPECT_THAT(error_of(span("a", "", "llama-3.1-8b", 900, 200), {}, "s.jsonl"),
              AllOf(HasSubstr("s.jsonl:1"), HasSubstr("--device")));
  ImportOptions o;
  o.tokens.device = "NVIDIA H100 SXM";
  o.place = "FR";
  EXPECT_THAT(error_of(span("a", "", "some-closed-thing", 900, 200), o, "s.jsonl"), HasSubstr("some-closed-thing"));
  run(span("a", "", "llama-3.1-8b", 900, 200) + span("b", "a", "llama-3.1-8b", 900, 200) +
          span(
              "c", "", "llama-3.1-8b", 10, 20,
              R"(,{"key":"energy.joules","value":{"doubleValue":7}},{"key":"energy.joules.low","value":{"doubleValue":6}},)"
              R"({"key":"energy.joules.high","value":{"doubleValue":8}},{"key":"energy.method","value":{"stringValue":"measured"}})"),
      o, "s.jsonl");
  const auto all = rows();
  ASSERT_EQ(all.size(), 2u) << "span b lies within a, whose tokens it tells again";
  EXPECT_EQ(all[0].fact.model, "llama-3.1-8b");
  EXPECT_EQ(all[0].fact.tokens_in, 900);
  EXPECT_EQ(all[0].fact.place, "FR");
  EXPECT_EQ(label(all[0], "service"), "bot");
  double measured = 0, modelled = 0;
  for (const auto& row : all)
    (row.fact.energy.method() == Method::measured ? measured : modelled) += row.fact.energy.value().base();
  EXPECT_EQ(measured, 7);
  EXPECT_GT(modelled, 1);
  EXPECT_THAT(run(span("a", "", "llama-3.1-8b", 900, 200), o, "s.jsonl").title, HasSubstr("0 new, 1 known"));
}

TEST_F(Import, BrokenTokenLogsSayTheirPlace) {
  ImportOptions o;
  o.tokens.energy_per_token = Energy(0.5);
  EXPECT_THAT(error_of(span("a", "", "x", -1, 2), o, "s.jsonl"), AllOf(HasSubstr("s.jsonl:1"), HasSubstr("-1")));
  EXPECT_THAT(error_of("{\"resourceSpans\":3}\n", o, "s.jsonl"), HasSubstr("s.jsonl:1"));
  EXPECT_THAT(error_of(span("a", "", "x", 1, 2) + "{\"resourceSpans\":[", o, "s.jsonl"), HasSubstr("s.jsonl:2"));
  EXPECT_TRUE(rows().empty());
  run(span("a", "", "x", 1, 2), o, "s.jsonl");
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_EQ(rows()[0].fact.energy.value().base(), 1);
}

TEST_F(Import, OurOwnExportComesBackAsItWas) {
  Fact f;
  f.kind = "run";
  f.begin = parse_time("2026-11-24T10:00:00.125Z");
  f.end = parse_time("2026-11-24T10:00:05Z");
  f.energy = Estimate<Energy>::relative(Energy(12.5), 0.3, Method::measured, "RAPL").from_factor("meter.rapl.gain");
  f.tokens_in = 7;
  f.tokens_out = 42;
  f.model = "glow-xs";
  f.place = "FR";
  f.labels = {{"project", "a;b=c\\d"}, {"Grün", "line\nbreak, \"quoted\""}};
  Ledger::open(dir(), OpenMode::write)->record(f);
  const Result exported = export_rows({}, context);
  for (const bool csv : {true, false}) {
    EXPECT_THAT(run(csv ? to_csv(exported) : to_json(exported), {}, "x").title, HasSubstr("0 new, 1 known"));
    tests::ScratchDir other;
    Context there;
    there.provide(shared_catalog());
    there.provide(std::make_shared<Location>(Location{other.path().string()}));
    ImportOptions o;
    o.file = InputFile::from_path(file(csv ? to_csv(exported) : to_json(exported), "x"));
    import(o, there);
    const auto row = Ledger::open(other.path(), OpenMode::read)->newest();
    ASSERT_TRUE(row);
    EXPECT_EQ(row->fact.labels, f.labels);
    EXPECT_EQ(row->fact.begin, f.begin);
    EXPECT_EQ(row->fact.energy.value().base(), 12.5);
    EXPECT_NEAR(row->fact.energy.low().base(), f.energy.low().base(), 1e-9);
    EXPECT_NEAR(row->fact.energy.high().base(), f.energy.high().base(), 1e-9);
    EXPECT_EQ(row->fact.energy.method(), Method::measured);
    EXPECT_EQ(row->fact.tokens_out, 42);
  }
}

TEST_F(Import, CodeCarbonsOwnSample) {
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  ImportOptions o;
  o.file = InputFile::from_path((*shared / "data/boamps-schema/codecarbon_emissions_example.csv").string());
  import(o, context);
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_NEAR(rows()[0].fact.energy.value().in(units::kWh), 0.00057442898176, 1e-15);
  EXPECT_EQ(rows()[0].fact.place, "MA");
}

// Its energy would be in the account and in no sum.
TEST_F(Import, ARetractionCannotBeImported) {
  ImportOptions o;
  o.kind = "retraction";
  EXPECT_THAT(error_of(head + run_row("2026-11-24T15:00:00", "r1", 60, 0.001, 0, 0), o),
              AllOf(HasSubstr("takes back another one"), HasSubstr("ledger retract")));
  EXPECT_EQ(rows().size(), 0u);
}

}  // namespace
}  // namespace wattline::ledger::imports
