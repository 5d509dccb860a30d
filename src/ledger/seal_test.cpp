#include "ledger/seal.h"

#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/account.h"
#include "ledger/imports/account_writer.h"
#include "ledger/seal_command.h"

namespace wattline::ledger {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr std::int64_t hour = 3'600'000'000'000, t0 = 400'000 * hour;

Fact fact(int i) {
  Fact f;
  f.kind = "answer";
  f.model = i % 3 ? "glow-xs" : "other";
  f.place = "FR";
  f.begin.ns = t0 + i * (hour / 4);
  f.end.ns = f.begin.ns + 1;
  f.energy = Estimate<Energy>::relative(Energy(1 + i), 0.2, Method::measured, "a meter").from_factor("meter.a");
  f.tokens_out = i;
  f.labels = {{"words", "line\nbreak \"quoted\" \\ é"}};
  f.uid = fmt::format("u{}", i);
  return f;
}

struct Sum {
  std::int64_t rows = 0, tokens = 0;
  double joules = 0;
};
Sum sum_of(const Ledger& ledger, std::optional<Time> since = {}, std::optional<Time> until = {}) {
  Sum out;
  Query q;
  q.since = since;
  q.until = until;
  ledger.for_each_subtotal(q, [&](const Subtotal& s) {
    out.rows += s.rows;
    out.tokens += s.tokens_out;
    out.joules += s.energy.value();
  });
  return out;
}
void expect_same(const Sum& a, const Sum& b) {
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_NEAR(a.joules, b.joules, 1e-9 * a.joules);
}

class Sealing : public testing::Test {
 protected:
  void SetUp() override {
    ledger_ = Ledger::open(dir_.path(), OpenMode::write, {.factor_set = "2026-11-25-aaaaaa"});
    std::vector<Fact> facts;
    for (int i = 0; i < 40; ++i) facts.push_back(fact(i));
    ledger_->record_all(facts);
  }
  std::vector<SealStop> stops_before(Time t) const {
    return seal_stops(Database(ledger_->file(), Database::Access::read, std::chrono::seconds(1)), t);
  }
  static Time at(int quarter) { return Time{t0 + quarter * (hour / 4)}; }
  std::int64_t rows() const {
    std::int64_t n = 0;
    ledger_->for_each({}, [&](const Row&) { ++n; });
    return n;
  }
  fs::path segment(std::size_t i = 0) const { return segments_dir(dir_.path()) / ledger_->segments().at(i).file; }
  tests::ScratchDir dir_;
  std::shared_ptr<Ledger> ledger_;
};

TEST_F(Sealing, RowsLeaveAndEverySumStays) {
  const Sum before = sum_of(*ledger_), hours = sum_of(*ledger_, at(8), at(20));
  const auto sealed = ledger_->seal(at(21));
  ASSERT_EQ(sealed.size(), 1u);
  EXPECT_EQ(sealed[0].first_seq, 1);
  EXPECT_EQ(sealed[0].last_seq, 21);
  EXPECT_EQ(rows(), 19);
  EXPECT_EQ(ledger_->size(), 40);
  expect_same(sum_of(*ledger_), before);
  expect_same(sum_of(*ledger_, at(8), at(20)), hours);
  const auto v = ledger_->verify();
  EXPECT_TRUE(v.holds) << v.first_fault;
  EXPECT_EQ(v.rows, 19);
  EXPECT_EQ(v.sealed, 21);
  // Again, further on: a second segment follows from the first.
  EXPECT_TRUE(ledger_->seal(at(21)).empty());
  EXPECT_EQ(ledger_->seal(at(30)).at(0).first_seq, 22);
  expect_same(sum_of(*ledger_), before);
  EXPECT_TRUE(ledger_->verify().holds);
  // What is in the files is what was recorded.
  int n = 0;
  for (std::size_t i = 0; i < 2; ++i)
    for_each_sealed_text(segment(i), [&](std::string_view text) {
      const Row row = parse_row(parse_json(text));
      EXPECT_EQ(row.fact.uid, fmt::format("u{}", n));
      EXPECT_EQ(row.fact.labels, fact(n).labels);
      ++n;
    });
  EXPECT_EQ(n, 30);
}

TEST_F(Sealing, ManyRowsGoIntoSegmentsOneAfterTheOther) {
  const Sum before = sum_of(*ledger_);
  {
    const Database database(dir_.path() / Ledger::file_name, Database::Access::create, std::chrono::seconds(5));
    const auto sealed = seal_rows(database, dir_.path(), at(21), {}, 8);
    ASSERT_EQ(sealed.size(), 3u);
    EXPECT_EQ(sealed[1].first_seq, 9);
    EXPECT_EQ(sealed[2].last_seq, 21);
    EXPECT_EQ(sealed[1].first_prev, sealed[0].last_hash);
  }
  EXPECT_EQ(rows(), 19);
  expect_same(sum_of(*ledger_), before);
  const auto v = ledger_->verify();
  EXPECT_TRUE(v.holds) << v.first_fault;
  EXPECT_EQ(v.sealed, 21);
}

TEST_F(Sealing, NothingIsRecordedTwice) {
  ledger_->seal(at(21));
  ledger_->record(fact(3));
  ledger_->record_all(std::vector<Fact>{fact(4), fact(30), fact(40)});
  EXPECT_EQ(ledger_->size(), 41);
  EXPECT_TRUE(ledger_->verify().holds);
}

TEST_F(Sealing, SealedRowsAreCorrectedNoMore) {
  ledger_->seal(at(21));
  try {
    ledger_->retract("u3", "wrong");
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("is sealed"));
  }
  // Others are, also in an hour that holds sealed ones.
  const double before = sum_of(*ledger_).joules;
  ledger_->retract("u22", "wrong");
  EXPECT_NEAR(sum_of(*ledger_).joules, before - 23, 1e-9);
  const auto v = ledger_->verify();
  EXPECT_TRUE(v.holds) << v.first_fault;
}

