#include "ledger/seal_command.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/account.h"
#include "ledger/segment.h"

namespace wattline::ledger {

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
  if (rows == 0)
    out.note(
        "Rows go from the beginning of each chain on: those that ended before the given time, up to "
        "the first that did not, or that corrects a row that stays.");
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
