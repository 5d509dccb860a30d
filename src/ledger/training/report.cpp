#include "ledger/training/report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "kernel/write_whole.h"
#include "ledger/training/audit.h"
#include "ledger/training/epochs.h"
#include "ledger/training/export.h"
#include "ledger/training/log.h"
#include "ledger/training/project.h"

namespace wattline::ledger::training {
namespace {

class TrainingReport {
 public:
  TrainingReport(const TrainingReportOptions& o, Context& context)
      : o_(o),
        context_(context),
        catalog_(context.get<catalog::Catalog>()),
        footprint_(o.place, o.hourly, context),
        gain_(catalog_.factor("meter.nvml.gain")) {
    check_options();
  }

  Result run() {
    if (o_.trace.given()) read_the_log();
    else read_the_account();
    const auto whole = spending_(Time{INT64_MIN}, Time{INT64_MAX});
    energy_ = sum(whole);
    impacts_ = footprint_.of(whole, true);
    totals();
    epochs();
    if (o_.run.quality && *o_.run.quality > 0)
      out_.note(fmt::format("{} {}: {} for each point of a hundred.", o_.run.quality_name,
                            format_number(*o_.run.quality), to_string(energy_.value() / (100 * *o_.run.quality))));
    if (log_) show_the_log();
    else out_.add(rows_table(rows_));
    audited();
    tell();
    write_files();
    return std::move(out_);
  }

 private:
  void check_options() const {
    const bool rows = o_.account.any();
    if (rows && o_.trace.given())
      throw bad_input("a power log and rows of the account are both given", "trace",
                      "a report is of one of them: leave the file, or --run, --where, --kind, --since, --until out");
    if (!rows && !o_.trace.given())
      throw bad_input("nothing to report on", "trace",
                      "give a power log, or rows of the account: --run UID, or --where project=thesis");
    if (rows && (o_.load.given() || o_.baseline.given()))
      throw bad_input("rows of the account hold no samples", o_.load.given() ? "cpu" : "baseline",
                      "this goes with a power log");
    if (o_.load.given() && !o_.cpu_tdp)
      throw bad_input("a log of load gives no energy by itself", "cpu-tdp",
                      "give the processor's design power: --cpu-tdp 105W");
    if (o_.run.epochs > 0 && o_.marks.given())
      throw bad_input("the marks say which epochs there are", "epochs", "leave --epochs or --marks out");
  }

  void read_the_log() {
    log_ = std::make_shared<const Log>(read_log(o_.trace, o_.gap.base()));
    begin_ = log_->begin;
    end_ = log_->end;
    seconds_ = log_->duration();
    name_ = o_.trace.name();
    spending_ = of_log(log_, gain_);
    device_energy_ = sum(spending_(begin_, end_));
    if (!o_.load.given()) return;
    const Spending processor = of_load(read_load(o_.load.read(), o_.load.name()), *o_.cpu_tdp, o_.gap.base());
    cpu_energy_ = sum(processor(Time{INT64_MIN}, Time{INT64_MAX}));
    spending_ = [devices = spending_, processor](Time a, Time b) {
      Slices out = devices(a, b);
      append(out, processor(a, b));
      return out;
    };
  }

  void read_the_account() {
    rows_ = chosen_rows(o_.account, context_);
    begin_ = rows_.front().fact.begin;
    end_ = begin_;
    for (const auto& row : rows_) end_ = std::max(end_, row.fact.end);
    seconds_ = busy_seconds(rows_);
    name_ = rows_.size() == 1 ? rows_.front().fact.uid : fmt::format("{} rows", rows_.size());
    spending_ = of_rows(rows_);
  }

  // What stands below another has its unit, small rows apart.
  const char* unit() const {
    return energy_.value() >= 1 * units::kWh ? "kWh" : energy_.value() >= 0.1 * units::Wh ? "Wh" : "";
  }
  std::string name() const { return o_.run.name.empty() ? name_ : o_.run.name; }

