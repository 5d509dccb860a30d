#include "ledger/rollup.h"

#include <cmath>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/testing.h"
#include "ledger/ledger.h"
#include "ledger/schema.h"

namespace wattline::ledger {
namespace {

using testing::HasSubstr;

constexpr std::int64_t second = 1'000'000'000, hour = 3600 * second, t0 = 1'764'000'000 * second;

class Facts {
 public:
  Fact next() {
    Fact f;
    f.kind = pick("answer", "run", "job");
    f.model = pick("glow-xs", "llama-3.1-8b", "");
    f.place = pick("FR", "DE", "");
    if (random_() % 2) f.labels = {{"project", pick("a", "b", "c")}};
    f.end.ns = t0 + static_cast<std::int64_t>(random_() % 40) * hour / 4 - static_cast<std::int64_t>(random_() % 2);
    f.begin.ns = f.end.ns - static_cast<std::int64_t>(random_() % 5) * second;
    f.tokens_in = static_cast<std::int64_t>(random_() % 100);
    f.tokens_out = static_cast<std::int64_t>(random_() % 3);
    const Energy e(1 + static_cast<double>(random_() % 1000) * 0.1), sd(static_cast<double>(random_() % 10) * 0.05);
    f.energy = Estimate<Energy>::with_sd(e, sd, random_() % 2 ? Method::measured : Method::modelled, "a meter");
    if (random_() % 3 == 0) f.energy = Estimate<Energy>(f.energy).from_factor(pick("meter.a", "meter.b", "physics.c"));
    f.uid = fmt::format("u{}", ++made_);
    return f;
  }
  std::uint64_t random() { return random_(); }
  int made() const { return made_; }

