#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "catalog/green_algorithms.h"
#include "kernel/account.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/account.h"
#include "ledger/green_resolve.h"
#include "ledger/green_text.h"
#include "ledger/imports/account_writer.h"
#include "ledger/imports/merge.h"
#include "ledger/run_records.h"
#include "ledger/sacct.h"
#include "ledger/slurm.h"
#include "ledger/slurm_account.h"

namespace wattline::ledger {
namespace {

using catalog::GreenAlgorithms;

std::string counted(std::uint64_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

class Report {
 public:
  Report(const SlurmOptions& options, Context& context)
      : o_(options), context_(context), data_(GreenAlgorithms::load(options.old_data ? "v1.0" : "v3.0")) {}

  Result run() {
    if (!o_.record && (o_.changed != imports::Changed::keep || o_.retracted != imports::Retracted::leave))
      throw bad_input("--changed and --retracted say what becomes of jobs in the account, and nothing is recorded",
                      "--record", "add --record");
    groupings();
    cluster();
    site();
    hardware();
    read();
    sum();
    write();
    return std::move(out_);
  }

 private:
  void groupings() {
    by_ = words_of(o_.by);
    if (by_.empty()) by_ = {"user", "account", "partition", "state", "month"};
    const auto& known = slurm_groupings();
    for (const auto& g : by_)
      if (std::find(known.begin(), known.end(), g) == known.end()) throw unknown_name("grouping", g, known);
  }

  void cluster() {
    if (!o_.cluster.given()) return;
    cluster_ = parse_cluster(o_.cluster.read(), o_.cluster.name());
    power_.cluster = &*cluster_;
    for (const auto& w : cluster_->warnings) out_.warn(w);
  }

  void site() {
    GreenAlgorithmsOptions site;
    site.processors.cores = 0;
    site.site.platform = Platform::local;
    site.site.place = o_.site.place;
    site.site.intensity = o_.site.intensity;
    site.site.pue = o_.site.pue;
    // What is given on the command line is stronger than the file.
    if (cluster_ && !site.site.pue) site.site.pue = cluster_->pue;
    if (cluster_ && cluster_->grams_per_kwh && !site.site.intensity && site.site.place.empty())
      site.site.intensity = *cluster_->grams_per_kwh * units::gCO2e_per_kWh;
    const GreenResolved r = resolve_green(site, *data_, context_.find<catalog::Catalog>());
    for (const auto& w : r.warnings)
      if (!w.starts_with("no memory")) out_.warn(w);
    for (const auto& use : r.factors) out_.use(use);
    factors_.pue = r.pue;
    factors_.intensity = r.intensity;
    place_ = r.place == "given" || r.place == "WORLD" ? "" : r.place;
    // A cloud region has a PUE and factors of its own in reports.
    if (const auto* names = context_.find<catalog::Catalog>(); names && !place_.empty())
      if (const auto* region = names->find_region(o_.site.place)) place_ = region->provider + "/" + region->name;
    price_ = o_.site.price ? o_.site.price : cluster_ ? cluster_->price : std::nullopt;
    currency_ = !o_.site.currency.empty() ? o_.site.currency : cluster_ ? cluster_->currency : "";
  }

  void hardware() {
    const auto& h = o_.hardware;
    const auto pick = [&](bool gpu, const std::string& name, const std::optional<Power>& given) {
      if (given) return given->in(units::W);
      const auto match = gpu ? data_->gpu(name) : data_->cpu(name);
      if (!match.said.empty()) out_.warn(match.said);
      fallback_use_[gpu] = data_->use(*match.row);
      return match.row->watts;
    };
    power_.fallback.core_watts = pick(false, h.cpu, h.core_tdp);
    power_.fallback.gpu_watts = pick(true, h.gpu, h.gpu_tdp);
    power_.memory_watts_per_gb = data_->reference("memory_power").value;
    // The template of GreenAlgorithms4HPC has 6 GB; without one, memory is counted in whole gigabytes.
    power_.granularity_gb = h.granularity                          ? h.granularity->in(units::GB)
                            : cluster_ && cluster_->granularity_gb ? *cluster_->granularity_gb
                                                                   : 1.0;
    const auto shared = [&](const char* spread, bool times, const std::string& id) {
      const auto& row = data_->spread(spread);
      out_.use(data_->use(row));
      return times ? within_factor(Ratio(1), row.value, id, "design power times usage")
                   : Estimate<Ratio>::relative(Ratio(1), row.value, Method::modelled, "power per reserved gigabyte")
                         .from_factor(id);
    };
    factors_.core = shared("processor_power_factor", true, "slurm.core_power");
    factors_.gpu = shared("processor_power_factor", true, "slurm.gpu_power");
    factors_.memory = shared("memory_power_fraction", false, data_->use(data_->reference("memory_power")).id);
  }

  imports::Zone zone() const {
    try {
      return imports::Zone(o_.time_zone);
    } catch (const Error& e) {
      throw e.at("time-zone");
    }
  }

  void read() {
    SlurmJobOptions options{words_of(o_.success), cluster_ ? cluster_->rss_unit : 'K'};
    if (o_.rss_unit != RssUnit::cluster) options.rss_unit = "?KMGT"[static_cast<int>(o_.rss_unit)];
    jobs_ = std::make_unique<SlurmJobs>(options);
    context_.progress(0, "reading " + o_.log.name());
    const std::string text = o_.log.read();
    std::uint64_t rows = 0;
    const auto per_row = text.empty() ? 0.0 : 0.8 / (static_cast<double>(text.size()) / 200);
    faults_ = read_sacct(text, o_.log.name(),
                         [&](const SacctRow& row) {
                           jobs_->add(row);
                           if (++rows % 8192 == 0) {
                             context_.check_cancelled();
                             context_.progress(std::min(0.8, per_row * static_cast<double>(rows)), "reading");
                           }
                         },
                         {o_.strict, zone()});
  }

  void sum() {
    groups_.resize(by_.size());
    for (const auto& job : jobs_->jobs()) {
      if (job.outcome() == JobOutcome::unfinished) {
        ++unfinished_;
        continue;
      }
      const SlurmUse use = use_of(job, power_);
      total_.add(job, use);
      for (std::size_t i = 0; i < by_.size(); ++i) groups_[i][slurm_key(job, by_[i])].add(job, use);
      clamped_ += use.clamped;
      memory_unknown_ += use.memory_unknown;
      gpu_on_cpu_ += use.gpu_on_cpu_partition;
      no_parent_ += !job.has_parent;
      no_state_ += job.flag == 2;
      no_rss_ += !job.used_gb;
      if (!power_.knows(job.partition)) {
        ++unknown_partitions_[job.partition];
        fallback_used_[0] |= use.core_hours > 0;
        fallback_used_[1] |= use.gpu_hours > 0;
      }
      fallback_used_[1] |= use.gpu_on_cpu_partition;
    }
    for (const bool gpu : {false, true})
      if (fallback_used_[gpu] && fallback_use_[gpu]) out_.use(*fallback_use_[gpu]);
  }

  void write() {
    const Estimate<Energy> energy = factors_.energy(total_);
    const Estimate<Carbon> carbon = factors_.carbon(total_);
    const double kwh = energy.value().in(units::kWh), pue = factors_.pue.value();
    out_.title = fmt::format("{}: {}, {}", counted(static_cast<std::uint64_t>(total_.jobs), "job", "jobs"),
                             energy_text(kwh), carbon_text(carbon.value().base()));
    out_.estimate("energy", "Energy", energy, "kWh", "cores, GPUs and reserved memory, with PUE");
    out_.estimate("carbon", "Carbon", carbon, "gCO2e");
    SlurmSum failed;
    failed.core_kwh = total_.failed_kwh;
    out_.estimate("failed_energy", "Of failed jobs", factors_.energy(failed), "kWh");
    if (total_.measured_jobs) measured();
    const auto shows = [&](SlurmTables what) { return o_.tables == SlurmTables::all || o_.tables == what; };
    if (shows(SlurmTables::totals)) totals(kwh, pue);
    if (shows(SlurmTables::groups))
      for (std::size_t i = 0; i < by_.size(); ++i) {
        out_.add(slurm_group_table(by_[i], groups_[i], factors_, price_));
        if (i == 0) figure(by_[i], groups_[i]);
      }
    if (shows(SlurmTables::jobs)) job_table();
    if (o_.tables == SlurmTables::runs) run_table();
    fault_table();
    if (o_.record) record();
    warnings();
  }

  // The counters see whole nodes: of a job that shared its node they also hold what others drew.
  void measured() {
    const Energy measured = total_.measured_kwh * units::kWh;
    out_.estimate("measured_energy", "Measured",
                  Estimate<Energy>::with_sd(measured, Energy(0), Method::measured, "Slurm ConsumedEnergy"), "kWh",
                  fmt::format("by Slurm's counters for {}, without PUE",
                              counted(static_cast<std::uint64_t>(total_.measured_jobs), "job", "jobs")));
    out_.note(
        fmt::format("For the same jobs the model says {} without PUE, {} times what was measured. Slurm's counters "
                    "see whole nodes: a job that shared its node is charged for the others.",
                    energy_text(total_.modelled_of_measured_kwh),
                    format_number(total_.modelled_of_measured_kwh / total_.measured_kwh, 3)));
  }

  void totals(double kwh, double pue) {
    Table t("ledger.slurm.totals.v1");
    t.title = "Totals";
    t.text("what").number("value").text("unit");
    const auto row = [&](const char* what, double value, const char* unit) { t.add_row({what, value, unit}); };
    row("jobs", static_cast<double>(total_.jobs), "");
    row("failed jobs", static_cast<double>(total_.failed), "");
    row("left out: running or pending", static_cast<double>(unfinished_), "");
    row("core-hours used", total_.core_hours, "h");
    row("GPU-hours", total_.gpu_hours, "h");
    row("energy of cores", total_.core_kwh * pue, "kWh");
    row("energy of GPUs", total_.gpu_kwh * pue, "kWh");
    row("energy of memory", total_.memory_kwh * pue, "kWh");
    row("energy of failed jobs", total_.failed_kwh * pue, "kWh");
    row("share of failed jobs", total_.it_kwh() > 0 ? 100 * total_.failed_kwh / total_.it_kwh() : 0, "%");
    row("energy had memory been requested as needed", total_.needed_kwh * pue, "kWh");
    row("median memory over-allocation", total_.median_overallocation(), "x");
    row("PUE", pue, "");
    row("carbon intensity", factors_.intensity.value().in(units::gCO2e_per_kWh), "gCO2e/kWh");
    if (price_) t.add_row({"cost", kwh * *price_, currency_});
    out_.add(std::move(t));
    const auto all = equivalences(kwh * factors_.intensity.value().in(units::gCO2e_per_kWh), *data_);
    out_.note(fmt::format("As much as {}, {}, {} (reference values of Green Algorithms {}).", all[0].text, all[1].text,
                          all[5].text, data_->version()));
  }

  void figure(const std::string& grouping, const std::map<std::string, SlurmSum>& groups) {
    std::vector<std::pair<Measure, std::string>> bars;
    for (const auto& [key, sum] : groups) bars.emplace_back(factors_.energy(sum).measure("kWh"), key);
    std::stable_sort(bars.begin(), bars.end(),
                     [](const auto& a, const auto& b) { return a.first.value > b.first.value; });
    constexpr std::size_t most = 15;
    if (bars.size() > most) bars.resize(most);
    Figure f;
    f.kind = Figure::Kind::bar;
    f.title = "Energy by " + grouping;
    f.y = {"energy", "kWh"};
    Figure::Trace trace;
    trace.name = "energy";
    for (const auto& [kwh, key] : bars) {
      trace.x.push_back(static_cast<double>(f.categories.size()));
      trace.y.push_back(kwh.value);
      trace.low.push_back(kwh.interval.low);
      trace.high.push_back(kwh.interval.high);
      f.categories.push_back(key);
    }
    f.traces.push_back(std::move(trace));
    out_.add(std::move(f));
  }

  Fact fact_of(const SlurmJob& job, const SlurmUse& use) const {
    SlurmSum one;
    one.add(job, use);
    Fact f;
    f.kind = "job";
    f.begin = job.start ? *job.start : job.submit.value_or(Time{});
    f.end = f.begin + Duration(job.elapsed);
    f.energy = factors_.device_energy(one);
    f.place = place_;
    const std::string name = cluster_ && !cluster_->name.empty() ? cluster_->name : "cluster";
    f.uid = fmt::format("slurm:{}:{}:{}", name, job.id, job.submit_as_written ? to_string(*job.submit_as_written) : "");
    f.labels = {{"job", job.id},
                {"user", job.user},
                {"account", job.account},
                {"partition", job.partition},
                {"state", job.state}};
    std::erase_if(f.labels, [](const auto& label) { return label.second.empty(); });
    return f;
  }

  std::int64_t most_jobs() const { return o_.jobs.value_or(o_.tables == SlurmTables::all ? 20 : 1000); }

  struct Entry {
    double kwh;
    const SlurmJob* job;
  };
  std::vector<Entry> most_energy() const {
    std::vector<Entry> entries;
    for (const auto& job : jobs_->jobs())
      if (job.outcome() != JobOutcome::unfinished) entries.push_back({use_of(job, power_).it_kwh(), &job});
    const auto kept = std::min(entries.size(), static_cast<std::size_t>(most_jobs()));
    std::partial_sort(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(kept), entries.end(),
                      [](const Entry& a, const Entry& b) { return a.kwh != b.kwh ? a.kwh > b.kwh : a.job < b.job; });
    entries.resize(kept);
    return entries;
  }
  void name_jobs(Table& t) const {
    const auto more = total_.jobs - static_cast<std::int64_t>(t.rows());
    t.title = more == 0 ? "Jobs" : fmt::format("The {} of {} jobs with the most energy", t.rows(), total_.jobs);
    t.caption = fmt::format("Times in UTC, of a log in {}; begin is the submission where the log has no Start.",
                            o_.time_zone.empty() ? "UTC" : o_.time_zone);
    if (more > 0) t.caption += fmt::format(" {} more: --jobs {} shows all.", more, total_.jobs);
  }

  void job_table() {
    if (most_jobs() == 0) return;
    Table t("ledger.slurm.jobs.v1");
    t.text("job")
        .text("user")
        .text("partition")
        .text("state")
        .number("energy", "kWh", "with PUE")
        .number("energy_low", "kWh");
    t.number("energy_high", "kWh").number("carbon", "gCO2e").number("elapsed", "h").number("core_hours", "h");
    t.number("gpu_hours", "h").number("memory", "GB", "requested").text("account").time("begin").text("name");
    t.number("carbon_low", "gCO2e").number("carbon_high", "gCO2e");
    for (const auto& entry : most_energy()) {
      const SlurmJob& job = *entry.job;
      const SlurmUse use = use_of(job, power_);
      SlurmSum one;
      one.add(job, use);
      const Measure energy = factors_.energy(one).measure("kWh"), carbon = factors_.carbon(one).measure("gCO2e");
      const auto begin = job.start ? job.start : job.submit;
      t.add_row({job.id, job.user, job.partition, job.state, energy.value, energy.interval.low, energy.interval.high,
                 carbon.value, job.elapsed / 3600, use.core_hours, use.gpu_hours,
                 use.memory_unknown ? NAN : use.requested_gb, job.account, begin ? Table::Cell(*begin) : Table::Cell(),
                 job.name, carbon.interval.low, carbon.interval.high});
    }
    name_jobs(t);
    out_.add(std::move(t));
  }

  void run_table() {
    Table t = run_records_table();
    for (const auto& entry : most_energy()) {
      const Fact f = fact_of(*entry.job, use_of(*entry.job, power_));
      add_run_record(t, f, f.energy * factors_.pue * factors_.intensity, nullptr);
    }
    name_jobs(t);
    out_.add(std::move(t));
  }

  void fault_table() {
    if (faults_.first.empty()) return;
    Table t("ledger.slurm.faults.v1");
    t.title = "Lines with faults";
    if (faults_.first.size() == SacctFaults::most_kept) t.caption = fmt::format("the first {}", SacctFaults::most_kept);
    t.integer("line").text("fault");
    for (const auto& f : faults_.first) t.add_row({static_cast<std::int64_t>(f.line), f.what});
    out_.add(std::move(t));
  }

  void record() {
    if (!context_.find<AccountSink>())
      throw Error(ErrorKind::unsupported, "there is no account to record in here", "--record");
    const auto* names = context_.find<catalog::Catalog>();
    imports::AccountWriter writer(account_dir(context_), names ? names->version() : "", false);
    imports::Merge merge(writer, o_.changed, o_.retracted);
    std::int64_t fresh = 0, undated = 0, done = 0;
    if (total_.jobs == 0 && unfinished_ == 0 && !faults_.first.empty())
      throw bad_input(fmt::format("no line of the log could be read: {}", faults_.first.front().what),
                      fmt::format("{}:{}", o_.log.name(), faults_.first.front().line),
                      fmt::format("nothing was recorded; write the log by: {}", sacct_command));
    for (const auto& job : jobs_->jobs()) {
      if (++done % 1024 == 0) {
        context_.check_cancelled();
        const auto all = static_cast<double>(jobs_->jobs().size());
        context_.progress(0.8 + 0.2 * static_cast<double>(done) / all, "recording");
      }
      if (job.outcome() == JobOutcome::unfinished) continue;
      if (!job.submit && !job.start) {
        ++undated;
        continue;
      }
      Fact fact = fact_of(job, use_of(job, power_));
      if (writer.known().has(fact.uid)) {
        merge.known(std::move(fact), fmt::format("{}: job {}", o_.log.name(), job.id));
      } else {
        writer.add(std::move(fact));
        ++fresh;
      }
    }
    context_.check_cancelled();
    writer.finish();
    out_.title += "; recorded: " + merge.counts(fresh);
    out_.note(
        fmt::format("Recorded: {}. The account keeps energy and place, and no PUE, carbon intensity or price: "
                    "the report takes its own (--pue, --price).",
                    merge.counts(fresh)));
    merge.tell(out_, "job");
    if (undated)
      out_.warn(counted(static_cast<std::uint64_t>(undated), "job", "jobs") + " without a time not recorded");
    if (place_.empty() && fresh + merge.corrected + merge.restored > 0)
      out_.warn("recorded without a place: give --place for carbon in reports other than the world average");
  }

  void warnings() {
    const auto& f = faults_;
    const auto say = [&](std::uint64_t n, std::string text) {
      if (n) out_.warn(fmt::format("{}: {}", counted(n, "job", "jobs"), std::move(text)));
    };
    if (f.fixed_width)
      out_.warn("the log is of the fixed-width form, which cuts long texts: write it with -P to have all of them");
    if (f.cut_tres)
      out_.warn(fmt::format("AllocTRES is cut short in {}: GPUs may be missing", counted(f.cut_tres, "line", "lines")));
    if (f.truncated + f.unreadable)
      out_.warn(
          fmt::format("{} of {} lines were left out ({} cut short, {} unreadable): 'Lines with faults' names them",
                      f.truncated + f.unreadable, f.lines, f.truncated, f.unreadable));
    if (f.twice)
      out_.warn(fmt::format("{} in the hour that the clock went through twice: the first was taken",
                            counted(f.twice, "time", "times")));
    if (f.bad_values) out_.warn(counted(f.bad_values, "value", "values") + " could not be read and taken as missing");
    if (jobs_->bad_memory)
      out_.warn(counted(jobs_->bad_memory, "memory size", "memory sizes") + " could not be read and taken as missing");
    if (f.rejoined)
      out_.warn(fmt::format("'|' inside a name or folder in {}: the columns around it told where it ends",
                            counted(f.rejoined, "line", "lines")));
    if (!f.missing_columns.empty())
      out_.warn(fmt::format("the log has no column {}; all that is used: {}", fmt::join(f.missing_columns, ", "),
                            sacct_command));
    say(clamped_, "more CPU time than cores times wall time; taken as full use");
    say(memory_unknown_, "memory request unknown (empty or 0n); taken as 0: give memory_per_core of the partition");
    say(no_rss_, "no MaxRSS; the requested memory is taken as needed");
    say(gpu_on_cpu_, "GPUs on a partition described as CPU; the fallback's GPU power is taken");
    say(no_parent_, "only steps in the log, no line of the job itself");
    say(no_state_, "no state; counted as done");
    std::string names;
    std::uint64_t unknown = 0;
    for (const auto& [name, n] : unknown_partitions_) {
      unknown += n;
      if (names.size() < 200) names += (names.empty() ? "'" : ", '") + name + "'";
    }
    if (unknown)
      out_.warn(fmt::format("{}: {} {}; taken as {} W a core and {} W a GPU", counted(unknown, "job", "jobs"),
                            cluster_ ? "partitions not in the cluster file:" : "no cluster file describes partitions",
                            names, format_number(power_.fallback.core_watts),
                            format_number(power_.fallback.gpu_watts)));
    if (total_.jobs == 0) out_.warn("the log holds no finished job");
  }

  const SlurmOptions& o_;
  Context& context_;
  std::shared_ptr<const GreenAlgorithms> data_;
  std::vector<std::string> by_;
  std::optional<SlurmCluster> cluster_;
  SlurmPower power_;
  SlurmFactors factors_;
  std::optional<FactorUse> fallback_use_[2];
  bool fallback_used_[2] = {};
  std::string place_, currency_;
  std::optional<double> price_;
  std::unique_ptr<SlurmJobs> jobs_;
  SacctFaults faults_;
  SlurmSum total_;
  std::vector<std::map<std::string, SlurmSum>> groups_;
  std::map<std::string, std::uint64_t> unknown_partitions_;
  std::uint64_t unfinished_ = 0, clamped_ = 0, memory_unknown_ = 0, gpu_on_cpu_ = 0, no_parent_ = 0, no_state_ = 0,
                no_rss_ = 0;
  Result out_;
};

}  // namespace

Result slurm(const SlurmOptions& options, Context& context) { return Report(options, context).run(); }

}  // namespace wattline::ledger
