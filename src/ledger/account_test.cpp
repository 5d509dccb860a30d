// The capabilities that read and amend the account: report, list, show, export, verify, correct, retract.
#include "ledger/account.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernel/command_testing.h"
#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/amend.h"
#include "ledger/capabilities.h"
#include "ledger/database.h"
#include "ledger/report.h"
#include "ledger/rows.h"
#include "ledger/verify.h"

namespace wattline::ledger {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
namespace fs = std::filesystem;

class Account : public testing::Test {
 protected:
  void SetUp() override {
    context_.provide(catalog_);
    context_.provide(std::make_shared<Location>(Location{dir().string()}));
  }
  fs::path dir() const { return scratch_.path() / "account"; }
  std::string record(double joules, const std::string& place, const std::string& model = "glow-xs",
                     const std::string& when = "2026-11-24T10:00:00Z",
                     std::vector<std::pair<std::string, std::string>> labels = {}) {
    Fact f;
    f.kind = "answer";
    f.begin = f.end = parse_time(when);
    f.energy = Estimate<Energy>::relative(Energy(joules), 0.2, Method::modelled, "power curve")
                   .from_factor("device.cpu.power");
    f.tokens_in = 10;
    f.tokens_out = 100;
    f.model = model;
    f.place = place;
    f.labels = std::move(labels);
    return Ledger::open(dir(), OpenMode::write, {.factor_set = factor_set_})->record(f);
  }
  Result run(const std::string& name, const std::vector<std::string>& words) {
    return tests::run_command(capabilities(), name, words, context_);
  }
  std::string message(const std::string& name, const std::vector<std::string>& words) {
    return tests::message_of([&] { run(name, words); });
  }
  static Measure value(const Result& r, const char* name) { return r.find_estimate(name)->measure; }

