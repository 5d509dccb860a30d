#include "ledger/slurm_tally.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/account.h"

namespace wattline::ledger {
namespace {

std::string counted(std::uint64_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

imports::Zone zone_of(const SlurmOptions& o) {
  try {
    return imports::Zone(o.time_zone);
  } catch (const Error& e) {
    throw e.at("time-zone");
  }
}

void read(const SlurmOptions& o, const Context& context, SlurmTally& t) {
  context.progress(0, "reading " + o.log.name());
  const std::string text = o.log.read();
  std::uint64_t rows = 0;
  const auto per_row = text.empty() ? 0.0 : 0.8 / (static_cast<double>(text.size()) / 200);
  t.faults = read_sacct(text, o.log.name(),
                        [&](const SacctRow& row) {
                          t.jobs.add(row);
                          if (++rows % 8192 == 0) {
                            context.check_cancelled();
                            context.progress(std::min(0.8, per_row * static_cast<double>(rows)), "reading");
                          }
                        },
                        {o.strict, zone_of(o)});
}

void add_up(const SlurmSetup& s, SlurmTally& t) {
  t.groups.resize(s.by.size());
  for (const auto& job : t.jobs.jobs()) {
    if (job.outcome() == JobOutcome::unfinished) {
      ++t.unfinished;
      continue;
    }
    const SlurmUse use = use_of(job, s.power);
    t.total.add(job, use);
    for (std::size_t i = 0; i < s.by.size(); ++i) t.groups[i][slurm_key(job, s.by[i])].add(job, use);
    t.undated += is_undated(job);
    t.clamped += use.clamped;
    t.memory_unknown += use.memory_unknown;
    t.gpu_on_cpu += use.gpu_on_cpu_partition;
    t.no_parent += !job.has_parent;
    t.no_state += job.flag == 2;
    t.no_rss += !job.used_gb;
    if (!s.power.knows(job.partition)) {
      ++t.unknown_partitions[job.partition];
      t.fallback_used[0] |= use.core_hours > 0;
      t.fallback_used[1] |= use.gpu_hours > 0;
    }
    t.fallback_used[1] |= use.gpu_on_cpu_partition;
  }
}

// Lines and values of the log.
void tell_of_lines(const SlurmTally& t, Result& out) {
  const auto& f = t.faults;
  if (f.fixed_width)
    out.warn("the log is of the fixed-width form, which cuts long texts: write it with -P to have all of them");
  if (f.cut_tres)
    out.warn(fmt::format("AllocTRES is cut short in {}: GPUs may be missing", counted(f.cut_tres, "line", "lines")));
  if (f.truncated + f.unreadable)
    out.warn(fmt::format("{} of {} lines were left out ({} cut short, {} unreadable): 'Lines with faults' names them",
                         f.truncated + f.unreadable, f.lines, f.truncated, f.unreadable));
  if (f.twice)
    out.warn(fmt::format("{} in the hour that the clock went through twice: the first was taken",
                         counted(f.twice, "time", "times")));
  if (f.bad_values) out.warn(counted(f.bad_values, "value", "values") + " could not be read and taken as missing");
  if (t.jobs.bad_memory)
    out.warn(counted(t.jobs.bad_memory, "memory size", "memory sizes") + " could not be read and taken as missing");
  if (f.rejoined)
    out.warn(fmt::format("'|' inside a name or folder in {}: the columns around it told where it ends",
                         counted(f.rejoined, "line", "lines")));
  if (!f.missing_columns.empty())
    out.warn(fmt::format("the log has no column {}; all that is used: {}", fmt::join(f.missing_columns, ", "),
                         sacct_command));
}

}  // namespace

SlurmTally slurm_tally(const SlurmOptions& o, const SlurmSetup& setup, const Context& context) {
  SlurmJobOptions options{words_of(o.success), setup.cluster ? setup.cluster->rss_unit : 'K'};
  if (o.rss_unit != RssUnit::cluster) options.rss_unit = "?KMGT"[static_cast<int>(o.rss_unit)];
  SlurmTally t(std::move(options));
  read(o, context, t);
  add_up(setup, t);
  return t;
}

void tell_of_oddities(const SlurmTally& t, const SlurmSetup& s, Result& out) {
  tell_of_lines(t, out);
  const auto say = [&](std::uint64_t n, std::string text) {
    if (n) out.warn(fmt::format("{}: {}", counted(n, "job", "jobs"), std::move(text)));
  };
  say(t.clamped, "more CPU time than cores times wall time; taken as full use");
  say(t.memory_unknown, "memory request unknown (empty or 0n); taken as 0: give memory_per_core of the partition");
  say(t.no_rss, "no MaxRSS; the requested memory is taken as needed");
  say(t.gpu_on_cpu, "GPUs on a partition described as CPU; the fallback's GPU power is taken");
  say(t.no_parent, "only steps in the log, no line of the job itself");
  say(t.no_state, "no state; counted as done");
  say(t.undated, "neither Submit nor Start: without a time none is recorded");
  std::string names;
  std::uint64_t unknown = 0;
  for (const auto& [name, n] : t.unknown_partitions) {
    unknown += n;
    if (names.size() < 200) names += (names.empty() ? "'" : ", '") + name + "'";
  }
  if (unknown)
    out.warn(fmt::format("{}: {} {}; taken as {} W a core and {} W a GPU", counted(unknown, "job", "jobs"),
                         s.cluster ? "partitions not in the cluster file:" : "no cluster file describes partitions",
                         names, format_number(s.power.fallback.core_watts), format_number(s.power.fallback.gpu_watts)));
  if (t.total.jobs == 0) out.warn("the log holds no finished job");
}

}  // namespace wattline::ledger