  void totals() {
    const Measure energy = energy_.measure(unit());
    out_.title = fmt::format("{}: {} {} over {}", name(), format_number(energy.value), energy.unit,
                             to_string(Duration(seconds_)));
    out_.estimate("energy", "Energy", energy_, unit(),
                  !log_         ? "of the rows, as they were metered"
                  : cpu_energy_ ? "devices and processor"
                                : "of the devices in the log; nothing else");
    if (cpu_energy_) {
      out_.estimate("gpu_energy", "of the devices", device_energy_, unit());
      out_.estimate("cpu_energy", "of the processor", *cpu_energy_, unit(), "load times design power, right to half");
    }
    out_.estimate("carbon", "Carbon", impacts_.carbon, {},
                  footprint_.hourly() ? fmt::format("energy x PUE x intensity; {:.4g} % of the energy by the hour",
                                                    100 * footprint_.covered())
                                      : "energy x PUE x intensity");
    out_.estimate("water", "Water", impacts_.water);
    if (o_.price.base() > 0) out_.estimate("cost", "Cost", impacts_.facility * Estimate<EnergyPrice>::exact(o_.price));
    if (seconds_ > 0 && !log_)
      out_.estimate("duration", "Time", Estimate<Duration>::exact(Duration(seconds_)), {},
                    fmt::format("in which something ran, from {} to {}", to_string(begin_), to_string(end_)));
  }

