// Reads a Slurm accounting log row by row, in one pass and without copies: `sacct -P` (separated by '|',
// header line first), `sacct -p`, tabs or ';' in place of '|', and the fixed-width form with its line of
// dashes. Columns are found by name, in any order; what a log lacks is missing, not wrong.
//
// sacct escapes nothing: a '|' in a job name or folder makes a line too long. The known columns around
// the free texts tell where these end: every split is tried, and the first in which all known columns
// can be read is taken.
// Errors (bad_input): no header; no way to know time or cores (names the sacct --format to use). Bad
// lines are counted with their numbers and left out, unless `strict`: then the first is an Error.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/time.h"
#include "ledger/imports/zone.h"
#include "ledger/sacct_columns.h"

namespace wattline::ledger {

// Views are valid during the call only. Empty or nullopt: missing or unreadable.
struct SacctRow {
  std::uint64_t line = 0;
  std::string_view job_id, job_name, user, account, partition, state, req_mem, max_rss, alloc_tres;
  std::optional<Time> submit, start;
  std::optional<Time> submit_as_written;  // as if the log were in UTC: part of a job's name in the account
  std::optional<double> elapsed, total_cpu, cpu_time;  // s
  std::optional<std::int64_t> nodes, cpus;
  std::optional<double> gpus;  // of AllocGRES or AllocTRES
  std::optional<double> joules;  // of ConsumedEnergy
};

struct SacctFaults {
  struct At {
    std::uint64_t line = 0;
    std::string what;  // "9 of 17 columns"
  };
  static constexpr std::size_t most_kept = 100;
  std::uint64_t lines = 0, rows = 0;  // lines without headers
  std::uint64_t truncated = 0, unreadable = 0;  // lines left out
  std::uint64_t bad_values = 0, rejoined = 0, cut_tres = 0;
  std::vector<At> first;  // the first `most_kept`
  std::vector<std::string> missing_columns;  // "ReqMem"
  bool fixed_width = false;
  std::uint64_t twice = 0;  // times in the hour that the clock went through twice: the first was taken
};

struct SacctOptions {
  bool strict = false;
  imports::Zone zone;  // of times that name none
};

SacctFaults read_sacct(std::string_view text, std::string_view where,
                       const std::function<void(const SacctRow&)>& on_row, SacctOptions = {});

}  // namespace wattline::ledger
