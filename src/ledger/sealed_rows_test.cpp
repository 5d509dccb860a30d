#include "ledger/sealed_rows.h"

#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernel/command_testing.h"
#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/capabilities.h"
#include "ledger/segment.h"

namespace wattline::ledger {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

// Ten rows of ten days, five of them sealed.
class SealedRows : public testing::Test {
 protected:
  void SetUp() override {
    context_.provide(catalog_);
    context_.provide(std::make_shared<Location>(Location{dir().string()}));
    const auto ledger = Ledger::open(dir(), OpenMode::write);
    for (int i = 1; i <= 10; ++i) ledger->record(fact(i));
  }
  static Fact fact(int day) {
    Fact f;
    f.kind = day % 2 ? "answer" : "run";
    f.begin = f.end = parse_time(fmt::format("2026-11-{:02}T10:00:00Z", day));
    f.energy = Estimate<Energy>::exact(Energy(day));
    f.place = "FR";
    f.uid = fmt::format("u{}", day);
    return f;
  }
  void seal() { Ledger::open(dir(), OpenMode::write)->seal(parse_time("2026-11-06")); }
  fs::path dir() const { return scratch_.path() / "account"; }
  Result run(const std::string& name, const std::vector<std::string>& words) {
    return tests::run_command(capabilities(), name, words, context_);
  }
  std::string message(const std::string& name, const std::vector<std::string>& words) {
    return tests::message_of([&] { run(name, words); });
  }
  // Uids of the exported rows.
  std::vector<std::string> exported(std::vector<std::string> words) {
    return run("export", words).find_table("run.records.v1")->column("run").texts();
  }

