#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/units.h"
#include "ledger/training/audit.h"
#include "ledger/training/report.h"

namespace wattline::ledger::training {

Capability training_report_capability() {
  using O = TrainingReportOptions;
  static const auto run = Fields<RunOptions>()
                              .text("name", &RunOptions::name, "name of the run")
                              .text("model", &RunOptions::model, "what was trained")
                              .text("task", &RunOptions::task, "for what")
                              .number("parameters", &RunOptions::parameters, "how many it has")
                              .at_least(0)
                              .integer("epochs", &RunOptions::epochs, "epochs in the log, of equal length")
                              .range(0, 1e6)
                              .integer("planned-epochs", &RunOptions::planned_epochs, "epochs of a run to foretell")
                              .range(0, 1e9)
                              .number("quality", &RunOptions::quality, "what it reached, as a share: accuracy 0.93")
                              .range(0, 1)
                              .text("quality-name", &RunOptions::quality_name, "of what");
  static const auto account =
      Fields<RowChoice>()
          .list("run", &RowChoice::runs, "rows by uid or number, as `wattline ledger list` shows them")
          .group(&RowChoice::rows, rows_fields(), "Rows of the account, instead of a power log");
  static const auto claimed =
      Fields<ClaimedOptions>()
          .quantity("claimed-energy", &ClaimedOptions::energy, "kWh",
                    "energy that is claimed of this run, to be audited")
          .at_least(0)
          .quantity("claimed-carbon", &ClaimedOptions::carbon, "gCO2e", "carbon that is claimed")
          .at_least(0)
          .quantity("claimed-duration", &ClaimedOptions::duration, "s", "duration that is claimed")
          .at_least(0);
  static const auto fields =
      Fields<O>()
          .file("trace", &O::trace, "power log (CSV): nvidia-smi, gpu_power_draw, or power.series.v1; or choose rows")
          .positional()
          .file("marks", &O::marks, "when which epoch, and phase of it, began (CSV: time, epoch, phase)")
          .flag("hourly", &O::hourly,
                "carbon with the intensity of the hours, where a series covers them (catalog intensity)")
          .file("cpu", &O::load, "log of processor load in percent, for an estimate of its energy")
          .quantity("cpu-tdp", &O::cpu_tdp, "W", "design power of the processor")
          .range(0.1, 10'000)
          .file("baseline", &O::baseline, "power log of another run to compare with")
          .quantity("gap", &O::gap, "s", "a longer step without samples (and five usual ones) is a gap")
          .range(0.001, 1e6)
          .number("first", &O::first, "share of the run in percent to foretell the whole from")
          .range(1, 100)
          .quantity("price", &O::price, "USD/kWh", "price of electricity")
          .at_least(0)
          .group(&O::account, account, "Rows of the account, instead of a power log")
          .group(&O::run, run, "Run")
          .group(&O::claimed, claimed, "Claimed figures")
          .group(&O::place, catalog::place_fields(), "Place")
          .text("codecarbon", &O::codecarbon, "file to write: one row as CodeCarbon has it")
          .text("boamps", &O::boamps, "file to write: a BoAmps report (JSON)");
  Capability c =
      capability<O>("ledger", "training-report",
                    "Energy, carbon and cost of a training run from its power log or its rows, audited and projected.",
                    &training_report, fields);
  c.description =
      "Integrates a power log by the trapezoid, device by device, or takes rows of the account (`wattline run`, "
      "imports), "
      "and reports energy, carbon (by the year of the place or by the hour), water and cost with intervals; epoch by "
      "epoch, from marks, from rows with a label `epoch`, or of equal length; a planned run from the epochs seen, and "
      "how far the first 10, 20 and 50 % of this run "
      "would "
      "have been off; a comparison with another run by energy, time and energy-delay product; and an audit that "
      "recomputes claimed figures and names the usual mistakes (the sum of samples times the duration, power limit for "
      "power, Wh for kWh). Logs of nvidia-smi in both spellings of its header, with or without units, with gaps, "
      "duplicates and a last row cut short. After Usmanova, Huang, Banerjee, Usbeck (arXiv 2408.01453), who ask that "
      "energy stand beside quality. With claimed figures the answer decides the exit code.";
  c.verb = Verb::account;
  c.doors = Doors::command_line;
  c.papers = {37};
  c.consumes = {"power.series.v1"};
  c.emits = {"training.devices.v1",    "training.rows.v1",       "training.epochs.v1", "training.phases.v1",
             "training.projection.v1", "training.comparison.v1", "training.audit.v1",  "ledger.hourly.v1"};
  std::string log = "timestamp, name, utilization.gpu [%], power.draw [W], power.max_limit [W], temperature.gpu\n";
  for (int i = 0; i < 60; ++i)
    log += fmt::format("2026/03/09 01:{:02}:{:02}.000, NVIDIA GeForce RTX 3090, {} %, {}.00 W, 350.00 W, {}\n",
                       39 + i / 60, i % 60, i < 3 ? 0 : 97, i < 3 ? 30 : 320 + i % 7, 40 + i / 2);
  log += "2026/03/09 01:40:00.000, NVIDIA GeFo";
  c.examples = {
      {{"gpu.csv", "--place", "ES", "--epochs", "10", "--planned-epochs", "40"}, {{"gpu.csv", log}}, "By device"},
      {{"gpu.csv", "--marks", "marks.csv", "--planned-epochs", "40", "--place", "ES"},
       {{"gpu.csv", log},
        {"marks.csv",
         "time,epoch,phase\n2026-03-09T01:39:03Z,1,train\n2026-03-09T01:39:17Z,1,validate\n"
         "2026-03-09T01:39:21Z,2,train\n2026-03-09T01:39:35Z,2,validate\n2026-03-09T01:39:39Z,3,train\n"
         "2026-03-09T01:39:54Z,3,validate\n2026-03-09T01:39:58Z,,\n"}},
       "By epoch"},
      {{"gpu.csv", "--claimed-energy", "1 MWh", "--place", "FR"}, {{"gpu.csv", log}}, "impossible"}};
  return c;
}

namespace {

ClaimCheck published_mistake(Context& context) {
  std::shared_ptr<const catalog::Catalog> catalog;
  if (context.find<catalog::Catalog>()) catalog = context.share<catalog::Catalog>();
  else catalog = catalog::Catalog::load();
  const auto value = [&](const char* id) { return catalog->factor(id).value; };
  AuditFacts f;
  f.sum_watts = value("training.published.sum_watts");
  f.seconds = value("training.published.duration");
  f.samples = *f.seconds;  // one a second
  f.joules = *f.sum_watts * *f.seconds / *f.samples;
  f.limit_watts = value("training.published.limit");
  f.claimed_joules = catalog->factor("training.published.energy").estimate().value();
  f.claimed_grams = catalog->factor("training.published.carbon").estimate().value();
  f.grams_per_kwh = value("training.published.intensity");
  const auto checks = audit(f);
  ClaimCheck out;
  bool energy = false, power = false, named = false;
  for (const auto& c : checks) {
    if (c.what == "claimed energy") {
      energy = c.verdict == AuditVerdict::impossible;
      named = c.formula.find("sum of the power samples times the duration") != std::string::npos;
    }
    power = power || (c.what == "power that the claim implies" && c.verdict == AuditVerdict::impossible);
  }
  const double product = *f.sum_watts * *f.seconds;
  out.ours = fmt::format(
      "{:.3f} GJ as published, {:.1f} Wh in truth, {:.0f} times too much; the audit says impossible and "
      "names the mistake",
      product / 1e9, *f.joules / 3600, product / *f.joules);
  out.verdict = energy && power && named && std::abs(product / 1e9 - 1.098) < 0.0005 ? ClaimVerdict::holds
                                                                                     : ClaimVerdict::differs;
  return out;
}

}  // namespace

std::vector<Claim> training_report_claims() {
  return {{37, "a published table has 1.098 GJ for a run whose samples sum to 414,928 W over 2,646 s",
           "the audit on the published sum, duration, energy and carbon", published_mistake},
          {37, "energy of the study's traces, such as 89.37 Wh over 994.8 s (ResNet-50), 242.05 Wh (VGG-16)",
           "wattline ledger training-report TRACE.csv",
           [](Context&) {
             return ClaimCheck{
                 ClaimVerdict::not_reproducible, "",
                 "needs the power logs of the study (SEAA 2023, CC BY 4.0), which are not in this program; "
                 "with the files at hand the command gives these figures, and a test checks it"};
           }},
          {37, "energy and CO2 of fine-tuning T5 for commonsense question answering", "", [](Context&) {
             return ClaimCheck{ClaimVerdict::not_reproducible, "",
                               "the paper's tables of results were not found in public form"};
           }}};
}

}  // namespace wattline::ledger::training