 private:
  const char* pick(const char* a, const char* b, const char* c) {
    const char* all[] = {a, b, c};
    return all[random_() % 3];
  }
  std::mt19937_64 random_{7};
  int made_ = 0;
};

struct Sum {
  std::int64_t rows = 0, tokens_in = 0, tokens_out = 0;
  EnergySum energy;
};
using Sums = std::map<std::string, Sum>;

std::string name_of(const Row& row) {
  const Fact& f = row.fact;
  return fmt::format("{}|{}|{}|{}|{}", f.kind, f.model, f.place, to_string(f.energy.method()),
                     f.labels.empty() ? "" : f.labels[0].second);
}

Sums by_rows(const Ledger& ledger, const Query& query) {
  Sums out;
  ledger.for_each(query, [&](const Row& row) {
    Sum& s = out[name_of(row)];
    ++s.rows;
    s.tokens_in += row.fact.tokens_in;
    s.tokens_out += row.fact.tokens_out;
    s.energy.add(row.fact.energy);
  });
  return out;
}

Sums by_subtotals(const Ledger& ledger, const Query& query) {
  Sums out;
  ledger.for_each_subtotal(query, [&](const Subtotal& t) {
    Sum& s = out[name_of(t.like)];
    s.rows += t.rows;
    s.tokens_in += t.tokens_in;
    s.tokens_out += t.tokens_out;
    s.energy.add(t.energy);
    EXPECT_LE(t.first_begin, t.last_end);
    EXPECT_TRUE(!query.since || t.last_end >= *query.since);
    EXPECT_TRUE(!query.until || t.last_end < *query.until);
    EXPECT_TRUE(t.with_tokens || t.tokens_out == 0);
  });
  return out;
}

void expect_same(const Sums& a, const Sums& b) {
  ASSERT_EQ(a.size(), b.size());
  for (auto ia = a.begin(), ib = b.begin(); ia != a.end(); ++ia, ++ib) {
    ASSERT_EQ(ia->first, ib->first);
    const Sum &x = ia->second, &y = ib->second;
    EXPECT_EQ(x.rows, y.rows) << ia->first;
    EXPECT_EQ(x.tokens_in, y.tokens_in);
    EXPECT_EQ(x.tokens_out, y.tokens_out);
    const auto ex = x.energy.total(), ey = y.energy.total();
    EXPECT_NEAR(ex.value().base(), ey.value().base(), 1e-9 * ex.value().base());
    EXPECT_NEAR(ex.raw().sd(), ey.raw().sd(), 1e-9 * ex.raw().sd());
    EXPECT_EQ(ex.raw().sources(), ey.raw().sources());
    EXPECT_EQ(ex.raw().by_factor().size(), ey.raw().by_factor().size());
  }
}

void expect_same_whatever_is_asked(const Ledger& ledger, Facts& facts) {
  expect_same(by_rows(ledger, {}), by_subtotals(ledger, {}));
  for (int i = 0; i < 60; ++i) {
    Query q;
    const auto moment = [&] {
      return Time{t0 + static_cast<std::int64_t>(facts.random() % 50) * hour / 4 +
                  static_cast<std::int64_t>(facts.random() % 3) - 1};
    };
    if (facts.random() % 4) q.since = moment();
    if (facts.random() % 4) q.until = moment();
    if (facts.random() % 3 == 0) q.kind = "run";
    q.superseded = facts.random() % 10 == 0;
    expect_same(by_rows(ledger, q), by_subtotals(ledger, q));
  }
}

TEST(Rollup, SumsAreThoseOfTheRowsWhateverIsAsked) {
  const tests::ScratchDir dir;
  Facts facts;
  const auto ledger = Ledger::open(dir.path(), OpenMode::write, {.factor_set = "2026-11-25-aaaaaa"});
  for (int round = 0; round < 12; ++round) {
    std::vector<Fact> batch;
    for (int i = 0; i < 100; ++i) batch.push_back(facts.next());
    ledger->record_all(batch);
    ledger->record(facts.next());
    ledger->record_all(batch);  // known already
    ledger->correct(batch[facts.random() % 100].uid, facts.next());
    ledger->retract(batch[facts.random() % 50].uid, "not ours");
  }
  expect_same_whatever_is_asked(*ledger, facts);
  const auto v = ledger->verify();
  EXPECT_TRUE(v.holds) << v.first_fault;
  const auto again = Ledger::open(dir.path(), OpenMode::read);
  expect_same_whatever_is_asked(*again, facts);
}

TEST(Rollup, AnAccountThatIsAheadOfItsSumsIsReadAllTheSameAndCaughtUp) {
  const tests::ScratchDir dir;
  Facts facts;
  {
    const auto ledger = Ledger::open(dir.path(), OpenMode::write);
    std::vector<Fact> batch;
    for (int i = 0; i < 500; ++i) batch.push_back(facts.next());
    ledger->record_all(batch);
    ledger->correct("u17", facts.next());
  }
  {
    // As an older program leaves it: rows that no sum holds.
    const Database database(dir.path() / Ledger::file_name, Database::Access::create, std::chrono::seconds(1));
    database.run("DELETE FROM rollups; DELETE FROM rollup_state");
  }
  const auto before = Ledger::open(dir.path(), OpenMode::read);
  expect_same_whatever_is_asked(*before, facts);
  EXPECT_TRUE(before->verify().holds);
  const auto after = Ledger::open(dir.path(), OpenMode::write);
  const Database database(dir.path() / Ledger::file_name, Database::Access::read, std::chrono::seconds(1));
  EXPECT_EQ(database.integer("SELECT seq FROM rollup_state"), 501);
  expect_same_whatever_is_asked(*after, facts);
  after->retract("u18", "not ours");
  expect_same_whatever_is_asked(*after, facts);
  const auto v = after->verify();
  EXPECT_TRUE(v.holds) << v.first_fault;
}

TEST(Rollup, ASumThatWasChangedIsFound) {
  const tests::ScratchDir dir;
  Facts facts;
  const auto ledger = Ledger::open(dir.path(), OpenMode::write);
  for (int i = 0; i < 20; ++i) ledger->record(facts.next());
  for (const char* change : {"UPDATE rollups SET energy = energy * 1.01", "UPDATE rollups SET rows = rows + 1",
                             "UPDATE rollups SET tokens_in = tokens_in + 1",
                             "DELETE FROM rollups WHERE hour = (SELECT min(hour) FROM rollups)"}) {
    const Database database(dir.path() / Ledger::file_name, Database::Access::create, std::chrono::seconds(5));
    database.run("CREATE TEMP TABLE kept AS SELECT * FROM rollups");
    database.run(change);
    const auto v = ledger->verify();
    EXPECT_FALSE(v.holds) << change;
    EXPECT_THAT(v.first_fault, HasSubstr("the sums of the hour from"));
    database.run("DELETE FROM rollups; INSERT INTO rollups SELECT * FROM kept; DROP TABLE kept");
    EXPECT_TRUE(ledger->verify().holds);
  }
}

TEST(Rollup, HoursBeforeTheEpochAreHoursToo) {
  EXPECT_EQ(hour_of(Time{0}), 0);
  EXPECT_EQ(hour_of(Time{-1}), -1);
  EXPECT_EQ(hour_of(Time{-hour}), -1);
  EXPECT_EQ(hour_of(Time{hour - 1}), 0);
}

}  // namespace
}  // namespace wattline::ledger
