// A long import: nobody waits for it, nobody sees part of it, and a kill leaves nothing of it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/chain_writer.h"
#include "ledger/imports/account_writer.h"
#include "ledger/ledger.h"
#include "ledger/segment.h"
#include "ledger/staging.h"

namespace wattline::ledger::imports {
namespace {

using testing::HasSubstr;

Fact fact(const std::string& uid, double joules = 1) {
  Fact f;
  f.kind = "run";
  f.begin.ns = 1'764'000'000'000'000'000;
  f.end.ns = f.begin.ns + 1'000'000'000;
  f.energy = Estimate<Energy>::relative(Energy(joules), 0.2, Method::measured, "a meter").from_factor("meter.a");
  f.uid = uid;
  return f;
}

class Staging : public testing::Test {
 protected:
  // So that a lock that is held too long fails and does not wait.
  std::shared_ptr<Ledger> open() const {
    return Ledger::open(scratch_.path(), OpenMode::write,
                        {.factor_set = "test", .busy_timeout = std::chrono::milliseconds(50)});
  }
  // Each transaction of the staged chain has 100 rows.
  AccountWriter writer() const { return AccountWriter(scratch_.path(), "test", false, 100); }
  static void add(AccountWriter& w, int from, int to) {
    for (int i = from; i < to; ++i) w.add(fact(fmt::format("import-{:05}", i)));
  }
  std::int64_t rows_in_file() const {
    const Database database(scratch_.path() / Ledger::file_name, Database::Access::read, std::chrono::seconds(1));
    return database.integer("SELECT count(*) FROM facts");
  }
  static double sum(const Ledger& ledger) {
    double joules = 0;
    ledger.for_each_subtotal({}, [&](const Subtotal& s) { joules += s.energy.value(); });
    return joules;
  }
  static int seen(const Ledger& ledger) {
    int rows = 0;
    ledger.for_each({}, [&](const Row&) { ++rows; });
    return rows;
  }
  tests::ScratchDir scratch_;
};

TEST_F(Staging, OthersWriteInBetweenAndSeeNothingOfIt) {
  auto import = writer();
  for (int i = 0; i < 10; ++i) {
    add(import, 250 * i, 250 * (i + 1));
    const auto ledger = open();
    ledger->record(fact(fmt::format("other-{}", i), 10));
    EXPECT_EQ(seen(*ledger), i + 1);
    EXPECT_EQ(ledger->size(), i + 1);
    EXPECT_EQ(sum(*ledger), 10 * (i + 1));
    EXPECT_FALSE(ledger->find("import-00001"));
    EXPECT_EQ(ledger->newest()->fact.uid.substr(0, 5), "other");
    EXPECT_EQ(ledger->heads().size(), 1u);
    const auto v = ledger->verify();
    EXPECT_TRUE(v.holds) << v.first_fault;
    EXPECT_EQ(v.rows, i + 1);
    EXPECT_EQ(v.staged, 250 * (i + 1) / 100 * 100);
  }
  import.finish();
  const auto ledger = open();
  EXPECT_EQ(ledger->size(), 2510);
  EXPECT_EQ(seen(*ledger), 2510);
  EXPECT_EQ(sum(*ledger), 2600);
  const auto v = ledger->verify();
  EXPECT_TRUE(v.holds) << v.first_fault;
  ASSERT_EQ(v.chains.size(), 2u);
  EXPECT_THAT(v.chains[1].host, HasSubstr("(import "));
  EXPECT_EQ(v.chains[1].seq, 2500);
  EXPECT_EQ(v.staged, 0);
}

TEST_F(Staging, AnImportThatFailsIsUndone) {
  open()->record(fact("other"));
  {
    auto import = writer();
    add(import, 0, 1000);
    EXPECT_EQ(rows_in_file(), 1001);
  }
  EXPECT_EQ(rows_in_file(), 1);
  EXPECT_TRUE(open()->verify().holds);
}

TEST_F(Staging, WhatAKilledImportLeftIsTakenOutByTheNextWhoWrites) {
  open()->record(fact("other"));
  const pid_t child = ::fork();
  if (child == 0) {
    auto import = writer();
    add(import, 0, 1000);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(rows_in_file(), 1001);
  EXPECT_EQ(seen(*Ledger::open(scratch_.path(), OpenMode::read)), 1);
  EXPECT_EQ(open()->size(), 1);
  EXPECT_EQ(rows_in_file(), 1);
  auto again = writer();
  add(again, 0, 1000);
  again.finish();
  EXPECT_EQ(seen(*open()), 1001);
}

TEST_F(Staging, ARowThatIsRecordedMeanwhileWins) {
  const auto ledger = open();
  {
    auto import = writer();
    add(import, 0, 1000);
    ledger->record(fact("import-00500", 77));
    EXPECT_EQ(ledger->find("import-00500")->fact.energy.value().base(), 77);
    try {
      import.finish();
      FAIL();
    } catch (const Error& e) {
      EXPECT_THAT(e.what(), HasSubstr("import again"));
    }
  }
  EXPECT_EQ(seen(*ledger), 1);
  EXPECT_TRUE(ledger->verify().holds);
  auto again = writer();
  add(again, 0, 1000);
  again.finish();
  EXPECT_EQ(seen(*ledger), 1000);
  EXPECT_EQ(ledger->find("import-00500")->fact.energy.value().base(), 77);
  EXPECT_TRUE(ledger->verify().holds);
}

TEST_F(Staging, CorrectionsBecomeTrueInOneMoment) {
  const auto ledger = open();
  for (int i = 0; i < 400; ++i) ledger->record(fact(fmt::format("old-{:03}", i), 2));
  const auto correct = [](AccountWriter& w) {
    for (int i = 0; i < 350; ++i) w.correct(fmt::format("old-{:03}", i), fact(fmt::format("new-{:03}", i), 5));
    add(w, 0, 50);
  };
  {
    auto undone = writer();
    correct(undone);
    EXPECT_EQ(seen(*ledger), 400);
    EXPECT_EQ(sum(*ledger), 800);
    EXPECT_EQ(ledger->successor("old-001"), "");
    EXPECT_TRUE(ledger->verify().holds);
  }
  EXPECT_EQ(sum(*ledger), 800);
  for (const std::size_t held_back : {std::size_t{100}, std::size_t{20'000}}) {
    AccountWriter import(scratch_.path(), "test", false, held_back);
    correct(import);
    import.finish();
    EXPECT_EQ(seen(*ledger), 450);
    EXPECT_EQ(sum(*ledger), 350 * 5 + 50 * 2 + 50);
    EXPECT_EQ(ledger->successor("old-001"), "new-001");
    const auto v = ledger->verify();
    EXPECT_TRUE(v.holds) << v.first_fault;
  }
}

TEST_F(Staging, ACorrectionByHandWinsOverOneThatIsStaged) {
  const auto ledger = open();
  ledger->record(fact("old", 2));
  auto import = writer();
  import.correct("old", fact("new", 5));
  add(import, 0, 200);
  ledger->correct("old", fact("by hand", 3));
  EXPECT_EQ(ledger->successor("old"), "by hand");
  EXPECT_THROW(import.finish(), Error);
  EXPECT_EQ(sum(*ledger), 3);
  EXPECT_TRUE(ledger->verify().holds);
}

TEST_F(Staging, OneLongImportAtATimeAndNoSealingMeanwhile) {
  const auto ledger = open();
  ledger->record(fact("other"));
  auto import = writer();
  add(import, 0, 200);
  EXPECT_THROW(ImportLock(scratch_.path(), std::chrono::milliseconds(1)), Error);
  EXPECT_THROW(ledger->seal(Time::now()), Error);
  import.finish();
  EXPECT_EQ(ledger->seal(Time::now()).size(), 2u);
  EXPECT_EQ(sum(*ledger), 201);
  EXPECT_TRUE(ledger->verify().holds);
}

TEST_F(Staging, RowsOfManyKindsAreSummedAfterwards) {
  constexpr int kinds = 200;
  open();
  {
    const Database database(scratch_.path() / Ledger::file_name, Database::Access::create, std::chrono::seconds(1));
    Transaction transaction(database);
    ChainWriter chain(database, begin_staged_chain(database, "here"), ChainWriter::Kind::staged, 100);
    chain.begin();
    for (int i = 0; i < kinds; ++i) {
      Fact f = fact(fmt::format("import-{:05}", i));
      f.labels = {{"run", std::to_string(i)}};
      chain.append(f, f.uid, {}, "test");
    }
    chain.end();
    chain.finish();
    transaction.commit();
    EXPECT_EQ(database.integer("SELECT count(*) FROM rollups"), 0);
  }
  EXPECT_EQ(sum(*Ledger::open(scratch_.path(), OpenMode::read)), kinds);
  const auto ledger = open();
  EXPECT_EQ(sum(*ledger), kinds);
  EXPECT_TRUE(ledger->verify().holds);
  const Database database(ledger->file(), Database::Access::read, std::chrono::seconds(1));
  EXPECT_EQ(database.integer("SELECT sum(rows) FROM rollups"), kinds);
}

}  // namespace
}  // namespace wattline::ledger::imports