  tests::ScratchDir scratch_;
  std::shared_ptr<catalog::Catalog> catalog_ = catalog::Catalog::load();
  std::string factor_set_ = catalog_->version();
  Context context_;
};

// --- An account that is not there.
TEST_F(Account, EmptyIsAnAnswerNotAnError) {
  for (const char* name : {"report", "list", "show", "verify", "export"}) {
    const Result r = run(name, {});
    EXPECT_THAT(to_text(r), AllOf(HasSubstr("no account in"), HasSubstr(dir().string()))) << name;
    EXPECT_FALSE(r.verdict && !r.verdict->holds) << name;
    EXPECT_THAT(to_html(r), HasSubstr("</html>"));
  }
  for (const char* name : {"correct", "retract"}) {
    std::vector<std::string> words{"x", "--reason", "y"};
    if (std::string(name) == "correct") words.insert(words.end(), {"--model", "z"});
    EXPECT_FALSE(run(name, words).verdict->holds);
  }
  EXPECT_FALSE(fs::exists(dir())) << "asking makes nothing";
  EXPECT_THAT(message("show", {"some-uid"}), HasSubstr("ledger list"));
}

TEST_F(Account, EveryExampleRunsOnAnEmptyAccount) {
  for (const auto& c : capabilities()) {
    EXPECT_FALSE(c.examples.empty()) << c.name;
    fs::current_path(scratch_.path());
    for (const auto& example : c.examples) {
      for (const auto& [name, content] : example.files) {
        fs::create_directories((scratch_.path() / name).parent_path());
        std::ofstream(scratch_.path() / name, std::ios::binary) << content;
      }
      EXPECT_THAT(to_text(run(c.name, example.arguments)), HasSubstr(example.expects)) << c.name;
    }
    fs::current_path("/");
  }
}

// --- Report.
TEST_F(Account, ReportSumsAndDerivesImpacts) {
  record(3600, "FR");
  record(7200, "FR", "other");
  record(1800, "DE");
  const Result r = run("report", {});
  EXPECT_NEAR(value(r, "energy").value, 3.5, 1e-9);
  EXPECT_EQ(value(r, "energy").unit, "Wh");
  for (const auto& block : r.blocks) {
    const auto* e = std::get_if<EstimateBlock>(&block);
    if (!e || e->name.find("energy") == std::string::npos) continue;
    EXPECT_THAT(e->measure.unit, AnyOf("Wh", "J/token")) << e->name;
  }
  const auto grid = [&](const char* place) {
    return catalog::resolve({.place = place, .intensity = {}, .water_intensity = {}, .pue = {}, .wue = {}}, *catalog_);
  };
  const auto e = [](double joules) { return Estimate<Energy>::exact(Energy(joules)); };
  const double grams = (grid("FR").carbon(e(10800)) + grid("DE").carbon(e(1800))).value().base();
  EXPECT_NEAR(r.find_estimate("carbon")->measure.value * (value(r, "carbon").unit == "mgCO2e" ? 1e-3 : 1), grams, 1e-9);
  const Table* models = r.find_table("By model");
  ASSERT_TRUE(models);
  EXPECT_THAT(models->column("group").texts(), ElementsAre("other", "glow-xs"));
  EXPECT_NEAR(models->column("energy").numbers()[0], 2, 1e-9);
  EXPECT_NEAR(models->column("share").numbers()[0], 100 * 7200 / 12600.0, 1e-9);
  EXPECT_NEAR(models->column("carbon").numbers()[0] + models->column("carbon").numbers()[1], grams, 1e-9);
  EXPECT_EQ(value(r, "energy_per_token").value, 42) << "J a token: 12600 J for 300 tokens";
  EXPECT_THAT(r.warnings, Not(Contains(HasSubstr("world average"))));
  bool drawn = false;
  for (const auto& block : r.blocks) drawn = drawn || std::holds_alternative<Figure>(block);
  EXPECT_TRUE(drawn);
  EXPECT_FALSE(r.factors.empty());
  EXPECT_THAT(to_html(r), AllOf(HasSubstr("</html>"), Not(HasSubstr("NaN"))));
}

TEST_F(Account, AReportCanBeSigned) {
  record(3600, "FR", "glow-xs", "2026-11-05T10:00:00Z");
  const std::vector<std::string> words{"--since", "2026-11-01", "--until", "2026-12-01", "--organisation", "A & B"};
  const Result r = run("report", words);
  EXPECT_THAT(r.title, StartsWith("A & B, 2026-11-01 until 2026-12-01: 1 row: "));
  const Table* head = r.find_table("page.head.v1");
  ASSERT_TRUE(head);
  const auto line = [&](const std::string& what) {
    const auto& names = head->column("what").texts();
    const auto it = std::find_if(names.begin(), names.end(), [&](const auto& name) { return name.starts_with(what); });
    return it == names.end() ? "" : head->column("value").texts()[static_cast<std::size_t>(it - names.begin())];
  };
  EXPECT_EQ(line("organisation"), "A & B");
  EXPECT_THAT(line("asked period"), HasSubstr("2026-11-01 until 2026-12-01"));
  EXPECT_THAT(line("rows"), AllOf(StartsWith("1, from "), HasSubstr("to 2026-11-05T10:00:00Z")));
  EXPECT_THAT(line("program"), AllOf(HasSubstr("wattline "), HasSubstr(catalog_->version())));
  EXPECT_EQ(line("account"), fs::absolute(dir()).lexically_normal().string());
  const auto heads = Ledger::open(dir(), OpenMode::read)->heads();
  ASSERT_EQ(heads.size(), 1u);
  EXPECT_THAT(line("head of the chain"), HasSubstr(heads[0].hash));
  EXPECT_THAT(to_html(r), AllOf(HasSubstr("<title>A &amp; B, 2026-11-01"), HasSubstr("<span>role</span>")));
  EXPECT_THAT(to_csv(r), StartsWith("group,"));
  EXPECT_THAT(message("report", {"--organisation", "a\nb"}), HasSubstr("organisation"));
  EXPECT_THAT(message("report", {"--organisation", std::string(201, 'a')}), HasSubstr("200"));

  const Result none = run("report", {"--since", "2025-01-01", "--until", "2025-02-01"});
  EXPECT_EQ(none.title, "2025-01-01 until 2025-02-01: No rows");
  EXPECT_THAT(to_text(none, 200), HasSubstr("asked: 2025-01-01 until 2025-02-01"));
  EXPECT_THAT(to_html(none), AllOf(HasSubstr("2025-01-01 until 2025-02-01"), HasSubstr(heads[0].hash)));
  EXPECT_THAT(run("report", {"--since", "2025-01-01", "--kind", "job"}).title, StartsWith("2025-01-01 on: "));
  EXPECT_THAT(run("report", {"--until", "2025-01-01"}).title, StartsWith("all before 2025-01-01: "));
}

TEST_F(Account, AnEquivalenceIsGivenOnce) {
  record(3.6e8, "FR");
  const Result r = run("report", {});
  const auto& texts = r.find_table("ledger.equivalences.v2")->column("as_much_as").texts();
  EXPECT_THAT(texts, Contains(testing::MatchesRegex("[0-9,]+ web searches")));
  EXPECT_THAT(texts, Contains(testing::MatchesRegex("[0-9.,]+ tree-(months|years)")));
  EXPECT_THAT(texts, Contains(testing::MatchesRegex("([0-9.]+ %|less than 0.1 %) of a flight .*")));
  EXPECT_THAT(texts, Each(Not(HasSubstr("e+"))));
}

TEST_F(Account, ManyRowsOnOneFactorAreNoSurerThanOne) {
  record(100, "FR");
  const Measure one = value(run("report", {}), "carbon");
  {
    const auto ledger = Ledger::open(dir(), OpenMode::write);
    Fact same = ledger->newest()->fact;
    same.uid.clear();
    ledger->record_all(std::vector<Fact>(999, same));
  }
  const Measure many = value(run("report", {}), "carbon");
  EXPECT_NEAR((many.interval.high - many.interval.low) / many.value, (one.interval.high - one.interval.low) / one.value,
              1e-6);
}

TEST_F(Account, ReportSaysWhatItAssumed) {
  record(100, "");
  factor_set_ = "2020-01-01-abc123";
  record(100, "Atlantis-9");
  const Result r = run("report", {});
  EXPECT_THAT(r.warnings, Contains(AllOf(HasSubstr("1 row names no place"), HasSubstr("world average"))));
  EXPECT_THAT(r.warnings, Contains(HasSubstr("Atlantis-9")));
  EXPECT_THAT(r.warnings, Contains(AllOf(HasSubstr("1 row was recorded under the catalog 2020-01-01-abc123"),
                                         HasSubstr(catalog_->version()))));
  EXPECT_EQ(value(r, "carbon").method, Method::modelled);
  const Result named = run("report", {"--place", "FR"});
  EXPECT_THAT(named.warnings, Contains(HasSubstr("taken as FR")));
  EXPECT_LT(value(named, "carbon").value, value(r, "carbon").value);
  EXPECT_THAT(message("report", {"--place", "Frnce"}), HasSubstr("FR"));
}

TEST_F(Account, RowsOfTheWorldAreToldOfWhereAPlaceIsGiven) {
  record(100, "WORLD");
  record(100, "WORLD");
  record(100, "");
  const double before = value(run("report", {}), "carbon").value;
  EXPECT_THAT(run("report", {}).warnings, Not(Contains(HasSubstr("WORLD"))));
  EXPECT_THAT(run("report", {"--place", "WORLD"}).warnings, Not(Contains(HasSubstr("does not change"))));
  const Result r = run("report", {"--place", "FR"});
  EXPECT_THAT(r.warnings,
              Contains(AllOf(HasSubstr("2 rows name the place WORLD"), HasSubstr("--place FR does not change them"))));
  EXPECT_THAT(r.warnings, Contains(HasSubstr("1 row names no place: taken as FR")));
  EXPECT_GT(value(r, "carbon").value, before * 2 / 3);
}

TEST_F(Account, KindsAreKnownOrRefused) {
  record(1, "FR");
  record(2, "FR");
  const auto rows = [&](const char* kinds) { return to_text(run("report", {"--kind", kinds})); };
  EXPECT_THAT(rows("answer"), HasSubstr("2 rows"));
  EXPECT_THAT(rows("job,answer"), HasSubstr("2 rows"));
  EXPECT_THAT(rows("job,rented"), HasSubstr("none is of this"));
  for (const char* command : {"report", "list", "export", "impacts"}) {
    const std::string said = message(command, {"--kind", "jobs"});
    EXPECT_THAT(said, AllOf(HasSubstr("unknown kind of row 'jobs'"), HasSubstr("did you mean 'job'?"),
                            HasSubstr("run, answer, job, training, rented, machine")))
        << command;
  }
  EXPECT_THAT(message("report", {"--kind", "answer,jobs"}), HasSubstr("'jobs'"));
  EXPECT_THAT(message("report", {"--kind", ","}), HasSubstr("names no kind"));
  EXPECT_THAT(to_text(run("list", {"--kind", "retraction", "--superseded"})), HasSubstr("0 rows"));
  // An import may have given a kind of its own.
  Fact own = Ledger::open(dir(), OpenMode::read)->newest()->fact;
  own.uid.clear();
  own.kind = "cooling";
  Ledger::open(dir(), OpenMode::write)->record(own);
  EXPECT_THAT(rows("cooling"), HasSubstr("1 row"));
  EXPECT_THAT(rows("cooling,answer"), HasSubstr("3 rows"));
}

TEST_F(Account, ReportByLabelsDaysAndChoices) {
  record(1, "FR", "a", "2026-10-31T23:59:59Z", {{"project", "thesis"}, {"user", "жанна"}});
  record(2, "FR", "b", "2026-11-01T00:00:00Z", {{"project", "paper"}});
  record(4, "FR", "a", "2026-11-02T00:00:00Z");
  Result r = run("report", {"--by", "project,month", "--by", "label:user", "--by", "label"});
  EXPECT_THAT(r.find_table("By project")->column("group").texts(), ElementsAre("(none)", "paper", "thesis"));
  EXPECT_THAT(r.find_table("By month")->column("group").texts(), ElementsAre("2026-10", "2026-11"));
  EXPECT_THAT(r.find_table("By label:user")->column("group").texts(), ElementsAre("(none)", "жанна"));
  EXPECT_EQ(r.find_table("By label")->rows(), 3u);
  const auto joules = [&](std::vector<std::string> words) {
    const Result x = run("report", words);
    return x.find_estimate("energy") ? value(x, "energy").value : 0;
  };
  EXPECT_EQ(joules({"--since", "2026-11-01"}), 6);
  EXPECT_EQ(joules({"--until", "2026-11-01"}), 1);
  EXPECT_EQ(joules({"--where", "project=thesis"}), 1);
  EXPECT_EQ(joules({"--where", "model=a", "--where", "project="}), 4);
  EXPECT_EQ(joules({"--kind", "run"}), 0);
  EXPECT_THAT(to_text(run("report", {"--kind", "run"})), HasSubstr("3 rows; none is of this"));
  EXPECT_THAT(message("report", {"--by", "projct"}), AllOf(HasSubstr("project"), HasSubstr("projct")));
  EXPECT_THAT(message("report", {"--where", "thesis"}), HasSubstr("NAME=VALUE"));
  EXPECT_THAT(message("report", {"--since", "yesterday"}), AllOf(HasSubstr("since"), HasSubstr("7d")));
  EXPECT_THAT(message("report", {"--since", "2026-11-02", "--until", "2026-11-01"}), HasSubstr("not after"));
  EXPECT_NO_THROW(run("report", {"--since", "7d", "--until", "0s"}));
}

TEST_F(Account, CorrectionsCountInPlaceOfWhatTheyCorrect) {
  const std::string uid = record(100, "FR");
  record(10, "FR");
  const Result done = run("correct", {uid, "--energy", "50 J", "--spread", "10", "--reason", "read wrong"});
  EXPECT_FALSE(done.verdict);
  EXPECT_EQ(value(run("report", {}), "energy").value, 60);
  EXPECT_EQ(value(run("report", {}), "energy").unit, "J");
  EXPECT_THAT(message("correct", {uid, "--energy", "1 J", "--reason", "again"}), HasSubstr("successor"));
  const Result shown = run("show", {uid});
  EXPECT_THAT(shown.warnings, Contains(HasSubstr("in no sum")));
  const std::string successor = Ledger::open(dir(), OpenMode::read)->successor(uid);
  EXPECT_THAT(to_text(run("show", {successor})), AllOf(HasSubstr("read wrong"), HasSubstr(uid)));
  run("retract", {successor, "--reason", "no such run"});
  EXPECT_EQ(value(run("report", {}), "energy").value, 10);
  EXPECT_TRUE(run("verify", {}).verdict->holds);
  EXPECT_EQ(run("list", {}).find_table("ledger.rows.v1")->rows(), 1u);
  EXPECT_EQ(run("list", {"--superseded"}).find_table("ledger.rows.v1")->rows(), 4u);
  EXPECT_FALSE(run("retract", {"nobody", "--reason", "x"}).verdict->holds);
  EXPECT_EQ(run("retract", {"nobody", "--reason", "x"}).exit_code, 2) << "as `show` of a row that is not there";
  EXPECT_THAT(message("correct", {uid, "--reason", "x"}), HasSubstr("nothing is given"));
  EXPECT_THAT(message("correct", {uid, "--energy", "-1 J", "--reason", "x"}), HasSubstr("energy"));
  EXPECT_THAT(message("correct", {uid, "--place", "Frnce", "--reason", "x"}), HasSubstr("France"));
  EXPECT_THAT(message("retract", {uid}), HasSubstr("reason"));
}

// --- Rows.
TEST_F(Account, ListShowsTheNewestFirst) {
  for (int day = 1; day <= 9; ++day) record(day, "FR", "m", "2026-03-0" + std::to_string(day) + "T12:00:00Z");
  const Result r = run("list", {"--last", "3"});
  EXPECT_THAT(r.title, HasSubstr("last 3 of 9"));
  EXPECT_THAT(r.find_table("ledger.rows.v1")->column("energy").numbers(), ElementsAre(9, 8, 7));
  EXPECT_THAT(message("list", {"--last", "0"}), HasSubstr("last"));
  // An answer and a job side by side: each in a unit that can be read; files keep one.
  record(0.004, "FR", "m", "2026-03-10T12:00:00Z");
  record(7.2e6, "FR", "m", "2026-03-11T12:00:00Z");
  const Result mixed = run("list", {});
  EXPECT_THAT(to_text(mixed), AllOf(HasSubstr("4 mJ"), HasSubstr("2 kWh"), HasSubstr("9 J")));
  EXPECT_THAT(to_csv(mixed), AllOf(HasSubstr("energy [J]"), HasSubstr(",7200000,"), HasSubstr(",0.004,")));
}

TEST_F(Account, ShowTellsAllOfARow) {
  const std::string uid = record(3600, "FR", "glow-xs", "2026-11-24T10:00:00Z", {{"project", "thesis"}});
  const std::string text = to_text(run("show", {uid}));
  EXPECT_THAT(text, AllOf(HasSubstr("thesis"), HasSubstr("device.cpu.power"), HasSubstr("power curve"),
                          HasSubstr("hash"), HasSubstr(uid)));
  EXPECT_EQ(to_text(run("show", {})), text) << "none named: the newest";
  EXPECT_EQ(to_text(run("show", {"1"})), text) << "by its number";
  EXPECT_THAT(message("show", {"2"}), HasSubstr("no row '2'"));
  EXPECT_THAT(message("show", {"nobody/1"}), HasSubstr("no row"));
  {
    // Another host's chain in the same file.
    Database database(dir() / Ledger::file_name, Database::Access::create, std::chrono::seconds(1));
    database.run(
        "INSERT INTO writers SELECT 'ffffffffffff', 'elsewhere', created, last_seq, last_hash FROM writers;"
        "INSERT INTO facts SELECT 'ffffffffffff', seq, prev_hash, hash, 'copy', recorded, corrects, factor_set, kind, "
        "begin_ns,"
        " end_ns, energy, energy_sd, by_factor, method, signed, sources, tokens_in, tokens_out, model, device, place, "
        "labels FROM facts");
  }
  EXPECT_THAT(message("show", {"1"}), AllOf(HasSubstr("2 hosts"), HasSubstr("ffffffffffff/1")));
  EXPECT_THAT(to_text(run("show", {"ffffffffffff/1"})), HasSubstr("copy"));
}

TEST_F(Account, ExportIsRunRecords) {
  record(3600, "FR", "m, \"x\"", "2026-11-24T10:00:00Z", {{"a;b", "c=d\\"}});
  const Result r = run("export", {});
  const std::string csv = to_csv(r);
  EXPECT_THAT(csv, testing::StartsWith("run,kind,begin,end,"));
  const Table back = read_csv(csv, "export");
  EXPECT_EQ(back.rows(), 1u);
  EXPECT_EQ(back.column("model").texts()[0], "m, \"x\"");
  EXPECT_EQ(back.column("labels").texts()[0], "a\\;b=c\\=d\\\\");
  EXPECT_GT(r.find_table("run.records.v1")->column("water").numbers()[0], 0);
}

// --- Verify.
TEST_F(Account, VerifyPrintsHeadsAndFindsThemAgain) {
  record(1, "FR");
  const Result r = run("verify", {});
  EXPECT_TRUE(r.verdict->holds);
  const std::string head = r.find_table("ledger.chains.v1")->column("head").texts()[0];
  EXPECT_THAT(to_text(r), AllOf(HasSubstr(head), HasSubstr("yes: 1 row in 1 chain")));
  record(2, "FR");
  EXPECT_TRUE(run("verify", {"--head", head}).verdict->holds);
  const Result other = run("verify", {"--head", std::string(64, 'a')});
  EXPECT_FALSE(other.verdict->holds);
  EXPECT_THAT(message("verify", {"--head", "abc"}), HasSubstr("64"));
  fs::remove_all(dir());
  EXPECT_FALSE(run("verify", {"--head", head}).verdict->holds) << "an account that was taken away is seen";
}

TEST_F(Account, AReportIsHeldAgainstAnotherPeriod) {
  record(100, "FR", "glow-xs", "2026-10-05T10:00:00Z");
  record(150, "FR", "glow-xs", "2026-11-05T10:00:00Z");
  record(50, "DE", "other", "2026-11-06T10:00:00Z");
  const Result r = run("report", {"--since", "2026-11-01", "--until", "2026-12-01", "--by", "model", "--against",
                                  "2026-10-01..2026-11-01", "--price", "0.3"});
  const Table* t = r.find_table("ledger.comparison.v1");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->title, "Against 2026-10-01 to 2026-11-01");
  const auto& names = t->column("figure").texts();
  const auto at = [&](const std::string& figure, const char* column) {
    const auto it = std::find(names.begin(), names.end(), figure);
    EXPECT_NE(it, names.end()) << figure;
    return t->column(column).numbers().at(static_cast<std::size_t>(it - names.begin()));
  };
  EXPECT_NEAR(at("energy", "change"), 100, 1e-9);
  EXPECT_NEAR(at("rows", "change"), 100, 1e-9);
  EXPECT_NEAR(at("energy of model glow-xs", "change"), 50, 1e-9);
  EXPECT_TRUE(std::isnan(at("energy of model other", "change")));  // there was none before
  // The error of the one factor that both share is in neither's favour.
  EXPECT_NEAR(at("energy", "change_high") - at("energy", "change_low"), 0, 1e-6);
  EXPECT_NEAR(r.find_estimate("cost")->measure.value,
              0.3 * r.find_estimate("facility_energy")->measure.value *
                  (r.find_estimate("facility_energy")->measure.unit == "J" ? 1.0 / 3.6e6 : 1e-3),
              1e-9);
  EXPECT_THAT(to_text(run("report", {"--since", "2026-11-01", "--until", "2026-11-11", "--against", "previous"})),
              HasSubstr("no row is of the period"));
  EXPECT_THAT(message("report", {"--against", "previous"}), HasSubstr("without a beginning"));
  EXPECT_THAT(message("report", {"--against", "last"}), HasSubstr("no period"));
}

