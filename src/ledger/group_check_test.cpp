// Whoever takes the account apart: what reports read beside the rows is held against the rows too.
#include "ledger/group_check.h"

#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/testing.h"
#include "ledger/ledger.h"
#include "ledger/row_store.h"
#include "ledger/segment.h"

namespace wattline::ledger {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

// Two places, two models and two labels in each hour of two days, some corrected, one retracted.
class Auditor : public testing::Test {
 protected:
  void SetUp() override {
    std::vector<Fact> facts;
    for (int i = 0; i < 192; ++i) facts.push_back(fact(i));
    ledger_ = Ledger::open(dir_.path(), OpenMode::write, {.factor_set = "2026-11-25-aaaaaa"});
    ledger_->record_all(facts);
    for (const int i : {3, 50, 120}) {
      Fact mended = fact(i);
      mended.uid = fmt::format("mended{}", i);
      mended.place = "DE";
      ledger_->correct(fmt::format("u{}", i), mended);
    }
    ledger_->retract("u7", "a trial");
    ASSERT_EQ(fault(), "");
  }
  static Fact fact(int i) {
    Fact f;
    f.kind = i % 5 ? "answer" : "job";
    f.begin = parse_time("2026-11-02") + Duration(900.0 * i);
    f.end = f.begin + Duration(60);
    f.energy = Estimate<Energy>::relative(Energy(10 + i), 0.2, Method::measured, "a meter").from_factor("meter.a");
    f.tokens_out = i % 3;
    f.model = i % 2 ? "glow-xs" : "other";
    f.place = i % 4 < 2 ? "FR" : "SE";
    f.labels = {{"project", i % 2 ? "a" : "b"}};
    f.uid = fmt::format("u{}", i);
    return f;
  }
  void change(const std::string& sql) {
    const Database database(dir_.path() / Ledger::file_name, Database::Access::create, std::chrono::seconds(5));
    database.run(sql);
  }
  std::string fault() const { return ledger_->verify().first_fault; }
  // The fault after the change; the file as before afterwards.
  std::string fault_after(const std::string& sql) {
    const fs::path file = dir_.path() / Ledger::file_name, kept = dir_.path() / "kept";
    change("PRAGMA wal_checkpoint(TRUNCATE)");
    ledger_.reset();
    fs::copy_file(file, kept, fs::copy_options::overwrite_existing);
    change(sql);
    std::string out = Ledger::open(dir_.path(), OpenMode::read)->verify().first_fault;
    for (const char* beside : {"-wal", "-shm"}) fs::remove(file.string() + beside);
    fs::copy_file(kept, file, fs::copy_options::overwrite_existing);
    ledger_ = Ledger::open(dir_.path(), OpenMode::write);
    return out;
  }
  tests::ScratchDir dir_;
  std::shared_ptr<Ledger> ledger_;
};

TEST_F(Auditor, AGroupThatTellsOfAnotherPlaceIsFound) {
  for (const char* column : {"place", "model", "kind", "labels", "sources", "factor_set", "device"})
    EXPECT_THAT(
        fault_after(fmt::format("UPDATE rollup_groups SET {0} = (SELECT {0} FROM rollup_groups g WHERE g.{0} <> "
                                "rollup_groups.{0} UNION ALL SELECT '[]' LIMIT 1) WHERE id = 2",
                                column)),
        HasSubstr("under the key of another"))
        << column;
  // With its key changed alike.
  EXPECT_THAT(fault_after("UPDATE rollup_groups SET device = 'a fan', key = replace(key, char(31) || 'FR', 'a fan' ||"
                          " char(31) || 'FR') WHERE id = 1 AND place = 'FR'"),
              HasSubstr("of other kinds, models, devices, places"));
  EXPECT_THAT(fault_after("UPDATE rollup_groups SET with_tokens = 1 - with_tokens WHERE id = 1"), HasSubstr("key"));
  EXPECT_THAT(fault_after("UPDATE rollup_groups SET method = 'modelled' WHERE id = 1"), HasSubstr("key"));
}

TEST_F(Auditor, SumsThatChangedTheirGroupsAreFound) {
  // The sums of an hour stay as they are in all.
  const std::string two =
      "(SELECT min(hour) FROM rollups WHERE hour IN (SELECT hour FROM rollups GROUP BY hour"
      " HAVING count(*) > 2))";
  EXPECT_THAT(fault_after(fmt::format("UPDATE rollups SET energy = energy + CASE grp WHEN (SELECT min(grp) FROM rollups"
                                      " WHERE hour = {0}) THEN 5 WHEN (SELECT max(grp) FROM rollups WHERE hour = {0})"
                                      " THEN -5 ELSE 0 END WHERE hour = {0}",
                                      two)),
              HasSubstr("of other kinds, models, devices, places"));
  EXPECT_THAT(fault_after(fmt::format("UPDATE rollups SET grp = -grp WHERE hour = {0};"
                                      "UPDATE rollups SET grp = (SELECT max(id) FROM rollup_groups) + 1 + grp"
                                      " WHERE hour = {0}",
                                      two)),
              testing::Not(""));
  EXPECT_THAT(fault_after(fmt::format("UPDATE rollups SET last_end = last_end + 1 WHERE hour = {}", two)),
              HasSubstr("of other times"));
}

TEST_F(Auditor, WhatIsKeptOfSealedRowsIsHeldAgainstTheirFiles) {
  ledger_->seal(parse_time("2026-11-03"));
  ASSERT_EQ(ledger_->segments().size(), 1u);
  ASSERT_EQ(fault(), "");
  // Both sums alike: without the files nobody could tell.
  const std::string both =
      "UPDATE rollups SET energy = energy - 0.5 * ifnull((SELECT energy FROM sealed_sums s WHERE s.hour = rollups.hour"
      " AND s.grp = rollups.grp), 0); UPDATE sealed_sums SET energy = 0.5 * energy";
  EXPECT_THAT(fault_after(both), HasSubstr("than its sealed rows"));
  EXPECT_THAT(fault_after("DELETE FROM sealed_rows WHERE uid = 'u1'"), HasSubstr("could be recorded again"));
  EXPECT_THAT(fault_after("UPDATE segments SET last_seq = last_seq - 1"), testing::Not(""));
  EXPECT_THAT(fault_after("DELETE FROM segments"), testing::Not(""));
  fs::rename(segments_dir(dir_.path()), dir_.path() / "away");
  EXPECT_EQ(fault_after(both), "");
  EXPECT_EQ(ledger_->verify().absent_segments.size(), 1u) << "which is said";
}

TEST_F(Auditor, SealedRowsThatWereCorrectedAreInNoSum) {
  ledger_->seal(Time::now());
  EXPECT_EQ(fault(), "");
  std::int64_t rows = 0;
  ledger_->for_each_subtotal({}, [&](const Subtotal& s) { rows += s.rows; });
  EXPECT_EQ(rows, 191);
}

TEST_F(Auditor, AnAccountThatNoMoreGuardsItselfIsFound) {
  EXPECT_THAT(fault_after("DROP TRIGGER facts_stay"), HasSubstr("trigger facts_stay is gone"));
  EXPECT_THAT(fault_after("DROP TRIGGER facts_remain"), HasSubstr("trigger facts_remain is gone"));
  // An index that passes over a row, with a schema that was put in order again.
  EXPECT_THAT(fault_after("DROP INDEX facts_by_end; CREATE INDEX facts_by_end ON facts (end_ns, writer, seq) WHERE uid"
                          " <> 'u9'; PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'CREATE INDEX"
                          " facts_by_end ON facts (end_ns, writer, seq)' WHERE name = 'facts_by_end';"
                          " PRAGMA writable_schema = RESET"),
              testing::Not(""));
}

TEST_F(Auditor, AChainThatIsCalledUnfinishedIsFound) {
  EXPECT_THAT(fault_after("UPDATE writers SET last_seq = 0, last_hash = 'staged'"), testing::Not(""));
  EXPECT_THAT(fault_after("UPDATE rollup_state SET seq = seq - 10"), testing::Not(""));
}

}  // namespace
}  // namespace wattline::ledger
