#include "ledger/imports/account_writer.h"

#include <algorithm>

#include "kernel/error.h"
#include "ledger/account.h"
#include "ledger/people/people.h"
#include "ledger/row.h"

namespace wattline::ledger::imports {
namespace {

constexpr std::chrono::milliseconds patience{10'000};

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
  one_ = std::make_unique<Statement>(*database_, "SELECT 1 FROM facts WHERE uid = ?");
  range_ = std::make_unique<Statement>(
      *database_,
      "SELECT uid FROM facts f WHERE uid >= ? AND uid < ?"
      " AND NOT EXISTS (SELECT 1 FROM facts c WHERE c.corrects = f.uid AND c.corrects <> '') ORDER BY uid LIMIT 1");
  if (database_->integer("SELECT count(*) FROM sqlite_master WHERE name = 'sealed_rows'") == 0) return;
  sealed_ = std::make_unique<Statement>(*database_, "SELECT 1 FROM sealed_rows WHERE uid = ?");
  sealed_range_ = std::make_unique<Statement>(
      *database_, "SELECT uid FROM sealed_rows WHERE uid >= ? AND uid < ? ORDER BY uid LIMIT 1");
}

bool KnownRows::has(std::string_view uid) {
  for (auto* statement : {one_.get(), sealed_.get()}) {
    if (!statement) continue;
    statement->bind(uid);
    const bool found = statement->step();
    statement->reset();
    if (found) return true;
  }
  return false;
}

std::string KnownRows::begins(std::string_view beginning) {
  const std::string end = behind(beginning);
  for (auto* statement : {range_.get(), sealed_range_.get()}) {
    if (!statement) continue;
    statement->bind(beginning).bind(std::string_view(end));
    std::string found = statement->step() ? std::string(statement->text(0)) : std::string();
    statement->reset();
    if (!found.empty()) return found;
  }
  return {};
}

// A transaction of the account that lasts over many batches.
struct AccountWriter::Open {
  std::shared_ptr<Ledger> ledger;
  Database database;
  ChainWriter chain;
  Transaction transaction;

  explicit Open(std::shared_ptr<Ledger> l)
      : ledger(std::move(l)),
        database(ledger->file(), Database::Access::create, patience),
        chain(database, ledger->writer()),
        transaction(database) {
    database.run("PRAGMA cache_size = -32768");
  }
};

AccountWriter::AccountWriter(std::filesystem::path account_dir, std::string factor_set, bool dry_run,
                             std::size_t held_back)
    : dir_(std::move(account_dir)),
      factor_set_(std::move(factor_set)),
      dry_run_(dry_run),
      most_held_(held_back),
      known_(dir_) {}
AccountWriter::~AccountWriter() = default;

void AccountWriter::add(Fact fact, std::string_view factor_set) {
  if (!is_clean(fact)) fact = checked(fact);
  if (dry_run_) return;
  if (!factor_set.empty() && factor_set != factor_set_ && factor_sets_.empty())
    factor_sets_.assign(held_.size(), factor_set_);
  if (!factor_sets_.empty() || (!factor_set.empty() && factor_set != factor_set_))
    factor_sets_.emplace_back(factor_set.empty() ? std::string_view(factor_set_) : factor_set);
  held_.push_back(std::move(fact));
  if (held_.size() >= most_held_) write_held();
}

void AccountWriter::correct(std::string uid, Fact fact) {
  if (!is_clean(fact)) fact = checked(fact);
  corrections_.emplace_back(std::move(uid), std::move(fact));
}

void AccountWriter::write_held() {
  if (!open_) open_ = std::make_unique<Open>(open_with_leftovers(dir_, factor_set_));
  open_->chain.begin();
  for (std::size_t i = 0; i < held_.size(); ++i) {
    if (People::names_people(held_[i])) held_[i] = checked(open_->ledger->people().without_names(held_[i]));
    open_->chain.append(held_[i], held_[i].uid, {}, factor_sets_.empty() ? factor_set_ : factor_sets_[i]);
  }
  open_->chain.end();
  held_.clear();
  factor_sets_.clear();
}

void AccountWriter::finish() {
  if (dry_run_) return;
  const bool mixed = std::any_of(factor_sets_.begin(), factor_sets_.end(),
                                 [&](const std::string& f) { return f != factor_sets_.front(); });
  if (open_ || mixed) {
    write_held();
    open_->transaction.commit();
    open_.reset();
  } else if (!held_.empty()) {
    open_with_leftovers(dir_, factor_set_)
        ->record_all(held_, factor_sets_.empty() ? factor_set_ : factor_sets_.front());
    held_.clear();
    factor_sets_.clear();
  }
  // Each by itself: a kill in between leaves rows uncorrected, and the next import corrects them.
  if (corrections_.empty()) return;
  const auto ledger = open_with_leftovers(dir_, factor_set_);
  for (const auto& [uid, fact] : corrections_) ledger->correct(uid, fact);
  corrections_.clear();
}

}  // namespace wattline::ledger::imports
