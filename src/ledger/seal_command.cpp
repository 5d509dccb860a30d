#include "ledger/seal_command.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/account.h"
#include "ledger/seal.h"
#include "ledger/segment.h"

namespace wattline::ledger {

namespace {

constexpr std::chrono::milliseconds patience{10'000};

std::string stop_text(const SealStop& stop, Time before) {
  const Row& row = stop.row;
  const std::string why = row.fact.end < before ? fmt::format("it corrects the row {}, which stays", row.corrects)
                                                : fmt::format("it ended at {} or later", to_string(before));
  return fmt::format(
      "{} of writer {} that ended earlier {}: rows go in the order in which they were recorded, up to row "
      "{} ({}, ended {}, uid {}), since {}",
      stop.held == 1 ? "1 row" : fmt::format("{} rows", stop.held), row.writer,
      stop.held == 1 ? "is not sealed" : "are not sealed", row.seq, row.fact.kind, to_string(row.fact.end),
      row.fact.uid, why);
}

}  // namespace

Result seal(const SealOptions& o, Context& context) {
  const Time before = parse_moment(o.before, "before");
  if (before > Time::now()) throw bad_input("what is still to come cannot be sealed", "before", "a time that is past");
  Result out;
  if (!account(context)) {
    out.title = "The account is empty";
    out.note(no_account_text(context));
    return out;
  }
  const auto ledger = writable_account(context);
  const auto fresh = ledger->seal(before, [&](double fraction) { context.progress(fraction, "sealing rows"); });
  std::int64_t rows = 0;
  for (const auto& s : fresh) rows += s.last_seq - s.first_seq + 1;
  out.title = rows == 0 ? "Nothing to seal" : fmt::format("{} {} sealed", rows, rows == 1 ? "row" : "rows");
  Table t("ledger.segments.v1");
  t.title = "Segments";
  t.text("file").integer("rows").time("first_end").time("last_end").time("sealed").text("sha256").text("last_hash");
  t.text("writer");
  for (const auto& s : ledger->segments())
    t.add_row(
        {s.file, s.last_seq - s.first_seq + 1, s.first_end, s.last_end, s.sealed, s.digest, s.last_hash, s.writer});
  if (t.rows() > 0) out.add(std::move(t));
  for (const auto& stop : seal_stops(Database(ledger->file(), Database::Access::read, patience), before))
    out.warn(stop_text(stop, before));
  if (rows == 0 && out.warnings.empty()) out.note(fmt::format("No row ended before {}.", to_string(before)));
  out.note(
      fmt::format("Segments lie in {}: gzip, one canonical row a line. They can be moved to other storage: reports of "
                  "whole hours and "
                  "the chain go on without them, and `wattline ledger verify` checks those that are there against "
                  "their hashes. Sealed "
                  "rows can no more be corrected.",
                  segments_dir(account_dir(context)).string()));
  return out;
}

Capability seal_capability() {
  static const Fields<SealOptions> fields =
      Fields<SealOptions>()
          .text("before", &SealOptions::before, "rows that ended before this date, time, or so long ago: 90d")
          .required();
  Capability c =
      capability<SealOptions>("ledger", "seal", "Take old rows out of the account into sealed files.", &seal, fields);
  c.description =
      "For retention: the oldest rows of each chain are written into a gzip file with its SHA-256, and leave the "
      "database, "
      "which keeps the hash that the chain goes on from, the uids (so that nothing is imported twice) and the sums by "
      "hour. "
      "The file is safe on disk before a row leaves.";
  c.verb = Verb::account;
  c.cost = Cost::job;
  c.doors = Doors::command_line;
  c.emits = {"ledger.segments.v1"};
  c.examples = {{{"--before", "90d"}, {}, "The account is empty"}};
  return c;
}

}  // namespace wattline::ledger