  tests::ScratchDir scratch_;
  std::shared_ptr<catalog::Catalog> catalog_ = catalog::Catalog::load();
  Context context_;
};

TEST_F(SealedRows, ExportsHoldThemAsBefore) {
  const auto all = exported({}), some = exported({"--kind", "answer", "--since", "2026-11-02"});
  ASSERT_EQ(all.size(), 10u);
  seal();
  EXPECT_EQ(exported({}), all);
  EXPECT_EQ(exported({"--kind", "answer", "--since", "2026-11-02"}), some);
  EXPECT_EQ(exported({"--kind", "run,answer", "--until", "2026-11-02"}), std::vector<std::string>{"u1"});
  EXPECT_TRUE(exported({"--where", "place=DE"}).empty());
}

TEST_F(SealedRows, AWholeExportReadsBackTheSame) {
  seal();
  const fs::path file = scratch_.path() / "all.json";
  EXPECT_THAT(run("export-as", {"json", "--to", file.string()}).title, HasSubstr("10 rows written"));
  const double before = run("report", {}).find_estimate("energy")->measure.value;
  context_.provide(std::make_shared<Location>(Location{(scratch_.path() / "other").string()}));
  run("import", {file.string()});
  EXPECT_NEAR(run("report", {}).find_estimate("energy")->measure.value, before, 1e-9);
  EXPECT_EQ(exported({}).size(), 10u);
  for (const char* form : {"csv", "codecarbon"}) {
    context_.provide(std::make_shared<Location>(Location{dir().string()}));
    EXPECT_THAT(run("export-as", {form, "--to", (scratch_.path() / form).string()}).title, HasSubstr("10 rows"))
        << form;
  }
}

TEST_F(SealedRows, CorrectedOnesStayOut) {
  {
    const auto ledger = Ledger::open(dir(), OpenMode::write);
    Fact mended = fact(3);
    mended.uid = "mended";
    ledger->correct("u2", mended);
    ledger->retract("u4", "a trial");
    ledger->seal(Time::now());
  }
  const auto rows = exported({});
  EXPECT_EQ(rows.size(), 9u);
  EXPECT_THAT(rows, AllOf(Contains("mended"), Not(Contains("u2")), Not(Contains("u4"))));
}

TEST_F(SealedRows, FilesThatAreAwayAreSaid) {
  seal();
  fs::remove_all(segments_dir(dir()));
  const Result r = run("export", {});
  EXPECT_EQ(r.find_table("run.records.v1")->rows(), 5u);
  EXPECT_THAT(r.warnings, Contains(HasSubstr("5 rows are sealed in files that are not")));
  EXPECT_THAT(run("export-as", {"json", "--to", (scratch_.path() / "x").string()}).warnings,
              Contains(HasSubstr("5 rows are sealed")));
}

TEST_F(SealedRows, ADamagedFileIsAnErrorAndWritesNothing) {
  seal();
  const fs::path file = segments_dir(dir()) / Ledger::open(dir(), OpenMode::read)->segments().at(0).file;
  fs::resize_file(file, fs::file_size(file) / 2);
  EXPECT_THAT(message("export", {}), HasSubstr("damaged segment"));
  const fs::path to = scratch_.path() / "never.json";
  EXPECT_THROW(run("export-as", {"json", "--to", to.string()}), Error);
  EXPECT_FALSE(fs::exists(to));
}

TEST_F(SealedRows, WhoAsksForOneIsToldWhereItIs) {
  seal();
  for (const char* name : {"1", "u1", "5"}) {
    EXPECT_THAT(message("show", {name}), AllOf(HasSubstr("is sealed in"), HasSubstr("segments"))) << name;
    const Result r = run("retract", {name, "--reason", "wrong"});
    EXPECT_EQ(r.exit_code, 2);
    EXPECT_FALSE(r.verdict->holds);
    EXPECT_THAT(r.verdict->why, HasSubstr("is sealed in")) << name;
    EXPECT_THAT(run("correct", {name, "--model", "m", "--reason", "wrong"}).verdict->why, HasSubstr("is sealed in"));
  }
  for (const char* name : {"11", "u", "u11", "answer", "nobody/1", ""})
    EXPECT_EQ(sealed_text(*Ledger::open(dir(), OpenMode::read), name), "") << name;
  EXPECT_THAT(message("show", {"11"}), HasSubstr("has no row '11'"));
  EXPECT_THAT(to_text(run("show", {"6"})), HasSubstr("u6"));
}

// Every command that reads rows one by one counts them as before.
TEST_F(SealedRows, ReadersRowByRowCountThem) {
  const auto cell = [](const Result& r, const char* table, const char* column) {
    return r.find_table(table)->column(column).to_numbers().at(0);
  };
  const std::vector<std::string> by_time{"--allocation", "time"}, training{"--kind", "run"};
  const double carbon = cell(run("impacts", by_time), "ledger.impacts.v1", "use");
  const Result run_before = run("training-report", training);
  seal();
  EXPECT_NEAR(cell(run("impacts", by_time), "ledger.impacts.v1", "use"), carbon, 1e-12);
  const Result run_after = run("training-report", training);
  EXPECT_EQ(run_after.find_table("training.rows.v1")->column("run").texts(),
            run_before.find_table("training.rows.v1")->column("run").texts());
  EXPECT_EQ(run_after.find_estimate("energy")->measure.value, run_before.find_estimate("energy")->measure.value);
  // By number, by uid, and one that is not sealed.
  for (const char* names : {"2,u8", "u2,8"})
    EXPECT_THAT(run("training-report", {"--run", names}).find_table("training.rows.v1")->column("run").texts(),
                testing::ElementsAre("u2", "u8"))
        << names;
  EXPECT_THAT(message("training-report", {"--run", "u2,u99"}), HasSubstr("no row 'u99'"));

  fs::remove_all(segments_dir(dir()));
  for (const auto& [name, words] : {std::pair("impacts", by_time), std::pair("training-report", training)})
    EXPECT_THAT(run(name, words).warnings, Contains(HasSubstr("5 rows are sealed in files that are not"))) << name;
  EXPECT_THAT(message("training-report", {"--run", "2"}), HasSubstr("in a file that is not here"));
}

TEST_F(SealedRows, FilesOfAnotherPeriodAreNotMissed) {
  seal();
  fs::remove_all(segments_dir(dir()));
  EXPECT_THAT(run("export", {"--since", "2026-11-06"}).warnings, Not(Contains(HasSubstr("sealed"))));
  EXPECT_THAT(run("export", {"--since", "2026-11-05"}).warnings, Contains(HasSubstr("sealed")));
}

TEST_F(SealedRows, AnAccountOfSealedRowsAloneIsNotEmpty) {
  Ledger::open(dir(), OpenMode::write)->seal(Time::now());
  EXPECT_THAT(to_text(run("show", {})), AllOf(HasSubstr("Every row is sealed"), HasSubstr("10 older rows")));
  EXPECT_THAT(to_text(run("list", {})), HasSubstr("10 older rows are sealed"));
}

// A head that was signed before is found again after its row was sealed.
TEST_F(SealedRows, HeadsOfBeforeAreFoundAgain) {
  std::vector<std::string> heads;
  for (int i = 1; i <= 10; ++i) heads.push_back(Ledger::open(dir(), OpenMode::read)->numbered(i).at(0).hash);
  seal();
  for (const std::size_t i : {0u, 2u, 4u, 5u, 9u}) {
    const Result r = run("verify", {"--head", heads[i]});
    EXPECT_TRUE(r.verdict->holds) << i << ": " << r.verdict->why;
    EXPECT_THAT(to_text(r), HasSubstr(fmt::format("is row {} of writer", i + 1)));
  }
  std::string other = heads[2];
  other[5] = other[5] == 'a' ? 'b' : 'a';
  EXPECT_FALSE(run("verify", {"--head", other}).verdict->holds);
  fs::remove_all(segments_dir(dir()));
  EXPECT_TRUE(run("verify", {"--head", heads[4]}).verdict->holds) << "the chain goes on from it";
  const Result away = run("verify", {"--head", heads[2]});
  EXPECT_FALSE(away.verdict->holds);
  EXPECT_THAT(away.verdict->why, HasSubstr("one of the 5 in sealed files that are not here"));
}

}  // namespace
}  // namespace wattline::ledger
