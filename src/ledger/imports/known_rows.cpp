#include "ledger/imports/known_rows.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/ledger.h"
#include "ledger/row_store.h"
#include "ledger/schema.h"
#include "ledger/staging.h"

namespace wattline::ledger::imports {
namespace {

constexpr std::chrono::milliseconds patience{10'000};
constexpr int questions = 1000;  // of one moment
constexpr int files_since = 5;  // schema version

// The end of the range of texts that begin with this one.
std::string behind(std::string_view beginning) {
  std::string out(beginning);
  ++out.back();
  return out;
}

}  // namespace

KnownRows::KnownRows(const std::filesystem::path& account_dir) {
  const auto file = account_dir / Ledger::file_name;
  try {
    // Checks what kind of file it is, and its version.
    Ledger::open(account_dir, OpenMode::read);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::not_found) return;
    throw;
  }
  database_ = std::make_unique<Database>(file, Database::Access::read, patience);
  one_ = std::make_unique<Statement>(*database_, fmt::format("SELECT 1 FROM facts WHERE uid = ? AND {}", in_account));
  range_ = std::make_unique<Statement>(
      *database_,
      fmt::format("SELECT uid FROM facts f WHERE uid >= ? AND uid < ? AND {0} AND NOT EXISTS (SELECT 1 FROM facts"
                  " WHERE corrects = f.uid AND corrects <> '' AND {0}) ORDER BY uid LIMIT 1",
                  in_account));
  any_ = std::make_unique<Statement>(
      *database_, fmt::format("SELECT uid FROM facts WHERE uid >= ? AND uid < ? AND {} LIMIT 1", in_account));
  row_ = std::make_unique<Statement>(*database_, RowReader::select(fmt::format("WHERE uid = ? AND {}", in_account)));
  successor_ = std::make_unique<Statement>(
      *database_, RowReader::select(fmt::format("WHERE corrects = ? AND corrects <> '' AND {}", in_account)));
  reader_ = std::make_unique<RowReader>(file.string());
  if (database_->integer("SELECT count(*) FROM sqlite_master WHERE name = 'sealed_rows'") == 0) return;
  if (database_->integer("SELECT EXISTS (SELECT 1 FROM sealed_rows)") == 0) return;
  sealed_ = std::make_unique<Statement>(*database_, "SELECT 1 FROM sealed_rows WHERE uid = ?");
  sealed_range_ = std::make_unique<Statement>(
      *database_, "SELECT uid FROM sealed_rows WHERE uid >= ? AND uid < ? ORDER BY uid LIMIT 1");
}
KnownRows::~KnownRows() = default;

void KnownRows::renew() {
  if (++asked_ < questions && moment_) return;
  asked_ = 0;
  // One at a time: the old one ends before the new one begins.
  moment_.reset();
  moment_ = std::make_unique<ReadTransaction>(*database_);
}

bool KnownRows::has(std::string_view uid) {
  if (!database_) return false;
  renew();
  for (auto* statement : {one_.get(), sealed_.get()}) {
    if (!statement) continue;
    statement->bind(uid);
    const bool found = statement->step();
    statement->reset();
    if (found) return true;
  }
  return false;
}

std::string KnownRows::first_of(std::string_view beginning, std::initializer_list<Statement*> statements) {
  if (!database_) return {};
  renew();
  const std::string end = behind(beginning);
  for (auto* statement : statements) {
    if (!statement) continue;
    statement->bind(beginning).bind(std::string_view(end));
    std::string found = statement->step() ? std::string(statement->text(0)) : std::string();
    statement->reset();
    if (!found.empty()) return found;
  }
  return {};
}

std::string KnownRows::begins(std::string_view beginning) {
  return first_of(beginning, {range_.get(), sealed_range_.get()});
}

bool KnownRows::any(std::string_view beginning) {
  return !first_of(beginning, {any_.get(), sealed_range_.get()}).empty();
}

std::optional<Row> KnownRows::standing(std::string_view uid) {
  if (!database_) return std::nullopt;
  renew();
  std::optional<Row> row;
  for (std::string name(uid);; name = row->fact.uid) {
    auto& statement = row ? *successor_ : *row_;
    statement.bind(name);
    const bool found = statement.step();
    if (found) row = reader_->read(statement);
    statement.reset();
    if (!found) return row;
  }
}

bool KnownRows::has_file_of(std::int64_t bytes) {
  if (!database_ || check_schema(*database_) < files_since) return false;
  Statement s(*database_, "SELECT 1 FROM imported_files WHERE bytes = ?");
  s.bind(bytes);
  return s.step();
}

std::optional<ImportedFile> KnownRows::find_file(const std::string& digest, std::string_view options) {
  Statement s(*database_,
              "SELECT bytes, records, facts, recorded FROM imported_files WHERE digest = ? AND options = ?");
  s.bind(digest).bind(options);
  if (!s.step()) return std::nullopt;
  ImportedFile file{digest, std::string(options), s.integer(0), s.integer(1), s.integer(2), Time{s.integer(3)}};
  // A row of it may have been corrected or retracted since: only reading it tells.
  Statement later(*database_, "SELECT 1 FROM facts WHERE corrects <> '' AND recorded >= ? LIMIT 1");
  later.bind(file.recorded.ns);
  if (later.step()) return std::nullopt;
  return file;
}

}  // namespace wattline::ledger::imports
