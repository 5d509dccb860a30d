#include "ledger/schema.h"

#include <array>

#include <fmt/format.h>

namespace wattline::ledger {
namespace {

// 1: rows and writers. Rows can be added only.
constexpr std::string_view version_1 = R"(
CREATE TABLE writers (
  writer TEXT PRIMARY KEY, host TEXT NOT NULL UNIQUE, created INTEGER NOT NULL,
  last_seq INTEGER NOT NULL, last_hash TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE facts (
  writer TEXT NOT NULL, seq INTEGER NOT NULL, prev_hash TEXT NOT NULL, hash TEXT NOT NULL,
  uid TEXT NOT NULL UNIQUE, recorded INTEGER NOT NULL, corrects TEXT NOT NULL, factor_set TEXT NOT NULL,
  kind TEXT NOT NULL, begin_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL,
  energy REAL NOT NULL, energy_sd REAL NOT NULL, by_factor TEXT NOT NULL, method TEXT NOT NULL,
  signed INTEGER NOT NULL, sources TEXT NOT NULL,
  tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
  model TEXT NOT NULL, device TEXT NOT NULL, place TEXT NOT NULL, labels TEXT NOT NULL,
  UNIQUE (writer, seq));
CREATE TRIGGER facts_stay BEFORE UPDATE ON facts
  BEGIN SELECT RAISE(ABORT, 'rows of the account are never changed'); END;
CREATE TRIGGER facts_remain BEFORE DELETE ON facts
  BEGIN SELECT RAISE(ABORT, 'rows of the account are never deleted'); END;
)";

// 2: reports by period without a sort, and one correction a row.
constexpr std::string_view version_2 = R"(
CREATE INDEX facts_by_end ON facts (end_ns, writer, seq);
CREATE UNIQUE INDEX facts_by_corrected ON facts (corrects) WHERE corrects <> '';
)";

// 3: sums by the hour (rollup.h). Derived, so they may be changed and made anew.
constexpr std::string_view version_3 = R"(
CREATE TABLE rollup_groups (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, writer TEXT NOT NULL, factor_set TEXT NOT NULL,
  kind TEXT NOT NULL, model TEXT NOT NULL, device TEXT NOT NULL, place TEXT NOT NULL, labels TEXT NOT NULL,
  method TEXT NOT NULL, signed INTEGER NOT NULL, sources TEXT NOT NULL, with_tokens INTEGER NOT NULL);
CREATE TABLE rollups (
  hour INTEGER NOT NULL, grp INTEGER NOT NULL, rows INTEGER NOT NULL,
  tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, energy REAL NOT NULL, variance REAL NOT NULL,
  by_factor TEXT NOT NULL, first_begin INTEGER NOT NULL, last_end INTEGER NOT NULL,
  PRIMARY KEY (hour, grp)) WITHOUT ROWID;
CREATE TABLE rollup_state (writer TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
)";

// 4: old rows can be sealed into files (segment.h); their uids and sums stay.
constexpr std::string_view version_4 = R"(
CREATE TABLE segments (
  writer TEXT NOT NULL, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, first_prev TEXT NOT NULL,
  last_hash TEXT NOT NULL, first_end INTEGER NOT NULL, last_end INTEGER NOT NULL, file TEXT NOT NULL,
  digest TEXT NOT NULL, sealed INTEGER NOT NULL, PRIMARY KEY (writer, first_seq)) WITHOUT ROWID;
CREATE TABLE sealed_rows (uid TEXT PRIMARY KEY, end_ns INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE sealed_sums (
  hour INTEGER NOT NULL, grp INTEGER NOT NULL, rows INTEGER NOT NULL,
  tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, energy REAL NOT NULL, variance REAL NOT NULL,
  by_factor TEXT NOT NULL, first_begin INTEGER NOT NULL, last_end INTEGER NOT NULL,
  PRIMARY KEY (hour, grp)) WITHOUT ROWID;
)";

// 5: rows of imports on their way in may go again (staging.h); files that were imported whole.
constexpr std::string_view version_5 = R"(
DROP TRIGGER facts_remain;
CREATE TRIGGER facts_remain BEFORE DELETE ON facts
  WHEN (SELECT last_seq FROM writers WHERE writer = OLD.writer) IS NOT 0
  BEGIN SELECT RAISE(ABORT, 'rows of the account are never deleted'); END;
CREATE TABLE imported_files (
  digest TEXT NOT NULL, options TEXT NOT NULL, bytes INTEGER NOT NULL, records INTEGER NOT NULL,
  facts INTEGER NOT NULL, recorded INTEGER NOT NULL, PRIMARY KEY (digest, options)) WITHOUT ROWID;
)";

constexpr std::array steps{version_1, version_2, version_3, version_4, version_5};

void refuse_newer(const Database& database, int version) {
  if (version > newest_schema())
    throw Error(
        ErrorKind::unsupported,
        fmt::format("the account is of schema version {}; this program knows up to {}", version, newest_schema()),
        database.file().string(), "use the newer wattline that wrote it");
}

Error foreign(const Database& database) {
  return world_error("a SQLite file that is no account of this program", database.file().string(),
                     "give another folder with --ledger DIR");
}

}  // namespace

int newest_schema() { return static_cast<int>(steps.size()); }

int check_schema(const Database& database) {
  auto version = static_cast<int>(database.integer("PRAGMA user_version"));
  const auto id = database.integer("PRAGMA application_id");
  if (id != application_id) {
    const bool empty = database.integer("SELECT count(*) FROM sqlite_master") == 0;
    if (id == 0 && version == 0 && empty) return 0;
    // Another process may have made an account of it between these questions.
    if (database.integer("PRAGMA application_id") != application_id) throw foreign(database);
    version = static_cast<int>(database.integer("PRAGMA user_version"));
  }
  refuse_newer(database, version);
  return version;
}

void migrate(const Database& database, int to) {
  if (check_schema(database) >= to) return;
  Transaction transaction(database);
  // Another process may have done it between the check and the lock.
  for (int version = check_schema(database); version < to; ++version)
    database.run(steps[static_cast<std::size_t>(version)]);
  database.run(fmt::format("PRAGMA application_id = {}", application_id));
  database.run(fmt::format("PRAGMA user_version = {}", to));
  transaction.commit();
}

}  // namespace wattline::ledger
