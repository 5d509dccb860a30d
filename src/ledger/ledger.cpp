#include "ledger/ledger.h"

#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <unordered_map>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "ledger/chain_writer.h"
#include "ledger/database.h"
#include "ledger/journal.h"
#include "ledger/people/people.h"
#include "ledger/row_store.h"
#include "ledger/schema.h"
#include "ledger/seal.h"
#include "ledger/staging.h"

namespace wattline::ledger {
namespace fs = std::filesystem;
namespace {

std::string random_hex(int bytes) {
  std::random_device source;
  std::string out;
  for (int i = 0; i < bytes; i += 4) out += fmt::format("{:08x}", static_cast<std::uint32_t>(source()));
  return out.substr(0, static_cast<std::size_t>(2 * bytes));
}

// Sorts by time of making, so that indexes grow at their end.
std::string new_uid() { return fmt::format("{:012x}-{}", Time::now().ns / 1'000'000, random_hex(10)); }

const std::string not_corrected =
    fmt::format("uid NOT IN (SELECT corrects FROM facts WHERE corrects <> '' AND {})", in_account);

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0 || name[0] == 0) return "unnamed";
  return name;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// The switch to WAL takes a lock that SQLite does not wait for.
void set_wal(const Database& database, std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) try {
      database.text("PRAGMA journal_mode = WAL");
      return;
    } catch (const Error&) {
      if (std::chrono::steady_clock::now() > end) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

}  // namespace

fs::path default_dir() {
  if (const auto own = environment("WATTLINE_LEDGER"); !own.empty()) return own;
  if (const auto xdg = environment("XDG_DATA_HOME"); !xdg.empty()) return fs::path(xdg) / "wattline" / "ledger";
  if (const auto home = environment("HOME"); !home.empty())
    return fs::path(home) / ".local" / "share" / "wattline" / "ledger";
  throw world_error("no place for the account: neither HOME nor XDG_DATA_HOME is set", {}, "give --ledger DIR");
}

struct Ledger::State {
  fs::path file;
  OpenOptions options;
  OpenMode mode;
  std::unique_ptr<Database> database;
  std::unique_ptr<People> people;
  std::unique_ptr<ChainWriter> chain;  // only for writing; ends before the database
  std::string writer;
  int schema = 0;
  mutable std::mutex mutex;

  void open_for_writing() {
    std::error_code error;
    fs::create_directories(file.parent_path(), error);
    if (error)
      throw Error(error == std::errc::permission_denied || error == std::errc::read_only_file_system ? ErrorKind::denied
                                                                                                     : ErrorKind::world,
                  "cannot make the folder of the account: " + error.message(), file.parent_path().string(),
                  "give a folder you may write with --ledger DIR");
    // Rows are for their owner until he widens that; what SQLite puts beside the file has its mode.
    if (const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); made >= 0) ::close(made);
    database = std::make_unique<Database>(file, Database::Access::create, options.busy_timeout);
    check_schema(*database);
    // Of a new file only. Some seven rows a page: a tenth less work for many, and still little for one.
    database->run("PRAGMA page_size = 8192");
    set_wal(*database, options.busy_timeout);
    // A record that was acknowledged outlives a power cut, not only a kill.
    database->run("PRAGMA synchronous = FULL");
    // A batch of ten thousand rows stays in memory until its commit, and the log is folded into the file
    // after 16 MB, not 4: in a burst pages are then copied and synced once for several batches.
    database->run("PRAGMA cache_size = -32768");
    database->run(fmt::format("PRAGMA wal_autocheckpoint = {}", (16 << 20) / database->integer("PRAGMA page_size")));
    migrate(*database);
    schema = check_schema(*database);
    const std::string host = host_name();
    Transaction transaction(*database);
    Statement known(*database, "SELECT writer FROM writers WHERE host = ?");
    known.bind(host);
    if (known.step()) {
      writer = known.text(0);
    } else {
      writer = random_hex(6);
      Statement(*database, "INSERT INTO writers VALUES (?, ?, ?, 0, ?)")
          .run(std::string_view(writer), std::string_view(host), Time::now().ns, first_link);
    }
    known.reset();
    transaction.commit();
    remove_left_staged(*database);
    catch_up();
    chain = std::make_unique<ChainWriter>(*database, writer);
  }

  // An account of before there were sums, or one that an older program went on with. In pieces, so that others can
  // write in between.
  void catch_up() {
    constexpr std::int64_t at_once = 50'000;
    if (!RollupWriter::is_behind(*database)) return;
    RollupWriter sums(*database);
    for (bool more = true; more;) {
      Transaction transaction(*database);
      more = sums.catch_up(at_once);
      transaction.commit();
    }
  }

