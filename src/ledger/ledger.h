// The account: an append-only record of facts that survives a kill at any moment, in one SQLite
// file (WAL) in a folder. Rows are never changed or deleted (triggers refuse it); a correction is a
// new row that names the row it replaces. Each writer (one per host and file) has one hash chain.
// Impacts are not stored: impacts.h derives them from the facts and the catalog.
//
// Units: base units of kernel/quantity.h; times UTC nanoseconds. The format: docs/formats/ledger.md.
// Errors: denied (read-only folder), world (disk full, damaged file, busy beyond the timeout),
// unsupported (a file of a newer Wattline), bad_input (a fact that cannot be true), not_found.
//
// Thread-safe. Any number of processes may write and read one ledger at the same time. A Ledger is
// not carried across fork(): open it in the child.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/account.h"
#include "ledger/rollup.h"
#include "ledger/row.h"

namespace wattline::ledger {

// `write` creates the folder and the file; `read` changes nothing that was recorded.
enum class OpenMode { read, write };

struct OpenOptions {
  std::string factor_set;  // version of the catalog in use, kept with each row
  std::chrono::milliseconds busy_timeout{10'000};
};

// Where the account lies when nobody says: $WATTLINE_LEDGER, else $XDG_DATA_HOME/wattline/ledger,
// else ~/.local/share/wattline/ledger.
std::filesystem::path default_dir();

// Shared part for capabilities: where this program's account lies. Empty: default_dir().
struct Location {
  std::string given;
  std::filesystem::path dir() const { return given.empty() ? default_dir() : std::filesystem::path(given); }
};

// Which rows; open ends mean all. A row belongs to the moment its fact ended.
struct Query {
  std::optional<Time> since, until;  // since <= end < until
  bool superseded = false;  // also rows that a later row corrects
  std::string kind;  // "" all
};

struct Segment;
class People;

// The end of a writer's chain: kept elsewhere (a mail, a paper) it proves that nothing was cut off.
struct ChainHead {
  std::string writer, host, hash;
  std::int64_t seq = 0;
};

struct Verification {
  bool holds = true;
  std::int64_t rows = 0;
  std::int64_t staged = 0;  // of imports that have not ended (staging.h): no part of the account
  std::vector<ChainHead> chains;
  std::int64_t sealed = 0, sealed_unseen = 0;  // rows in segments that were checked, and in ones that are not here
  std::vector<std::string> absent_segments;
  std::string first_fault;  // "row 17 of writer ab12 (uid ...): ...", "" when it holds
};

class Ledger : public AccountSink, public std::enable_shared_from_this<Ledger> {
 public:
  static constexpr std::string_view file_name = "ledger.sqlite";
  static std::shared_ptr<Ledger> open(const std::filesystem::path& dir, OpenMode mode, OpenOptions options = {});
  ~Ledger() override;

  // Durable when it returns. A uid that is there already is left as it is.
  std::string record(const Fact&) override;
  // All or none.
  void record_all(std::span<const Fact>) override;
  // The same with another version of the catalog than that of the options: facts that waited elsewhere.
  void record_all(std::span<const Fact>, std::string_view factor_set);
  // A journal beside this account (journal.h).
  std::shared_ptr<AccountJournal> open_journal(std::function<void(std::string_view)> log) override;

  // A new row that takes the place of row `uid` in every sum; its uid. A row is corrected once: the
  // next correction names the newest row (the Error says which).
  std::string correct(std::string_view uid, const Fact& instead);
  // The same with nothing in its place.
  std::string retract(std::string_view uid, std::string_view reason);

  // Rows in the order of their end. The callback must not write to this ledger.
  void for_each(const Query&, const std::function<void(const Row&)>&) const;
  // The same rows, added up by hour and by what they have in common (rollup.h), in no order: the way to sums.
  void for_each_subtotal(const Query&, const std::function<void(const Subtotal&)>&) const;
  std::optional<Row> find(std::string_view uid) const;
  // The row with this hash: a chain's head that was kept elsewhere.
  std::optional<Row> find_hash(std::string_view hash) const;
  std::vector<Row> numbered(std::int64_t seq) const;  // one of each writer that has it
  std::optional<Row> newest() const;  // the last to end, corrections and all
  // The uid of the row that corrects this one, "" when none does.
  std::string successor(std::string_view uid) const;
  std::int64_t size() const;
  std::vector<ChainHead> heads() const;

  // Who is behind the pseudonyms of personal labels (people.h).
  People& people() const;

  // Takes rows that ended before `before` out into segments (segment.h), as far as each chain's
  // beginning consists of such. They stay in reports of whole hours and can no more be corrected.
  std::vector<Segment> seal(Time before, const std::function<void(double)>& on_progress = {});
  std::vector<Segment> segments() const;

  // Reads all rows, recomputes every hash and link. `on_progress`: fraction done.
  Verification verify(const std::function<void(double)>& on_progress = {}) const;

  const std::filesystem::path& file() const;
  const std::string& writer() const;  // "" when read-only
  int schema_version() const;

 private:
  struct State;
  explicit Ledger(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

}  // namespace wattline::ledger
