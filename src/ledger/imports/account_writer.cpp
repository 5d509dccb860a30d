#include "ledger/imports/account_writer.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/account.h"
#include "ledger/chain_writer.h"
#include "ledger/people/people.h"
#include "ledger/row.h"
#include "ledger/staging.h"

namespace wattline::ledger::imports {
namespace {

constexpr std::chrono::milliseconds patience{10'000};
constexpr std::size_t batch = 5000;  // in one transaction of a staged chain: some 30 ms

std::string host_of(const Database& database, std::string_view writer) {
  Statement s(database, "SELECT host FROM writers WHERE writer = ?");
  s.bind(writer);
  return s.step() ? std::string(s.text(0)) : std::string();
}

}  // namespace

// The account while this import writes into it, in one transaction or staged.
struct AccountWriter::Open {
  std::shared_ptr<Ledger> ledger;
  Database database;
  std::optional<ImportLock> lock;
  std::optional<ChainWriter> chain;
  std::optional<Statement> target, successor;
  std::map<std::int64_t, Time> corrected;  // by hour, the end of a row in it

  Open(std::shared_ptr<Ledger> l, bool staged)
      : ledger(std::move(l)), database(ledger->file(), Database::Access::create, patience) {
    database.run("PRAGMA cache_size = -32768");
    database.run(fmt::format("PRAGMA wal_autocheckpoint = {}", (16 << 20) / database.integer("PRAGMA page_size")));
    target.emplace(database, fmt::format("SELECT end_ns FROM facts WHERE uid = ? AND {}", in_account));
    successor.emplace(database, "SELECT uid FROM facts WHERE corrects = ?");
    if (!staged) {
      chain.emplace(database, ledger->writer());
      return;
    }
    lock.emplace(ledger->file().parent_path(), patience);
    remove_staged(database);
    // Until the end nothing depends on a staged row.
    database.run("PRAGMA synchronous = NORMAL");
    Transaction transaction(database);
    chain.emplace(database, begin_staged_chain(database, host_of(database, ledger->writer())),
                  ChainWriter::Kind::staged);
    transaction.commit();
  }

  // A staged chain that was not finished is taken out again. Not so after a kill, which the next import sees to.
  ~Open() {
    if (!lock) return;
    chain.reset();
    try {
      remove_staged(database);
    } catch (const Error&) {
      // As after a kill.
    }
  }

  void append(Held& h, std::string_view usual_factor_set) {
    if (People::names_people(h.fact)) h.fact = checked(ledger->people().without_names(h.fact));
    if (!h.corrects.empty()) demand_correctable(h);
    chain->append(h.fact, h.fact.uid, h.corrects, h.factor_set.empty() ? usual_factor_set : h.factor_set);
  }

  void demand_correctable(const Held& h) {
    target->bind(h.corrects);
    const bool there = target->step();
    const Time ended{there ? target->integer(0) : 0};
    target->reset();
    if (!there)
      throw Error(ErrorKind::denied, fmt::format("row '{}' is sealed and stays as it is", h.corrects),
                  ledger->file().string(), "record a row of its own that says what was wrong");
    successor->bind(h.corrects);
    const bool corrected_before = successor->step() && successor->text(0) != h.fact.uid;
    successor->reset();
    if (corrected_before)
      throw world_error(fmt::format("row '{}' was corrected by another process meanwhile", h.corrects),
                        ledger->file().string(), "import again");
    corrected.emplace(hour_of(ended), ended);
  }

  // In the last transaction, after its rows.
  void end(const ImportedFile* file) {
    for (const auto& [hour, ended] : corrected) chain->corrected(ended);
    // Files whose rows are others by now.
    if (!corrected.empty()) database.run("DELETE FROM imported_files");
    if (!file) return;
    Statement(database, "INSERT OR REPLACE INTO imported_files VALUES (?,?,?,?,?,?)")
        .run(std::string_view(file->digest), std::string_view(file->options), file->bytes, file->records, file->facts,
             Time::now().ns);
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
  hold({std::move(fact), factor_set == factor_set_ ? std::string() : std::string(factor_set), {}});
}

void AccountWriter::correct(std::string uid, Fact fact) { hold({std::move(fact), {}, std::move(uid)}); }

void AccountWriter::hold(Held h) {
  if (!is_clean(h.fact)) h.fact = checked(h.fact);
  if (dry_run_) return;
  held_.push_back(std::move(h));
  if (held_.size() < (open_ ? std::min(batch, most_held_) : most_held_)) return;
  if (!open_) open_ = std::make_unique<Open>(open_with_leftovers(dir_, factor_set_), true);
  write_held();
}

// Into the staged chain.
void AccountWriter::write_held() {
  known_.rest();
  for (std::size_t i = 0; i < held_.size();) {
    Transaction transaction(open_->database);
    open_->chain->begin();
    for (const std::size_t stop = std::min(i + batch, held_.size()); i < stop; ++i)
      open_->append(held_[i], factor_set_);
    open_->chain->end();
    transaction.commit();
  }
  held_.clear();
}

void AccountWriter::finish(const ImportedFile* file) {
  known_.rest();
  if (dry_run_ || (!open_ && held_.empty() && !file)) return;
  const bool staged = open_ != nullptr;
  if (!staged) open_ = std::make_unique<Open>(open_with_leftovers(dir_, factor_set_), false);
  else write_held();
  // What was acknowledged outlives a power cut.
  open_->database.run("PRAGMA synchronous = FULL");
  {
    Transaction transaction(open_->database);
    if (staged) {
      open_->chain->finish();
    } else {
      open_->chain->begin();
      for (auto& h : held_) open_->append(h, factor_set_);
      open_->chain->end();
    }
    open_->end(file);
    transaction.commit();
  }
  held_.clear();
  open_.reset();
  // Of so many kinds of row that their sums would have held up others: they are added in pieces.
  if (staged) Ledger::open(dir_, OpenMode::write);
}

}  // namespace wattline::ledger::imports