TEST_F(Account, VerifySaysNoToAForgedRow) {
  record(1, "FR");
  record(2, "FR");
  {
    Database database(dir() / Ledger::file_name, Database::Access::create, std::chrono::seconds(1));
    database.run("DROP TRIGGER facts_stay; UPDATE facts SET energy = 0.5 WHERE seq = 1");
  }
  const Result r = run("verify", {});
  EXPECT_FALSE(r.verdict->holds);
  EXPECT_THAT(to_text(r), HasSubstr("no: row 1 of writer"));
  const Result rows = run("list", {});
  const Table* t = rows.find_table("ledger.rows.v1");
  for (std::size_t i = 0; i < t->rows(); ++i) {
    const Result shown = run("show", {t->column("uid").texts()[i]});
    const bool forged = t->column("energy").numbers()[i] == 0.5;
    EXPECT_EQ(std::count_if(shown.warnings.begin(), shown.warnings.end(),
                            [](const auto& w) { return w.find("changed after it was written") != w.npos; }),
              forged);
  }
}

TEST_F(Account, VerifyCanBeCancelledAndSaysHowFar) {
  {
    const auto ledger = Ledger::open(dir(), OpenMode::write);
    std::vector<Fact> facts(9000);
    for (auto& f : facts) f.kind = "run";
    ledger->record_all(facts);
  }
  double most = 0;
  context_.on_progress = [&](double fraction, std::string_view) { most = std::max(most, fraction); };
  EXPECT_TRUE(run("verify", {}).verdict->holds);
  EXPECT_GT(most, 0.5);
  EXPECT_LE(most, 1);
  std::stop_source stop;
  stop.request_stop();
  context_.stop = stop.get_token();
  for (const char* name : {"verify", "report", "export"}) {
    try {
      run(name, {});
      ADD_FAILURE() << name;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::cancelled) << name;
    }
  }
}

