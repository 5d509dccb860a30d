#include "ledger/row_store.h"

#include <map>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/group_check.h"
#include "ledger/rollup.h"
#include "ledger/schema.h"
#include "ledger/segment.h"
#include "ledger/staging.h"

namespace wattline::ledger {

std::string RowReader::select(std::string_view rest) {
  return "SELECT writer, seq, prev_hash, hash, uid, recorded, corrects, factor_set, kind, begin_ns, end_ns,"
         " energy, energy_sd, by_factor, method, signed, sources, tokens_in, tokens_out, model, device, place,"
         " labels FROM facts " +
         std::string(rest);
}

Row RowReader::read(const Statement& s) {
  Row row;
  row.writer = s.text(0);
  row.seq = s.integer(1);
  row.prev_hash = s.text(2);
  row.hash = s.text(3);
  Fact& f = row.fact;
  f.uid = s.text(4);
  row.recorded.ns = s.integer(5);
  row.corrects = s.text(6);
  row.factor_set = s.text(7);
  f.kind = s.text(8);
  f.begin.ns = s.integer(9);
  f.end.ns = s.integer(10);
  f.tokens_in = s.integer(17);
  f.tokens_out = s.integer(18);
  f.model = s.text(19);
  f.device = s.text(20);
  f.place = s.text(21);
  try {
    std::map<std::string, double> by;
    if (const auto text = s.text(13); text != "{}") {
      const Json read = parse_json(text);
      for (const auto& [factor, sd] : read.as_object()) by[factor] = sd.as_number();
    }
    if (const auto text = s.text(16); text != sources_.text) {
      const Json read = parse_json(text);
      std::vector<std::string> all;
      for (const auto& source : read.as_array()) all.push_back(source.as_string());
      sources_ = {std::string(text), std::move(all)};
    }
    if (const auto text = s.text(22); text != labels_.text) {
      const Json read = parse_json(text);
      std::vector<std::pair<std::string, std::string>> all;
      for (const auto& pair : read.as_array()) {
        const auto& both = pair.as_array();
        if (both.size() != 2) throw bad_input("a label that is not a pair of name and value");
        all.emplace_back(both[0].as_string(), both[1].as_string());
      }
      labels_ = {std::string(text), std::move(all)};
    }
    f.energy = Estimate<Energy>(
        restore(s.number(11), s.number(12), by, parse_method(s.text(14)), sources_.value, s.integer(15) != 0));
  } catch (const Error& e) {
    throw world_error("a damaged row: " + e.message(),
                      fmt::format("{}: row {} of writer {} (uid {})", where_, row.seq, row.writer, f.uid),
                      "`wattline ledger verify` checks all rows");
  }
  f.labels = labels_.value;
  return row;
}

namespace {

// Corrections whose rows are sealed too. A damaged file is told of when it is read whole.
std::unordered_set<std::string> corrected_by_sealed(const std::vector<Segment>& segments,
                                                    const std::filesystem::path& dir) {
  std::unordered_set<std::string> out;
  for (const auto& s : segments) try {
      std::error_code ignored;
      if (std::filesystem::exists(dir / s.file, ignored)) add_corrected(dir / s.file, out);
    } catch (const Error&) {
      continue;
    }
  return out;
}

// What keeps a sealed row from being recorded a second time.
class SealedUids {
 public:
  explicit SealedUids(const Database& database)
      : find_(database, "SELECT 1 FROM sealed_rows WHERE uid = ? AND end_ns = ?") {}
  bool holds(const Row& row) {
    find_.bind(row.fact.uid).bind(row.fact.end.ns);
    const bool found = find_.step();
    find_.reset();
    return found;
  }

