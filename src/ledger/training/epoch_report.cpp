#include "ledger/training/epoch_report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/training/epochs.h"
#include "ledger/training/project.h"

namespace wattline::ledger::training {
namespace {

class EpochReport {
 public:
  EpochReport(const TrainingReportOptions& o, const TrainingRun& run, const Impacts& impacts, Footprint& footprint,
              Result& out)
      : o_(o), run_(run), impacts_(impacts), footprint_(footprint), out_(out) {}

  void tell() {
    std::vector<double> seen;
    if (o_.marks.given()) {
      seen = marked();
    } else if (has_epochs(run_.rows)) {
      seen = show(costs_by_label(run_.rows, footprint_));
    } else if (o_.run.epochs > 0) {
      const double n = static_cast<double>(o_.run.epochs);
      out_.estimate("energy_per_epoch", "Energy per epoch", run_.energy * (1 / n), run_.unit());
      out_.estimate("carbon_per_epoch", "Carbon per epoch", impacts_.carbon * (1 / n));
      if (run_.log)
        seen = pieces(*run_.log, static_cast<std::size_t>(std::min<std::int64_t>(o_.run.epochs, 10'000)), 1);
      else seen = {run_.energy.value().base() / n};
    }
    if (o_.run.planned_epochs > 0) planned(seen);
  }

 private:
  std::vector<double> marked() {
    const auto marks = read_marks(o_.marks.read(), o_.marks.name());
    const auto named = epochs_of(marks, run_.begin, run_.end);
    if (named.empty())
      throw bad_input(fmt::format("no epoch lies in the run, which lasted from {} to {}; the marks are from {} to {}",
                                  to_string(run_.begin), to_string(run_.end), to_string(marks.front().begin),
                                  to_string(marks.back().begin)),
                      o_.marks.name(), "both clocks have to be the same; a time without zone is UTC");
    const std::vector<double> seen = show(costs(named, run_.spending, footprint_));
    const auto phases = phases_of(marks, run_.begin, run_.end);
    if (!phases.empty()) out_.add(phases_table(costs(phases, run_.spending, footprint_), run_.energy));
    if (!run_.rows.empty())
      out_.note(
          "A row that reaches over a mark is split by time, as if its power were even: those epochs are modelled.");
    return seen;
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
      out_.estimate("energy_per_epoch", "Energy per epoch", energy.total() * (1 / n), run_.unit(),
                    fmt::format("mean of {} whole ones", whole.size()));
      out_.estimate("carbon_per_epoch", "Carbon per epoch", carbon * (1 / n));
    }
    out_.add(epochs_table(epochs, run_.energy));
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
    const Estimate<Energy>& energy = run_.energy;
    auto planned = Estimate<Energy>::within(Energy(p.value), Energy(p.interval.low), Energy(p.interval.high),
                                            Method::modelled, "mean per epoch x epochs");
    // What the meter is off by, the epochs to come are off by too.
    if (energy.value().base() > 0)
      planned = planned * Estimate<Ratio>(RawEstimate::scaled(energy.raw(), 1 / energy.value().base()));
    out_.estimate("planned_energy", fmt::format("{} epochs", o_.run.planned_epochs), planned, run_.unit(),
                  fmt::format("from {} epochs{}; a run that changes its pace is not foretold", p.seen,
                              o_.run.epochs > 0 ? " of equal length" : ""));
    if (energy.value().base() > 0)
      out_.estimate("planned_carbon", "of them", planned * (impacts_.carbon / energy), {},
                    footprint_.hourly() ? "with the mean intensity of the hours seen" : "");
    if (seen_seconds_.size() != seen.size()) return;
    if (const Projection t = project(seen_seconds_, n); std::isfinite(t.interval.low))
      out_.estimate("planned_time", "in",
                    Estimate<Duration>::within(Duration(t.value), Duration(t.interval.low), Duration(t.interval.high),
                                               Method::modelled, "mean time per epoch x epochs"));
  }

  const TrainingReportOptions& o_;
  const TrainingRun& run_;
  const Impacts& impacts_;
  Footprint& footprint_;
  Result& out_;
  std::vector<double> seen_seconds_;  // of the epochs to foretell from, where they are known
};

}  // namespace

void tell_of_epochs(const TrainingReportOptions& o, const TrainingRun& run, const Impacts& impacts,
                    Footprint& footprint, Result& out) {
  EpochReport(o, run, impacts, footprint, out).tell();
}

}  // namespace wattline::ledger::training