TEST_F(Account, ADamagedOrNewerAccountIsAnErrorEverywhere) {
  record(1, "FR");
  {
    Database database(dir() / Ledger::file_name, Database::Access::create, std::chrono::seconds(1));
    database.run("PRAGMA user_version = 99");
  }
  for (const char* name : {"report", "list", "verify", "export"})
    EXPECT_THAT(message(name, {}), HasSubstr("99")) << name;
  fs::remove_all(dir());
  fs::create_directories(dir());
  std::ofstream(dir() / Ledger::file_name) << std::string(5000, 'x');
  for (const char* name : {"report", "list", "verify", "export"})
    EXPECT_THAT(message(name, {}), HasSubstr("no account")) << name;
}

TEST_F(Account, WhatCannotBeTakenInHoldsUpNoRecord) {
  // A folder where a file should be: opening it for writing fails, whoever asks.
  fs::create_directories(dir() / "journal" / "left.journal");
  const auto ledger = open_with_leftovers(dir(), "");
  Fact f;
  f.kind = "run";
  f.begin = f.end = Time::now();
  EXPECT_FALSE(ledger->record(f).empty());
  EXPECT_TRUE(fs::exists(dir() / "journal" / "left.journal"));
}

}  // namespace
}  // namespace wattline::ledger