  void epochs() {
    std::vector<double> seen;
    if (o_.marks.given()) {
      const auto marks = read_marks(o_.marks.read(), o_.marks.name());
      const auto named = epochs_of(marks, begin_, end_);
      if (named.empty())
        throw bad_input(fmt::format("no epoch lies in the run, which lasted from {} to {}; the marks are from {} to {}",
                                    to_string(begin_), to_string(end_), to_string(marks.front().begin),
                                    to_string(marks.back().begin)),
                        o_.marks.name(), "both clocks have to be the same; a time without zone is UTC");
      seen = show(costs(named, spending_, footprint_));
      const auto phases = phases_of(marks, begin_, end_);
      if (!phases.empty()) out_.add(phases_table(costs(phases, spending_, footprint_), energy_));
      if (!rows_.empty())
        out_.note(
            "A row that reaches over a mark is split by time, as if its power were even: those epochs are modelled.");
    } else if (has_epochs(rows_)) {
      seen = show(costs_by_label(rows_, footprint_));
    } else if (o_.run.epochs > 0) {
      const double n = static_cast<double>(o_.run.epochs);
      out_.estimate("energy_per_epoch", "Energy per epoch", energy_ * (1 / n), unit());
      out_.estimate("carbon_per_epoch", "Carbon per epoch", impacts_.carbon * (1 / n));
      if (log_) seen = pieces(*log_, static_cast<std::size_t>(std::min<std::int64_t>(o_.run.epochs, 10'000)), 1);
      else seen = {energy_.value().base() / n};
    }
    if (o_.run.planned_epochs > 0) planned(seen);
  }

  // The table; the energies to foretell from.
  std::vector<double> show(const std::vector<EpochCost>& epochs) {
    const auto whole = whole_ones(epochs);
    if (!whole.empty()) {
      EnergySum energy;
      Estimate<Carbon> carbon;
      for (const auto& e : epochs)
        if (e.whole) {
          energy.add(e.energy);
          carbon += e.carbon;
          seen_seconds_.push_back(e.seconds);
        }
      const double n = static_cast<double>(whole.size());
      out_.estimate("energy_per_epoch", "Energy per epoch", energy.total() * (1 / n), unit(),
                    fmt::format("mean of {} whole ones", whole.size()));
      out_.estimate("carbon_per_epoch", "Carbon per epoch", carbon * (1 / n));
    }
    out_.add(epochs_table(epochs, energy_));
    if (epochs.size() > 1) out_.add(epochs_figure(epochs));
    if (whole.size() < epochs.size())
      out_.note(
          "An epoch that lasts until the log ends may be cut off: it is not whole, and nothing is foretold from it. A "
          "last mark without an epoch says when it ended.");
    return whole;
  }

  void planned(const std::vector<double>& seen) {
    if (seen.empty())
      throw bad_input("without a whole epoch nothing can be said of others", "epochs",
                      "give --epochs, or --marks with the time at which each began and a last one without an epoch");
    const double n = static_cast<double>(o_.run.planned_epochs);
    const Projection p = project(seen, n);
    if (!std::isfinite(p.interval.low)) {
      out_.note(fmt::format("{} epochs would take {}, with no interval from a single epoch.", o_.run.planned_epochs,
                            to_string(Energy(p.value))));
      return;
    }
    auto planned = Estimate<Energy>::within(Energy(p.value), Energy(p.interval.low), Energy(p.interval.high),
                                            Method::modelled, "mean per epoch x epochs");
    // What the meter is off by, the epochs to come are off by too.
    if (energy_.value().base() > 0)
      planned = planned * Estimate<Ratio>(RawEstimate::scaled(energy_.raw(), 1 / energy_.value().base()));
    out_.estimate("planned_energy", fmt::format("{} epochs", o_.run.planned_epochs), planned, unit(),
                  fmt::format("from {} epochs{}; a run that changes its pace is not foretold", p.seen,
                              o_.run.epochs > 0 ? " of equal length" : ""));
    if (energy_.value().base() > 0)
      out_.estimate("planned_carbon", "of them", planned * (impacts_.carbon / energy_), {},
                    footprint_.hourly() ? "with the mean intensity of the hours seen" : "");
    if (seen_seconds_.size() != seen.size()) return;
    if (const Projection t = project(seen_seconds_, n); std::isfinite(t.interval.low))
      out_.estimate("planned_time", "in",
                    Estimate<Duration>::within(Duration(t.value), Duration(t.interval.low), Duration(t.interval.high),
                                               Method::modelled, "mean time per epoch x epochs"));
  }

  void show_the_log() {
    out_.add(devices_table(*log_));
    out_.add(power_figure(*log_));
    if (log_->all.samples >= 50) out_.add(projection_table(*log_, o_.first));
    if (o_.baseline.given()) add_comparison(out_, *log_, read_log(o_.baseline, o_.gap.base()));
  }

  AuditFacts facts_of_log() const {
    AuditFacts f;
    const auto& all = log_->all;
    f.joules = all.joules;
    f.sum_watts = all.sum_watts;
    f.samples = static_cast<double>(all.samples) / static_cast<double>(log_->each.size());
    f.mean_watts = all.mean_watts;
    f.max_watts = all.max_watts;
    f.devices = static_cast<double>(log_->each.size());
    double limit = 0, idle = 0;
    bool limits = true, idles = true;
    for (const auto& d : log_->trace.devices) {
      const auto* known = catalog_.find_device(d.name);
      if (d.limit) limit += *d.limit;
      else if (known && known->board_power > Power(0)) limit += known->board_power.base();
      else limits = false;
      if (known && known->idle_power) idle += known->idle_power->base();
      else idles = false;
      if (d.hottest) f.hottest = std::max(f.hottest.value_or(*d.hottest), *d.hottest);
    }
    if (limits) f.limit_watts = limit;
    if (idles) f.idle_watts = idle;
    return f;
  }

  // Rows hold the energy of whole machines: what one card may draw says nothing about them.
  AuditFacts facts_of_rows() const {
    AuditFacts f;
    f.joules = energy_.value().base();
    if (seconds_ > 0) f.mean_watts = *f.joules / seconds_;
    return f;
  }

  void audited() {
    AuditFacts facts = log_ ? facts_of_log() : facts_of_rows();
    if (seconds_ > 0) facts.seconds = seconds_;
    if (o_.claimed.energy) facts.claimed_joules = o_.claimed.energy->base();
    if (o_.claimed.duration) facts.claimed_seconds = o_.claimed.duration->base();
    if (o_.claimed.carbon) facts.claimed_grams = o_.claimed.carbon->base();
    // What the report itself has: of several places or hours their mean by energy.
    const double kwh = impacts_.facility.value().in(units::kWh);
    if (kwh > 0) facts.grams_per_kwh = impacts_.carbon.value().base() / kwh;
    if (energy_.value().base() > 0) facts.pue = impacts_.facility.value() / energy_.value();
    const auto checks = audit(facts);
    if (!checks.empty()) out_.add(audit_table(checks));
    const AuditVerdict verdict = worst(checks);
    if (o_.claimed.energy || o_.claimed.carbon || o_.claimed.duration)
      out_.verdict =
          Verdict{verdict == AuditVerdict::fine,
                  verdict == AuditVerdict::fine ? "the claimed figures agree with what was metered"
                                                : "the claimed figures do not agree with what was metered: see Audit"};
    else if (verdict != AuditVerdict::fine) out_.warn("a check of the audit fails: see Audit");
  }

  void tell() {
    if (log_) {
      const auto& t = log_->trace;
      const auto& all = log_->all;
      out_.note(fmt::format(
          "Read as {}: {} rows, {} samples used; {} cut short, {} unreadable, {} twice, {} out of order were "
          "dropped; {} gaps of {} held at the value before them.",
          t.style, t.rows, all.samples, t.cut, t.unreadable, t.duplicates, t.backward, all.gaps,
          to_string(Duration(all.gap_seconds))));
      if (!cpu_energy_)
        out_.warn("the log is of the devices alone: processor, memory and the rest of the machine are not in it");
      if (all.gaps) out_.warn(fmt::format("{} lie in gaps of the log", to_string(Energy(all.gap_joules))));
      out_.use(gain_.use());
    }
    const auto placeless = std::count_if(rows_.begin(), rows_.end(), [](const Row& r) { return r.fact.place.empty(); });
    if (o_.place.place.empty() && placeless > 0)
      out_.warn(fmt::format("{} of {} rows name no place: the world average is taken; --place names theirs", placeless,
                            rows_.size()));
    if (log_)
      for (const auto& w : footprint_.site_of("").warnings) out_.warn(w);
    footprint_.tell(out_);
  }

  void write_files() {
    if (o_.codecarbon.empty() && o_.boamps.empty()) return;
    const catalog::Grid& site = footprint_.site_of(common_place());
    ExportedRun run;
    run.id = fmt::format("{}-{}", name(), to_string(begin_));
    run.name = name();
    run.model = o_.run.model;
    run.task = o_.run.task;
    run.place = site.place;
    const auto* known = catalog_.find_place(run.place);
    if (known && run.place != "WORLD") run.place_name = known->name;
    run.begin = begin_;
    run.end = end_;
    run.duration = seconds_;
    run.parameters = o_.run.parameters;
    run.epochs = static_cast<double>(o_.run.epochs);
    run.cpu_joules = cpu_energy_ ? cpu_energy_->value().base() : 0;
    run.grams = impacts_.carbon.value().base();
    run.litres = impacts_.water.value().base();
    run.pue = (energy_.value().base() > 0 ? impacts_.facility.value() / energy_.value() : site.pue.value()).base();
    run.wue = site.wue.value().in(units::L_per_kWh);
    if (o_.run.quality) run.quality = *o_.run.quality;
    if (log_) {
      run.gpu_joules = log_->all.joules;
      for (std::size_t i = 0; i < log_->each.size(); ++i)
        run.devices.push_back({log_->trace.devices[i].name, log_->each[i].joules, mean_load(log_->trace.devices[i])});
    } else {
      std::map<std::string, double> joules;
      for (const auto& row : rows_) joules[row.fact.device] += row.fact.energy.value().base();
      for (const auto& [device, of_it] : joules) {
        const auto* card = catalog_.find_device(device);
        (card && card->kind == catalog::DeviceKind::gpu ? run.gpu_joules : run.cpu_joules) += of_it;
        run.devices.push_back({device, of_it, -1});
      }
    }
    if (!o_.codecarbon.empty()) write_whole(o_.codecarbon, codecarbon_csv(run));
    if (!o_.boamps.empty()) write_whole(o_.boamps, boamps_report(run).dump(2) + "\n");
  }

  // Of the rows, where they agree on one; else that of the report.
  std::string common_place() const {
    for (const auto& row : rows_)
      if (row.fact.place != rows_.front().fact.place) return {};
    return rows_.empty() ? "" : rows_.front().fact.place;
  }

  const TrainingReportOptions& o_;
  Context& context_;
  const catalog::Catalog& catalog_;
  Footprint footprint_;
  const catalog::Factor& gain_;
  std::shared_ptr<const Log> log_;  // null: the rows
  std::vector<Row> rows_;
  std::string name_;
  Time begin_, end_;
  double seconds_ = 0;  // in which something ran
  Spending spending_;
  Estimate<Energy> energy_, device_energy_;
  std::optional<Estimate<Energy>> cpu_energy_;
  Impacts impacts_;
  std::vector<double> seen_seconds_;  // of the epochs to foretell from, where they are known
  Result out_;
};

}  // namespace

Result training_report(const TrainingReportOptions& o, Context& context) { return TrainingReport(o, context).run(); }

}  // namespace wattline::ledger::training
