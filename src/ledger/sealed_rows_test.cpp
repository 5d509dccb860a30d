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

}  // namespace
}  // namespace wattline::ledger