  void open_for_reading() {
    if (!fs::exists(file))
      throw Error(ErrorKind::not_found, "there is no account here yet", file.string(),
                  "the first `wattline run -- COMMAND` or answer of the gateway makes one");
    try {
      database = std::make_unique<Database>(file, Database::Access::read, options.busy_timeout);
      schema = check_schema(*database);
    } catch (const Error& e) {
      // WAL needs a small index file even to read. Where the folder takes none and no journal
      // waits, nobody can be writing: the file may be read as it is.
      std::error_code ignored;
      const auto journal = fs::file_size(fs::path(file.string() + "-wal"), ignored);
      if (e.kind() != ErrorKind::denied || (!ignored && journal > 0) || ::access(file.c_str(), R_OK) != 0) throw;
      database = std::make_unique<Database>(file, Database::Access::immutable, options.busy_timeout);
      schema = check_schema(*database);
    }
    if (schema == 0) throw Error(ErrorKind::not_found, "the account was begun but holds nothing yet", file.string());
  }

  std::optional<Row> one(std::string_view rest, std::string_view value) const;
  bool has_sealed(std::int64_t hour) const {
    std::lock_guard lock(mutex);
    Statement s(*database, "SELECT 1 FROM sealed_sums WHERE hour = ?");
    s.bind(hour);
    return s.step();
  }

  bool is_sealed(std::string_view uid) const {
    Statement s(*database, "SELECT 1 FROM sealed_rows WHERE uid = ?");
    s.bind(uid);
    return s.step();
  }

  void demand_writing() const {
    if (mode == OpenMode::read)
      throw Error(ErrorKind::denied, "the account was opened for reading only", file.string());
  }

  std::string correct(std::string_view uid, const Fact& fact) {
    demand_writing();
    const std::string own = fact.uid.empty() ? new_uid() : fact.uid;
    std::lock_guard lock(mutex);
    Transaction transaction(*database);
    Statement target(*database, fmt::format("SELECT end_ns FROM facts WHERE uid = ? AND {}", in_account));
    target.bind(uid);
    const bool there = target.step();
    if (!there && is_sealed(uid))
      throw Error(ErrorKind::denied, fmt::format("row '{}' is sealed and stays as it is", uid.substr(0, 80)),
                  file.string(), "record a row of its own that says what was wrong");
    if (!there)
      throw Error(ErrorKind::not_found, fmt::format("no row with uid '{}'", uid.substr(0, 80)), file.string(),
                  "`wattline ledger list` shows the rows with their uids");
    const Time ended{target.integer(0)};
    target.reset();
    Statement later(*database, "SELECT uid FROM facts WHERE corrects = ?");
    later.bind(uid);
    const std::string successor = later.step() ? std::string(later.text(0)) : own;
    later.reset();
    if (successor != own && !displace_staged(*database, successor, writer))
      throw bad_input(fmt::format("row '{}' was corrected before", uid), file.string(),
                      fmt::format("correct its successor, '{}'", successor));
    chain->begin();
    chain->append(fact, own, uid, options.factor_set);
    chain->end();
    chain->corrected(ended);
    transaction.commit();
    return own;
  }
};