TEST_F(Sealing, CorrectionsGoWithWhatTheyCorrectOrStay) {
  Fact instead = fact(2);
  instead.uid = "late";
  ledger_->correct("u35", instead);  // it ended long ago, and corrects one that stays
  ledger_->correct("u1", [] {
    Fact f = fact(1);
    f.uid = "mended";
    return f;
  }());
  const Sum before = sum_of(*ledger_);
  const auto sealed = ledger_->seal(at(21));
  EXPECT_EQ(sealed.at(0).last_seq, 21);
  expect_same(sum_of(*ledger_), before);
  EXPECT_TRUE(ledger_->verify().holds);
  // All that is left, together.
  ledger_->seal(Time::now());
  EXPECT_EQ(rows(), 0);
  expect_same(sum_of(*ledger_), before);
  const auto v = ledger_->verify();
  EXPECT_TRUE(v.holds) << v.first_fault;
}

TEST_F(Sealing, AFileThatWasChangedIsFoundAndOneThatIsAwayIsSaid) {
  ledger_->seal(at(21));
  const fs::path path = segment();
  fs::rename(path, path.string() + ".away");
  auto v = ledger_->verify();
  EXPECT_TRUE(v.holds);
  EXPECT_EQ(v.sealed_unseen, 21);
  EXPECT_THAT(v.absent_segments, testing::ElementsAre(path.filename().string()));
  fs::rename(path.string() + ".away", path);
  // A row changed, with a right gzip around it.
  std::vector<std::string> texts;
  for_each_sealed_text(path, [&](std::string_view t) { texts.emplace_back(t); });
  texts[5].replace(texts[5].find("\"in\":0"), 6, "\"in\":1");
  SegmentWriter writer(path, 0600);
  for (const auto& t : texts) writer.add(t);
  writer.close();
  v = ledger_->verify();
  EXPECT_FALSE(v.holds);
  EXPECT_THAT(v.first_fault, HasSubstr("SHA-256"));
  // Its tail cut off.
  fs::resize_file(path, fs::file_size(path) / 2);
  EXPECT_FALSE(ledger_->verify().holds);
  EXPECT_THROW(for_each_sealed_text(path, [](std::string_view) {}), Error);
}

TEST_F(Sealing, PeriodsThatCutASealedHourAreRefused) {
  ledger_->seal(at(21));
  EXPECT_THROW(sum_of(*ledger_, Time{t0 + hour + 60}), Error);
  EXPECT_NO_THROW(sum_of(*ledger_, Time{t0 + 8 * hour + 60}));
}

