#include "ledger/slurm_record.h"

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "ledger/account.h"
#include "ledger/imports/account_writer.h"
#include "ledger/imports/merge.h"
#include "ledger/row_site.h"

namespace wattline::ledger {
namespace {

std::string jobs_text(std::uint64_t n) { return fmt::format("{} {}", n, n == 1 ? "job" : "jobs"); }

// A log that would record nothing at all is no month without jobs.
void demand_recordable(const SlurmOptions& o, const SlurmTally& tally) {
  const auto& faults = tally.faults;
  if (tally.total.jobs == 0 && tally.unfinished == 0 && !faults.first.empty())
    throw bad_input(fmt::format("no line of the log could be read: {}", faults.first.front().what),
                    fmt::format("{}:{}", o.log.name(), faults.first.front().line),
                    fmt::format("nothing was recorded; write the log by: {}", sacct_command));
  if (tally.total.jobs > 0 && tally.undated == static_cast<std::uint64_t>(tally.total.jobs))
    throw bad_input(fmt::format("{} in the log, and neither Submit nor Start of any can be read: a row of the account "
                                "needs a time",
                                jobs_text(tally.undated)),
                    o.log.name(), fmt::format("nothing was recorded; write the log by: {}", sacct_command));
}

}  // namespace

Fact slurm_fact(const SlurmJob& job, const SlurmSetup& s) {
  SlurmSum one;
  one.add(job, use_of(job, s.power));
  Fact f;
  f.kind = "job";
  f.begin = job.start ? *job.start : job.submit.value_or(Time{});
  f.end = f.begin + Duration(job.elapsed);
  f.energy = s.factors.device_energy(one);
  f.place = s.place;
  f.uid = fmt::format("slurm:{}:{}:{}", s.cluster_name(), job.id,
                      job.submit_as_written ? to_string(*job.submit_as_written) : "");
  f.labels = {{"job", job.id},
              {"user", job.user},
              {"account", job.account},
              {"partition", job.partition},
              {"state", job.state}};
  std::erase_if(f.labels, [](const auto& label) { return label.second.empty(); });
  if (s.given_pue) set_pue(f, *s.given_pue);
  return f;
}

void record_jobs(const SlurmOptions& o, const SlurmSetup& s, const SlurmTally& tally, const Context& context,
                 Result& out) {
  if (!context.find<AccountSink>())
    throw Error(ErrorKind::unsupported, "there is no account to record in here", "--record");
  demand_recordable(o, tally);
  const auto* names = context.find<catalog::Catalog>();
  imports::AccountWriter writer(account_dir(context), names ? names->version() : "", false);
  imports::Merge merge(writer, o.changed, o.retracted);
  std::int64_t fresh = 0, done = 0;
  for (const auto& job : tally.jobs.jobs()) {
    if (++done % 1024 == 0) {
      context.check_cancelled();
      const auto all = static_cast<double>(tally.jobs.jobs().size());
      context.progress(0.8 + 0.2 * static_cast<double>(done) / all, "recording");
    }
    if (job.outcome() == JobOutcome::unfinished || is_undated(job)) continue;
    Fact fact = slurm_fact(job, s);
    if (writer.known().has(fact.uid)) {
      merge.known(std::move(fact), fmt::format("{}: job {}", o.log.name(), job.id));
    } else {
      writer.add(std::move(fact));
      ++fresh;
    }
  }
  context.check_cancelled();
  writer.finish();
  out.title += "; recorded: " + merge.counts(fresh);
  out.note(
      fmt::format("Recorded: {}. The account keeps energy, place and {}, and no carbon intensity or price: the "
                  "report takes its own.",
                  merge.counts(fresh),
                  s.given_pue ? "the PUE that was given" : "no PUE, since none was given (--pue, cluster file)"));
  merge.tell(out, "job");
  if (s.place.empty() && fresh + merge.corrected + merge.restored > 0)
    out.warn("recorded without a place: give --place for carbon in reports other than the world average");
}

}  // namespace wattline::ledger