Ledger::Ledger(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ledger::~Ledger() = default;

std::shared_ptr<Ledger> Ledger::open(const fs::path& dir, OpenMode mode, OpenOptions options) {
  auto state = std::make_unique<State>();
  state->file = dir / file_name;
  state->options = std::move(options);
  state->mode = mode;
  state->people = std::make_unique<People>(dir, state->options.busy_timeout);
  if (mode == OpenMode::write) state->open_for_writing();
  else state->open_for_reading();
  return std::shared_ptr<Ledger>(new Ledger(std::move(state)));
}

People& Ledger::people() const { return *state_->people; }

std::string Ledger::record(const Fact& fact) {
  state_->demand_writing();
  const Fact kept = checked(People::names_people(fact) ? state_->people->without_names(fact) : fact);
  const std::string uid = kept.uid.empty() ? new_uid() : kept.uid;
  std::lock_guard lock(state_->mutex);
  Transaction transaction(*state_->database);
  state_->chain->begin();
  state_->chain->append(kept, uid, {}, state_->options.factor_set);
  state_->chain->end();
  transaction.commit();
  return uid;
}

void Ledger::record_all(std::span<const Fact> facts) { record_all(facts, state_->options.factor_set); }

void Ledger::record_all(std::span<const Fact> facts, std::string_view factor_set) {
  state_->demand_writing();
  std::map<std::size_t, Fact> mended;  // few, if any: copying all would cost as much as writing them
  for (std::size_t i = 0; i < facts.size(); ++i) {
    const bool named = People::names_people(facts[i]);
    if (named || !is_clean(facts[i]))
      mended.emplace(i, checked(named ? state_->people->without_names(facts[i]) : facts[i]));
  }
  if (facts.empty()) return;
  std::lock_guard lock(state_->mutex);
  Transaction transaction(*state_->database);
  state_->chain->begin();
  for (std::size_t i = 0; i < facts.size(); ++i) {
    // A long batch shares its core with those whose facts it writes.
    if (i % 64 == 63) std::this_thread::yield();
    const auto it = mended.empty() ? mended.end() : mended.find(i);
    const Fact& fact = it == mended.end() ? facts[i] : it->second;
    if (fact.uid.empty()) state_->chain->append(fact, new_uid(), {}, factor_set);
    else state_->chain->append(fact, fact.uid, {}, factor_set);
  }
  state_->chain->end();
  transaction.commit();
}

std::string Ledger::correct(std::string_view uid, const Fact& instead) {
  state_->demand_writing();
  return state_->correct(uid,
                         checked(People::names_people(instead) ? state_->people->without_names(instead) : instead));
}

std::string Ledger::retract(std::string_view uid, std::string_view reason) {
  const auto old = find(uid);
  Fact nothing;
  nothing.kind = "retraction";
  nothing.begin = nothing.end = old ? old->fact.end : Time::now();
  nothing.labels.emplace_back("reason", std::string(reason));
  return correct(uid, nothing);
}

void Ledger::for_each(const Query& query, const std::function<void(const Row&)>& visit) const {
  std::string sql = RowReader::select(fmt::format("WHERE end_ns >= ? AND end_ns < ? AND {}", in_account));
  if (!query.kind.empty()) sql += " AND kind = ?";
  if (!query.superseded) sql += fmt::format(" AND kind <> 'retraction' AND {}", not_corrected);
  sql += " ORDER BY end_ns, writer, seq";
  std::lock_guard lock(state_->mutex);
  Statement statement(*state_->database, sql);
  statement.bind(query.since ? query.since->ns : INT64_MIN).bind(query.until ? query.until->ns : INT64_MAX);
  if (!query.kind.empty()) statement.bind(query.kind);
  RowReader reader(state_->file.string());
  while (statement.step()) visit(reader.read(statement));
}

void Ledger::for_each_subtotal(const Query& query, const std::function<void(const Subtotal&)>& visit) const {
  constexpr std::int64_t hour_ns = 3'600'000'000'000;
  const auto rows_of = [&](std::optional<Time> since, std::optional<Time> until) {
    Query q = query;
    q.since = since;
    q.until = until;
    for_each(q, [&](const Row& row) { visit(subtotal_of(row)); });
  };
  if (query.superseded || state_->schema < 3) return rows_of(query.since, query.until);
  const auto whole_from = query.since ? hour_of(Time{query.since->ns - 1}) + 1 : INT64_MIN;
  const auto whole_to = query.until ? hour_of(*query.until) : INT64_MAX;
  if (state_->schema >= 4)
    for (const auto& edge : {query.since, query.until})
      if (edge && edge->ns % hour_ns != 0 && state_->has_sealed(hour_of(*edge)))
        throw bad_input(fmt::format("{} lies within an hour whose rows are sealed; their sums are of whole hours",
                                    to_string(*edge)),
                        state_->file.string(), "give a period of whole hours");
  if (whole_from >= whole_to) return rows_of(query.since, query.until);
  {
    // One moment for the sums and the rows that are in none yet.
    std::lock_guard lock(state_->mutex);
    const ReadTransaction moment(*state_->database);
    for_each_sum(*state_->database, whole_from, whole_to, query.kind, visit);
    Statement rows(*state_->database,
                   RowReader::select(fmt::format(
                       "WHERE seq > ifnull((SELECT seq FROM rollup_state s WHERE s.writer = facts.writer), 0)"
                       " AND writer IN (SELECT w.writer FROM writers w LEFT JOIN rollup_state s ON s.writer = w.writer"
                       "   WHERE ifnull(s.seq, 0) < w.last_seq)"
                       " AND kind <> 'retraction' AND {}",
                       not_corrected)));
    RowReader reader(state_->file.string());
    while (rows.step()) {
      const Row row = reader.read(rows);
      const auto hour = hour_of(row.fact.end);
      if (hour >= whole_from && hour < whole_to && (query.kind.empty() || row.fact.kind == query.kind))
        visit(subtotal_of(row));
    }
  }
  if (query.since && query.since->ns < whole_from * hour_ns) rows_of(query.since, Time{whole_from * hour_ns});
  if (query.until && whole_to * hour_ns < query.until->ns) rows_of(Time{whole_to * hour_ns}, query.until);
}

std::optional<Row> Ledger::State::one(std::string_view rest, std::string_view value) const {
  std::lock_guard lock(mutex);
  Statement statement(*database, RowReader::select(rest));
  if (!value.empty()) statement.bind(value);
  if (!statement.step()) return std::nullopt;
  return RowReader(file.string()).read(statement);
}

std::optional<Row> Ledger::find(std::string_view uid) const {
  return uid.empty() ? std::nullopt : state_->one(fmt::format("WHERE uid = ? AND {}", in_account), uid);
}
std::optional<Row> Ledger::find_hash(std::string_view hash) const {
  return hash.empty() ? std::nullopt : state_->one(fmt::format("WHERE hash = ? AND {}", in_account), hash);
}
std::vector<Row> Ledger::numbered(std::int64_t seq) const {
  std::lock_guard lock(state_->mutex);
  Statement statement(*state_->database,
                      RowReader::select(fmt::format("WHERE seq = ? AND {} ORDER BY writer", in_account.substr(1))));
  statement.bind(seq);
  std::vector<Row> rows;
  RowReader reader(state_->file.string());
  while (statement.step()) rows.push_back(reader.read(statement));
  return rows;
}
std::optional<Row> Ledger::newest() const {
  return state_->one(fmt::format("WHERE {} ORDER BY end_ns DESC, writer DESC, seq DESC LIMIT 1", in_account), "");
}

std::string Ledger::successor(std::string_view uid) const {
  std::lock_guard lock(state_->mutex);
  Statement statement(*state_->database,
                      fmt::format("SELECT uid FROM facts WHERE corrects = ? AND corrects <> '' AND {}", in_account));
  statement.bind(uid);
  return statement.step() ? std::string(statement.text(0)) : "";
}

std::int64_t Ledger::size() const {
  std::lock_guard lock(state_->mutex);
  // Chains have no gaps.
  return state_->database->integer("SELECT ifnull(sum(last_seq), 0) FROM writers");
}

std::vector<ChainHead> Ledger::heads() const {
  std::lock_guard lock(state_->mutex);
  Statement statement(*state_->database, fmt::format("SELECT writer, host, last_hash, last_seq FROM writers"
                                                     " WHERE NOT ({}) ORDER BY created",
                                                     is_staged));
  std::vector<ChainHead> heads;
  while (statement.step())
    heads.push_back({std::string(statement.text(0)), std::string(statement.text(1)), std::string(statement.text(2)),
                     statement.integer(3)});
  return heads;
}

std::vector<Segment> Ledger::seal(Time before, const std::function<void(double)>& on_progress) {
  state_->demand_writing();
  // An import under way may correct rows that would be sealed.
  const ImportLock no_import(state_->file.parent_path(), state_->options.busy_timeout);
  std::lock_guard lock(state_->mutex);
  return seal_rows(*state_->database, state_->file.parent_path(), before, on_progress);
}

std::vector<Segment> Ledger::segments() const {
  std::lock_guard lock(state_->mutex);
  return segments_of(*state_->database);
}

Verification Ledger::verify(const std::function<void(double)>& on_progress) const {
  Verification out;
  try {
    // One moment for rows and heads, while other processes go on writing.
    std::lock_guard lock(state_->mutex);
    const Database& database = *state_->database;
    const ReadTransaction moment(database);
    verify_rows(database, out, on_progress);
    // Pages that hold no row: of indexes and sums.
    if (const auto words = out.holds ? database.text("PRAGMA quick_check(1)") : "ok"; words != "ok") {
      out.holds = false;
      out.first_fault = fmt::format("{}: {}", state_->file.string(), words);
    }
  } catch (const Error& e) {
    // A damaged page is an answer to this question.
    if (e.kind() != ErrorKind::world) throw;
    if (out.holds) out.first_fault = e.what();
    out.holds = false;
  }
  return out;
}

const fs::path& Ledger::file() const { return state_->file; }
const std::string& Ledger::writer() const { return state_->writer; }
int Ledger::schema_version() const { return state_->schema; }

std::shared_ptr<AccountJournal> Ledger::open_journal(std::function<void(std::string_view)> log) {
  state_->demand_writing();
  JournalOptions options;
  options.log = std::move(log);
  options.factor_set = state_->options.factor_set;
  return Journal::open(
      file().parent_path(),
      [self = shared_from_this()](std::span<const Fact> facts, std::string_view factor_set) {
        self->record_all(facts, factor_set);
      },
      std::move(options));
}

}  // namespace wattline::ledger