TEST_F(Sealing, ADamagedRowStaysWhereItCanBeSeen) {
  {
    const Database database(dir_.path() / Ledger::file_name, Database::Access::create, std::chrono::seconds(1));
    database.run("DROP TRIGGER facts_stay; UPDATE facts SET energy = 0.5 WHERE seq = 7");
  }
  EXPECT_THROW(ledger_->seal(at(21)), Error);
  EXPECT_EQ(rows(), 40);
  EXPECT_TRUE(ledger_->segments().empty());
  EXPECT_TRUE(fs::is_empty(segments_dir(dir_.path())));
}

TEST_F(Sealing, RowsCannotBeDeletedAfterwards) {
  ledger_->seal(at(21));
  const Database database(dir_.path() / Ledger::file_name, Database::Access::create, std::chrono::seconds(1));
  EXPECT_THROW(database.run("DELETE FROM facts"), Error);
}

TEST_F(Sealing, TheRowThatStandsInTheWayIsNamed) {
  EXPECT_TRUE(stops_before(at(21)).empty()) << "younger rows alone stay";
  // A young row that was recorded before an old one.
  Fact old = fact(2);
  old.uid = "late";
  ledger_->record(old);
  ledger_->seal(at(21));
  auto stops = stops_before(at(21));
  ASSERT_EQ(stops.size(), 1u);
  EXPECT_EQ(stops[0].row.fact.uid, "u21");
  EXPECT_EQ(stops[0].held, 1);

  // A correction of a row that stays.
  ledger_->retract("u35", "wrong");
  ledger_->record([] {
    Fact f = fact(3);
    f.uid = "later";
    return f;
  }());
  ledger_->seal(at(36));
  stops = stops_before(at(36));
  ASSERT_EQ(stops.size(), 1u);
  EXPECT_EQ(stops[0].row.fact.uid, "u36");
  EXPECT_EQ(stops[0].held, 3) << "late, the retraction and later";

  Context context;
  context.provide(std::make_shared<Location>(Location{dir_.path().string()}));
  const Result r = ledger::seal({.before = to_string(at(36))}, context);
  EXPECT_EQ(r.title, "Nothing to seal");
  ASSERT_EQ(r.warnings.size(), 1u);
  EXPECT_THAT(r.warnings[0], testing::AllOf(HasSubstr("3 rows"), HasSubstr("row 37 (answer, ended "),
                                            HasSubstr(to_string(at(36))), HasSubstr("uid u36")));
}

TEST_F(Sealing, ACorrectionInAnotherChainIsNamed) {
  {
    // Such a chain as long imports make.
    imports::AccountWriter import(dir_.path(), "test", false, 1);
    Fact instead = fact(1), more = fact(2);
    instead.uid = "instead";
    more.uid = "more";
    import.correct("u39", instead);
    import.add(more);
    import.finish();
  }
  ledger_->seal(at(39));
  const auto stops = stops_before(at(39));
  ASSERT_EQ(stops.size(), 1u) << "the chain with u39 holds nothing back";
  EXPECT_EQ(stops[0].row.fact.uid, "instead");
  EXPECT_EQ(stops[0].held, 2);
  Context context;
  context.provide(std::make_shared<Location>(Location{dir_.path().string()}));
  EXPECT_THAT(ledger::seal({.before = to_string(at(39))}, context).warnings,
              testing::ElementsAre(HasSubstr("it corrects the row u39, which stays")));
}

// What anybody may read of the account is what its owner lets them.
TEST_F(Sealing, FilesAreReadByWhoMayReadTheAccount) {
  const auto mode = [](const fs::path& path) { return fs::status(path).permissions() & fs::perms::all; };
  const auto owner = fs::perms::owner_read | fs::perms::owner_write;
  EXPECT_EQ(mode(ledger_->file()), owner);
  EXPECT_EQ(mode(ledger_->file().string() + "-wal"), owner);
  ledger_->seal(at(11));
  EXPECT_EQ(mode(segment()), owner);
  const auto wider = owner | fs::perms::group_read;
  fs::permissions(ledger_->file(), wider);
  ledger_->seal(at(21));
  EXPECT_EQ(mode(segment(1)), wider);
  ledger_ = Ledger::open(dir_.path(), OpenMode::write);
  EXPECT_EQ(mode(ledger_->file()), wider) << "what was widened stays so";
}

}  // namespace
}  // namespace wattline::ledger
