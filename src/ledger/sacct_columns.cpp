#include "ledger/sacct_columns.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/slurm_values.h"

namespace wattline::ledger {
namespace {

struct KnownColumn {
  std::string_view name;
  SacctKind kind;
};
using enum SacctKind;
// Columns not listed here could hold anything, but no separator.
constexpr KnownColumn known_columns[] = {
    {"jobid", job_id},
    {"jobidraw", job_id},
    {"jobname", free},
    {"workdir", free},
    {"comment", free},
    {"admincomment", free},
    {"systemcomment", free},
    {"submitline", free},
    {"user", word},
    {"account", word},
    {"partition", word},
    {"uid", count},
    {"elapsed", duration},
    {"elapsedraw", seconds},
    {"totalcpu", duration},
    {"cputime", duration},
    {"cputimeraw", seconds},
    {"usercpu", duration},
    {"systemcpu", duration},
    {"nnodes", count},
    {"allocnodes", count},
    {"ncpus", count},
    {"alloccpus", count},
    {"submit", time},
    {"start", time},
    {"end", time},
    {"reqmem", memory},
    {"maxrss", memory},
    {"alloctres", tres},
    {"reqtres", tres},
    {"state", SacctKind::state},
    {"consumedenergy", count},
    {"consumedenergyraw", count},
};

bool all_of(std::string_view text, std::string_view extra) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           extra.find(c) != std::string_view::npos;
  });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

}  // namespace

bool plausible(SacctKind kind, std::string_view text) {
  switch (kind) {
    case job_id: return !text.empty() && text[0] >= '0' && text[0] <= '9' && all_of(text, "._+[]-,%");
    case duration: return text.empty() || text == "INVALID" || parse_slurm_duration(text);
    case seconds:
    case count: return text.empty() || parse_slurm_count(text);
    case time: return text.empty() || text == "Unknown" || text == "None" || text == "N/A" || parse_slurm_time(text);
    case memory: return text.empty() || text == "?" || parse_slurm_memory(text);
    case tres: return text.empty() || (text.find('=') != std::string_view::npos && text.find('/') != 0);
    case SacctKind::state: return !text.empty() && text[0] >= 'A' && text[0] <= 'Z' && all_of(text, "_ +");
    case word: return text.find('/') == std::string_view::npos;
    case free:
    case other: return true;
  }
  return true;
}

bool is_sacct_header(const std::vector<std::string_view>& cells) {
  return std::any_of(cells.begin(), cells.end(), [](std::string_view cell) {
    const std::string name = lower(cell.substr(0, cell.find('%')));
    return name == "jobid" || name == "jobidraw";
  });
}

SacctColumns sacct_columns(const std::vector<std::string_view>& cells, std::string_view where) {
  SacctColumns out;
  for (const auto& cell : cells) {
    std::string name = lower(cell.substr(0, cell.find('%')));
    SacctKind kind = other;
    for (const auto& known : known_columns)
      if (known.name == name) kind = known.kind;
    if (kind == free) out.free_texts.push_back(out.kinds.size());
    out.kinds.push_back(kind);
    out.names.push_back(std::move(name));
  }
  const auto first = [&](std::initializer_list<std::string_view> names) {
    for (const auto name : names)
      if (const auto it = std::find(out.names.begin(), out.names.end(), name); it != out.names.end())
        return static_cast<int>(it - out.names.begin());
    return -1;
  };
  out.job_id = first({"jobid", "jobidraw"}), out.job_name = first({"jobname"}), out.user = first({"user", "uid"});
  out.account = first({"account"}), out.partition = first({"partition"}), out.state = first({"state"});
  out.req_mem = first({"reqmem"}), out.max_rss = first({"maxrss"}), out.tres = first({"alloctres", "reqtres"});
  out.gres = first({"allocgres", "reqgres"}), out.submit = first({"submit"}), out.start = first({"start"});
  out.elapsed = first({"elapsed", "elapsedraw"}), out.total_cpu = first({"totalcpu"});
  out.cpu_time = first({"cputime", "cputimeraw"}), out.nodes = first({"nnodes", "allocnodes"});
  out.cpus = first({"ncpus", "alloccpus"}), out.energy = first({"consumedenergyraw", "consumedenergy"});

  const std::string hint = fmt::format("write the log by: {}", sacct_command);
  // The dashes of the fixed-width form may cut the names themselves.
  if (out.job_id < 0) throw bad_input("the log has no column JobID as wide as its name", std::string(where), hint);
  if (out.elapsed < 0)
    throw bad_input("the log has no column Elapsed (or ElapsedRaw): how long jobs ran cannot be known",
                    std::string(where), hint);
  if (out.cpu_time < 0 && out.cpus < 0 && out.tres < 0)
    throw bad_input("the log has none of the columns CPUTime, NCPUS and AllocTRES: core-hours cannot be known",
                    std::string(where), hint);
  const std::pair<int, const char*> wanted[] = {
      {out.state, "State"},        {out.partition, "Partition"},
      {out.total_cpu, "TotalCPU"}, {out.cpu_time, "CPUTime"},
      {out.cpus, "NCPUS"},         {out.req_mem, "ReqMem"},
      {out.max_rss, "MaxRSS"},     {std::max(out.tres, out.gres), "AllocTRES"}};
  for (const auto& [at, name] : wanted)
    if (at < 0) out.missing.emplace_back(name);
  return out;
}

}  // namespace wattline::ledger
