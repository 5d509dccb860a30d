#include "ledger/claims.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "catalog/green_algorithms.h"
#include "ledger/air/air.h"
#include "ledger/disclose/disclose.h"
#include "ledger/green_algorithms.h"
#include "ledger/green_resolve.h"
#include "ledger/label/label.h"
#include "ledger/lca/claims.h"
#include "ledger/materials/claims.h"
#include "ledger/project/claims.h"
#include "ledger/rebound/rebound.h"
#include "ledger/slurm_jobs.h"
#include "ledger/training/report.h"
#include "ledger/water/water.h"

namespace wattline::ledger {
namespace {

using catalog::GreenAlgorithms;

// A claim holds when ours, printed with the claim's digits, is the claim.
ClaimCheck compare(const std::vector<std::pair<std::string, std::string>>& claimed_and_ours, std::string note = {}) {
  ClaimCheck out;
  out.verdict = ClaimVerdict::holds;
  for (const auto& [claimed, ours] : claimed_and_ours) {
    out.ours += (out.ours.empty() ? "" : ", ") + ours;
    if (claimed != ours) out.verdict = ClaimVerdict::differs;
  }
  out.note = std::move(note);
  return out;
}

// 12 h on 12 cores of a Xeon E5-2683 v4 at full use with 64 GB, personal computer, world average.
GreenAlgorithmsOptions default_form() {
  GreenAlgorithmsOptions o;
  o.runtime = 12 * units::hour;
  o.processors.cores = 12;
  o.processors.cpu = "Xeon E5-2683 v4";
  o.processors.memory = 64 * units::GB;
  return o;
}

Claim worked_case(const std::string& version) {
  return {18, "12 h, 12 cores of Xeon E5-2683 v4, 64 GB, world average: 1.36608 kWh, 648.888 gCO2e",
          fmt::format("the formula with the calculator's tables {}, compared to all printed digits", version),
          [version](Context&) {
            const auto data = GreenAlgorithms::load(version);
            const GreenResolved r = resolve_green(default_form(), *data, nullptr);
            const GreenFootprint f = footprint(r.job);
            return compare(
                {{"1.36608 kWh", fmt::format("{:.5f} kWh", f.kwh)},
                 {"648.888 gCO2e", fmt::format("{:.3f} gCO2e", f.grams)}},
                fmt::format("data {}: {} W a core, {} gCO2e/kWh", version, r.job.core_watts, r.job.grams_per_kwh));
          }};
}

// The lines of two jobs as sacct has them: a job at 6760 MB a core, and one of 32 cores with a GPU.
SlurmUse sample_job(std::string_view row) {
  SlurmJobs jobs({});
  const std::string log =
      "JobID|Elapsed|Partition|NNodes|NCPUS|TotalCPU|CPUTime|ReqMem|MaxRSS|State|AllocTRES\n" + std::string(row) + "\n";
  read_sacct(log, "sample", [&](const SacctRow& r) { jobs.add(r); });
  SlurmPower power;
  power.memory_watts_per_gb = GreenAlgorithms::load("v3.0")->reference("memory_power").value;
  power.granularity_gb = 6;
  power.fallback.core_watts = 10;
  power.fallback.gpu_watts = 250;
  return use_of(jobs.jobs().at(0), power);
}

Claim small_job() {
  return {18, "sample log, job 556141 (6760 MB a core, 1 core, CPU time 0): 6.76 GB, 4.0069 core-hours",
          "the job's line through the Slurm reader", [](Context&) {
            const SlurmUse u =
                sample_job("556141|04:00:25|p|1|1|00:00:00|04:00:25|6760Mc||TIMEOUT|billing=1,cpu=1,mem=6760M,node=1");
            return compare({{"6.76 GB", fmt::format("{:.2f} GB", u.requested_gb)},
                            {"4.0069 core-hours", fmt::format("{:.4f} core-hours", u.core_hours)}});
          }};
}

Claim gpu_job() {
  return {
      18,
      "sample log, job 552375 (250 GB, 32 cores, 1 GPU, 3 h 0 m 30 s): 3.00833 GPU-hours, 3.331 kWh at 10 W a core, "
      "250 W a GPU, PUE 1.67",
      "the job's line through the Slurm reader, the formula with these powers", [](Context&) {
        const SlurmUse u = sample_job(
            "552375|03:00:30|p|1|32|00:00:00|4-00:16:00|250Gn||TIMEOUT|billing=32,cpu=32,gres/gpu=1,mem=250G,node=1");
        return compare({{"3.00833 GPU-hours", fmt::format("{:.5f} GPU-hours", u.gpu_hours)},
                        {"3.331 kWh", fmt::format("{:.3f} kWh", 1.67 * u.it_kwh())}});
      }};
}

Claim country_range() {
  return {18, "the carbon of one computation spans two orders of magnitude between countries",
          "the largest over the smallest country intensity of the calculator's own tables, both versions",
          [](Context&) {
            ClaimCheck out;
            out.verdict = ClaimVerdict::holds;
            for (const auto& version : GreenAlgorithms::versions()) {
              const auto data = GreenAlgorithms::load(version);
              const catalog::GreenPlace *low = nullptr, *high = nullptr;
              for (const auto& place : data->places()) {
                if (!place.region.empty() || place.country.empty() || place.grams_per_kwh <= 0) continue;
                if (!low || place.grams_per_kwh < low->grams_per_kwh) low = &place;
                if (!high || place.grams_per_kwh > high->grams_per_kwh) high = &place;
              }
              if (!low || !high) return ClaimCheck{ClaimVerdict::differs, "", "no countries in the tables"};
              const double ratio = high->grams_per_kwh / low->grams_per_kwh;
              out.ours += fmt::format("{}{:.0f}x ({}: {} {} to {} {} gCO2e/kWh)", out.ours.empty() ? "" : "; ", ratio,
                                      version, low->country, low->grams_per_kwh, high->country, high->grams_per_kwh);
              if (std::lround(std::log10(ratio)) < 2) out.verdict = ClaimVerdict::differs;
            }
            out.note = "two orders of magnitude: a ratio that rounds to 10^2 or more";
            return out;
          }};
}

Claim case_studies() {
  return {18, "footprints of particle physics simulation, weather forecasting and natural language processing", "",
          [](Context&) {
            return ClaimCheck{ClaimVerdict::not_reproducible, "",
                              "the inputs of the case studies (hours, hardware, memory) were not found in public form"};
          }};
}

}  // namespace

std::vector<Claim> claims() {
  std::vector<Claim> all{worked_case("v3.0"), worked_case("v1.0"), small_job(),
                         gpu_job(),           country_range(),     case_studies()};
  const auto add = [&](std::vector<Claim> more) {
    for (auto& c : more) all.push_back(std::move(c));
  };
  add(lca::lca_claims());
  add(label_claims());
  add(materials::materials_claims());
  add(water_claims());
  add(air_claims());
  add(portfolio_claims());
  add(rebound_claims());
  add(training::training_report_claims());
  add(disclose::disclose_claims());
  return all;
}

}  // namespace wattline::ledger
