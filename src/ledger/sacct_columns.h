// The columns of a Slurm accounting log: which are known, what their cells may look like, and where a
// header line puts them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wattline::ledger {

// The command whose output we like best, for messages and help: in UTC, of all users, with when each job began.
inline constexpr std::string_view sacct_command =
    "TZ=UTC sacct -a "
    "--format=UID,User,JobID,JobName,Submit,Start,Elapsed,Partition,NNodes,NCPUS,TotalCPU,CPUTime,ReqMem,"
    "MaxRSS,WorkDir,State,Account,AllocTRES -P";

enum class SacctKind { job_id, free, word, duration, seconds, count, time, memory, tres, state, other };

// Could `cell` stand in a column of this kind? Free texts could be anything.
bool plausible(SacctKind, std::string_view cell);

struct SacctColumns {
  std::vector<SacctKind> kinds;
  std::vector<std::string> names;  // as sacct has them, lower-cased, without "%20"
  std::vector<std::size_t> free_texts;  // where a '|' may be part of the text
  // Where each is, -1 when missing. The first name that is there wins.
  int job_id = -1, job_name = -1, user = -1, account = -1, partition = -1, state = -1, req_mem = -1, max_rss = -1,
      tres = -1, gres = -1, submit = -1, start = -1, elapsed = -1, total_cpu = -1, cpu_time = -1, nodes = -1, cpus = -1,
      energy = -1;
  std::vector<std::string> missing;  // useful ones that are not there, as sacct spells them
};

bool is_sacct_header(const std::vector<std::string_view>& cells);
// Error (bad_input) when neither time nor cores of a job can be known from these columns.
SacctColumns sacct_columns(const std::vector<std::string_view>& cells, std::string_view where);

}  // namespace wattline::ledger
