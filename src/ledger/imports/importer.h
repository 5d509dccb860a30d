// A file of facts from elsewhere into the account.
//
// Each fact has the uid PREFIX-ROW-DIGEST[-NAME]: PREFIX tells the file by its first row, ROW is the row's number,
// DIGEST is of the row's text without blanks around its cells, NAME is the source's own (a run id). So the same file
// again, grown or under another name, adds only what is new, and uids come in the order of an index. A row that is
// there with other text was changed since: refused, corrected, or kept as it was. One with the same text that would be
// recorded otherwise by now (other options) is corrected or kept and told (merge.h). Our own records keep their uids.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/context.h"
#include "ledger/energy_sum.h"
#include "ledger/imports/account_writer.h"
#include "ledger/imports/merge.h"
#include "ledger/imports/reading.h"

namespace wattline::ledger::imports {

enum class Format { automatic, codecarbon, aws, gcp, azure, otel, wattline };
std::string_view to_string(Format);
enum class Repeats { refuse, skip, keep };  // rows of the file that are the same word for word

struct ImportJob {
  Format format = Format::automatic;
  Repeats repeats = Repeats::refuse;
  Changed changed = Changed::refuse;  // rows that were imported before with other content
};

struct ImportOutcome {
  Format format = Format::automatic;
  std::string encoding;
  std::int64_t records = 0;  // rows or items that were read
  std::int64_t fresh = 0, known = 0, corrected = 0, kept = 0, repeated = 0;
  std::int64_t foreign_bytes = 0, zoneless = 0, twice = 0;
  Time first_begin{INT64_MAX}, last_end{INT64_MIN};  // of the fresh ones
  EnergySum energy;  // of the fresh ones
  std::vector<Fact> first;  // the first few of them
  bool repeats_unchecked = false;  // more rows than can be remembered
};

// Nothing is in the account before writer.finish().
ImportOutcome read_into(TextSource&, const ImportJob&, Reading&, AccountWriter&, Merge&, const Context&);

}  // namespace wattline::ledger::imports
