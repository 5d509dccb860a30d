#include "ledger/project/claims.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ledger/project/scenario.h"

namespace wattline::ledger {
namespace {

// The program's own rows, whatever a user puts over them.
const catalog::Catalog& rows() {
  static const auto all = catalog::Catalog::load();
  return *all;
}

// The largest deviation of ours from printed figures, and where.
class Worst {
 public:
  void take(double ours, double printed, const std::string& what) {
    const double off = ours / printed - 1;
    if (what_.empty() || std::abs(off) > std::abs(off_)) off_ = off, what_ = what;
    ++count_;
  }
  ClaimCheck check(double tolerance, std::string note = {}) const {
    ClaimCheck out;
    out.verdict = count_ > 0 && std::abs(off_) <= tolerance ? ClaimVerdict::holds : ClaimVerdict::differs;
    out.ours = fmt::format("{} figures, furthest {:+.1f} % ({})", count_, 100 * off_, what_);
    out.note = fmt::format("within {:.3g} %", 100 * tolerance) + (note.empty() ? "" : "; " + note);
    return out;
  }

 private:
  double off_ = 0;
  int count_ = 0;
  std::string what_;
};

Claim energies(AiTask task, double tolerance) {
  const std::string name = ai_task_names()[static_cast<std::size_t>(task)];
  std::string printed;
  for (const auto& size : model_size_names())
    printed += fmt::format("{}{} kWh", printed.empty() ? "" : ", ",
                           rows().factor(fmt::format("project.profile.{}.{}.energy_published", name, size)).value);
  return {5, fmt::format("Table 1, energy of an inference, {} (models of 8, 70, 405 billion): {}", name, printed),
          "slices of a GPU, their power, time to the first token and speed of output", [=](Context&) {
            const PortfolioModel m = portfolio_model(rows());
            Worst worst;
            for (std::size_t s = 0; s < model_sizes; ++s)
              worst.take(
                  inference_footprint(m, task, s).kwh,
                  factor_in(rows(), fmt::format("project.profile.{}.{}.energy_published", name, model_size_names()[s]),
                            "kWh"),
                  model_size_names()[s]);
            return worst.check(tolerance, "the printed figures have three digits");
          }};
}

Claim impacts() {
  return {5, "carbon and water of an inference, of use and of making, for 12 kinds of inference",
          "energy by the electricity of the regions and cooling water; hours of GPU slices and cores by their making",
          [](Context&) {
            const PortfolioModel m = portfolio_model(rows());
            Worst worst;
            for (std::size_t t = 0; t < ai_tasks; ++t)
              for (std::size_t s = 0; s < model_sizes; ++s) {
                const bool generative = is_generative(static_cast<AiTask>(t));
                if (!generative && s > 0) continue;
                const std::string name =
                    generative ? ai_task_names()[t] + "." + model_size_names()[s] : ai_task_names()[t];
                const Footprint f = inference_footprint(m, static_cast<AiTask>(t), s);
                const auto printed = [&](const char* what, const char* unit) {
                  return factor_in(rows(), fmt::format("project.profile.{}.{}_published", name, what), unit);
                };
                worst.take(f.use().gwp, printed("gwp_use", "kgCO2e"), name + ", carbon of use");
                worst.take(f.embodied.gwp, printed("gwp_embodied", "kgCO2e"), name + ", embodied carbon");
                worst.take(f.use().water, printed("water_use", "m3"), name + ", water of use");
                worst.take(f.embodied.water, printed("water_embodied", "m3"), name + ", embodied water");
              }
            return worst.check(0.025, "making of storage and network is not in the printed figures");
          }};
}

FamilyFootprints reference_today(const PortfolioModel& m) {
  return footprints(m, demand_of(m, reference_use_cases(rows(), m)));
}

Claim totals() {
  return {5, "a company of 100 use cases in 2024: 3.9 GWh, 2.48 kt CO2e, 160,000 m3, 0.76 kg Sb",
          "the portfolio with one frequency calibrated to the 3.9 GWh; the other totals follow", [](Context&) {
            const PortfolioModel m = portfolio_model(rows());
            const Footprint f = sum(reference_today(m));
            Worst worst;
            worst.take(f.kwh, factor_in(rows(), "project.published.energy", "kWh"), "energy (calibrated)");
            worst.take(f.total().gwp, factor_in(rows(), "project.published.gwp", "kgCO2e"), "carbon");
            worst.take(f.total().water, factor_in(rows(), "project.published.water", "m3"), "water");
            worst.take(f.total().adpe, factor_in(rows(), "project.published.adpe", "kg"), "ADPe");
            return worst.check(0.025, "the paper does not publish its frequency classes");
          }};
}

Claim indices(bool energy, ParameterSet set, double tolerance) {
  const char* which = set == ParameterSet::fitted ? "parameters fitted to the indices"
                                                  : "parameters as the text has them (output 1.33, PUE 1.10)";
  return {5,
          energy ? "index of energy in 2030 (2024: 100): 552, 2440, 30, 402, 755"
                 : "indices of carbon, water, primary energy and ADPe in 2030, five scenarios",
          which, [=](Context&) {
            const PortfolioModel m = portfolio_model(rows());
            const auto today = reference_today(m);
            const Footprint now = sum(today);
            Worst worst;
            for (const auto& s : published_scenarios(rows(), set)) {
              const Footprint then = project(s, today, m.pue);
              if (energy) {
                worst.take(100 * then.kwh / now.kwh, s.published->energy, s.name);
                continue;
              }
              for (std::size_t i = 0; i < ai_criteria; ++i)
                worst.take(100 * then.total().at(i) / now.total().at(i), s.published->criteria.at(i),
                           fmt::format("{}, {}", s.name, criterion_names[i]));
            }
            return worst.check(tolerance, set == ParameterSet::fitted
                                              ? "30 is printed without a digit more"
                                              : "the text's parameters do not give the paper's own indices");
          }};
}

Claim targets() {
  return {5, "a cut of carbon by 90 % needs hardware 565 times (high adoption), 175 times (intermediate) as efficient",
          "back-cast from the printed index of energy, grid at 0.55, PUE 1.10", [](Context&) {
            ClaimCheck out;
            out.verdict = ClaimVerdict::holds;
            for (const auto& s : published_scenarios(rows(), ParameterSet::fitted)) {
              if (s.name != "high_adoption" && s.name != "intermediate") continue;
              const double ours =
                  hardware_needed(s, s.published->energy / 100, factor_in(rows(), "project.target.cut"),
                                  factor_in(rows(), "project.target.grid"), factor_in(rows(), "project.target.pue"));
              const double printed = factor_in(rows(), fmt::format("project.target.{}.hardware_published", s.name));
              out.ours += fmt::format("{}{:.1f} ({})", out.ours.empty() ? "" : ", ", ours, s.name);
              if (std::lround(ours) != std::lround(printed)) out.verdict = ClaimVerdict::differs;
            }
            out.note = "the text says a PUE of 1.04; 1.10 gives the printed figures";
            return out;
          }};
}

Claim headline() {
  return {5, "a chat with a large model takes about 4,600 times the energy of a small language inference",
          "the model's energies of the two", [](Context&) {
            const PortfolioModel m = portfolio_model(rows());
            const double ours =
                inference_footprint(m, AiTask::chat, 2).kwh / inference_footprint(m, AiTask::nlp, 0).kwh;
            ClaimCheck out;
            const double off = ours / factor_in(rows(), "project.published.headline") - 1;
            out.verdict = std::abs(off) < 0.025 ? ClaimVerdict::holds : ClaimVerdict::differs;
            out.ours = fmt::format("{:.0f} times", ours);
            out.note = fmt::format("{:+.1f} %; the claim says 'about'", 100 * off);
            return out;
          }};
}

Claim return_on_environment() {
  return {5, "Return on Environment of AI use cases", "", [](Context&) {
            return ClaimCheck{
                ClaimVerdict::not_reproducible, "",
                "the paper proposes the metric and publishes no formula and no figures; ledger project has "
                "a formula of ours and says so"};
          }};
}

}  // namespace

std::vector<Claim> portfolio_claims() {
  return {energies(AiTask::chat, 0.005),
          energies(AiTask::agents, 0.005),
          energies(AiTask::rag, 0.012),
          impacts(),
          totals(),
          indices(true, ParameterSet::fitted, 0.02),
          indices(false, ParameterSet::fitted, 0.04),
          indices(true, ParameterSet::text, 0.02),
          targets(),
          headline(),
          return_on_environment()};
}

}  // namespace wattline::ledger
