// Reads the text of `sacct -P` (pipe-separated, header line first) row by row, in one pass and without
// copies. Columns are found by name, in any order; what a log lacks is missing, not wrong.
//
// sacct escapes nothing: a '|' in a job name or folder makes a line too long. The known columns around
// the free texts tell where these end: every split is tried, and the first in which all known columns
// can be read is taken.
// Error (bad_input) only when there is no header. Single bad lines are counted and skipped.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/time.h"

namespace wattline::ledger {

// The command whose output we like best, for messages and help.
inline constexpr std::string_view sacct_command =
    "sacct --format=UID,User,JobID,JobName,Submit,Elapsed,Partition,NNodes,NCPUS,TotalCPU,CPUTime,ReqMem,"
    "MaxRSS,WorkDir,State,Account,AllocTRES -P";

// Views are valid during the call only. Empty or nullopt: missing or unreadable.
struct SacctRow {
  std::uint64_t line = 0;
  std::string_view job_id, job_name, user, account, partition, state, req_mem, max_rss, alloc_tres;
  std::optional<Time> submit, start;
  std::optional<double> elapsed, total_cpu, cpu_time;  // s
  std::optional<std::int64_t> nodes, cpus;
};

struct SacctFaults {
  std::uint64_t lines = 0, rows = 0;
  std::uint64_t truncated = 0, unreadable = 0, bad_values = 0, rejoined = 0;
  std::vector<std::string> examples;  // "line 17: 9 of 17 columns", at most five
  std::vector<std::string> missing_columns;
};

SacctFaults read_sacct(std::string_view text, std::string_view where,
                       const std::function<void(const SacctRow&)>& on_row);

}  // namespace wattline::ledger