 private:
  Statement find_;
};

// The account refuses changes by itself, and finds its rows by indexes: without either it would still hold its hashes.
// `whole`, `rows`: the rows that were read one by one.
std::string fault_of_guards(const Database& database, const std::string& whole, std::int64_t rows) {
  if (check_schema(database) < 2) return "";
  for (const char* name : {"facts_stay", "facts_remain"}) {
    Statement trigger(database,
                      "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'facts' AND name = ?");
    trigger.bind(std::string_view(name));
    if (!trigger.step())
      return fmt::format("the trigger {} is gone, which refuses that rows are changed or deleted", name);
  }
  if (database.integer(fmt::format("SELECT count(*) FROM facts INDEXED BY facts_by_end {}", whole)) != rows)
    return "the index of times (facts_by_end) does not hold every row";
  return "";
}

}  // namespace

void verify_rows(const Database& database, Verification& out, const std::function<void(double)>& on_progress) {
  const std::int64_t total = database.integer("SELECT count(*) FROM facts");
  const auto fault = [&](std::string text) {
    if (out.holds) out.first_fault = std::move(text);
    out.holds = false;
  };
  struct Chain {
    std::int64_t seq = 0;
    std::string hash{first_link};
  };
  std::map<std::string, Chain, std::less<>> chains;
  const auto dir = segments_dir(database.file().parent_path());
  const auto segments = segments_of(database);
  const bool has_sums = check_schema(database) >= 3;
  std::optional<RollupCheck> sums;
  std::optional<GroupCheck> groups;
  if (has_sums) {
    sums.emplace(database);
    groups.emplace(database, corrected_by_sealed(segments, dir));
  }
  std::optional<SealedUids> uids;
  if (!segments.empty()) uids.emplace(database);
  for (const Segment& s : segments) {
    Chain& chain = chains[s.writer];
    if (s.first_seq != chain.seq + 1 || s.first_prev != chain.hash)
      fault(fmt::format("segment {}: does not follow from the rows before it", s.file));
    chain = {s.last_seq, s.last_hash};
    bool absent = false;
    const auto see = [&](const Row& row) {
      groups->see_sealed(row);
      if (uids && !uids->holds(row))
        fault(
            fmt::format("segment {}: row {} (uid {}) is not in the list of sealed rows, and "
                        "could be recorded again",
                        s.file, row.seq, row.fact.uid));
    };
    if (auto wrong = fault_of(s, dir, absent, see); !wrong.empty()) fault(std::move(wrong));
    if (absent) out.absent_segments.push_back(s.file);
    (absent ? out.sealed_unseen : out.sealed) += s.last_seq - s.first_seq + 1;
  }
  RowReader reader(database.file().string());
  // Rows of writers that nobody knows are a fault, rows on their way in are none.
  const std::string whole = fmt::format("WHERE writer NOT IN (SELECT writer FROM writers WHERE {})", is_staged);
  out.staged = total - database.integer(fmt::format("SELECT count(*) FROM facts {}", whole));
  Statement statement(database, RowReader::select(whole + " ORDER BY writer, seq"));
  while (out.holds && statement.step()) {
    const Row row = reader.read(statement);
    ++out.rows;
    Chain& chain = chains[row.writer];
    const auto here = [&] {
      return fmt::format("row {} of writer {} (uid {}, kind {})", row.seq, row.writer, row.fact.uid, row.fact.kind);
    };
    if (row.seq != chain.seq + 1)
      fault(fmt::format("{}: {} row(s) before it are missing", here(), row.seq - chain.seq - 1));
    else if (row.prev_hash != chain.hash) fault(here() + ": does not follow from the row before it");
    else if (row.hash != hash_of(canonical(row))) fault(here() + ": its content does not match its hash");
    chain = {row.seq, row.hash};
    if (sums) sums->see(row);
    if (groups) groups->see(row);
    if (on_progress && out.rows % 4096 == 0) on_progress(static_cast<double>(out.rows) / static_cast<double>(total));
  }
  Statement writers(database, fmt::format("SELECT writer, host, last_hash, last_seq FROM writers WHERE NOT ({})"
                                          " ORDER BY created",
                                          is_staged));
  while (writers.step()) {
    ChainHead head{std::string(writers.text(0)), std::string(writers.text(1)), std::string(writers.text(2)),
                   writers.integer(3)};
    if (out.holds) {
      const Chain& chain = chains[head.writer];
      if (chain.seq < head.seq)
        fault(fmt::format("writer {}: the last {} row(s) are missing", head.writer, head.seq - chain.seq));
      else if (chain.seq != head.seq || chain.hash != head.hash)
        fault(fmt::format("writer {}: its chain does not end where the list of writers says", head.writer));
    }
    out.chains.push_back(std::move(head));
  }
  if (out.holds && chains.size() > out.chains.size()) fault("rows of a writer that is not in the list of writers");
  if (out.holds) {
    Statement orphan(
        database,
        "SELECT uid, corrects FROM facts WHERE corrects <> ''"
        " AND corrects NOT IN (SELECT uid FROM facts)" +
            std::string(check_schema(database) >= 4 ? " AND corrects NOT IN (SELECT uid FROM sealed_rows)" : "") +
            " LIMIT 1");
    if (orphan.step()) fault(fmt::format("row {} corrects {}, which is not there", orphan.text(0), orphan.text(1)));
  }
  if (out.holds && sums)
    if (auto wrong = sums->fault(); !wrong.empty()) fault(std::move(wrong));
  if (out.holds && groups)
    if (auto wrong = groups->fault(out.absent_segments.empty()); !wrong.empty()) fault(std::move(wrong));
  if (out.holds)
    if (auto wrong = fault_of_guards(database, whole, out.rows); !wrong.empty()) fault(std::move(wrong));
}

}  // namespace wattline::ledger
