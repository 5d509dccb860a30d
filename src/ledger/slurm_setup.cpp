#include "ledger/slurm_setup.h"

#include <algorithm>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/account.h"
#include "ledger/green_resolve.h"

namespace wattline::ledger {
namespace {

std::vector<std::string> groupings(const SlurmOptions& o) {
  std::vector<std::string> by = words_of(o.by);
  if (by.empty()) by = {"user", "account", "partition", "state", "month"};
  const auto& known = slurm_groupings();
  for (const auto& g : by)
    if (std::find(known.begin(), known.end(), g) == known.end()) throw unknown_name("grouping", g, known);
  return by;
}

void site(const SlurmOptions& o, const Context& context, SlurmSetup& s, Result& out) {
  s.given_pue = o.site.pue ? o.site.pue : s.cluster ? s.cluster->pue : std::nullopt;
  GreenAlgorithmsOptions site;
  site.processors.cores = 0;
  site.site.platform = Platform::local;
  site.site.place = o.site.place;
  site.site.intensity = o.site.intensity;
  site.site.pue = s.given_pue;
  if (s.cluster && s.cluster->grams_per_kwh && !site.site.intensity && site.site.place.empty())
    site.site.intensity = *s.cluster->grams_per_kwh * units::gCO2e_per_kWh;
  const auto* names = context.find<catalog::Catalog>();
  const GreenResolved r = resolve_green(site, *s.data, names);
  for (const auto& w : r.warnings)
    if (!w.starts_with("no memory")) out.warn(w);
  for (const auto& use : r.factors) out.use(use);
  s.factors.pue = r.pue;
  s.factors.intensity = r.intensity;
  s.place = r.place == "given" || r.place == "WORLD" ? "" : r.place;
  // A cloud region has a PUE and factors of its own in reports.
  if (names && !s.place.empty())
    if (const auto* region = names->find_region(o.site.place)) s.place = region->provider + "/" + region->name;
  s.price = o.site.price ? o.site.price : s.cluster ? s.cluster->price : std::nullopt;
  s.currency = !o.site.currency.empty() ? o.site.currency : s.cluster ? s.cluster->currency : "";
}

void hardware(const SlurmHardwareOptions& h, SlurmSetup& s, Result& out) {
  const auto& data = *s.data;
  const auto pick = [&](bool gpu, const std::string& name, const std::optional<Power>& given) {
    if (given) return given->in(units::W);
    const auto match = gpu ? data.gpu(name) : data.cpu(name);
    if (!match.said.empty()) out.warn(match.said);
    s.fallback_use[gpu] = data.use(*match.row);
    return match.row->watts;
  };
  s.power.fallback.core_watts = pick(false, h.cpu, h.core_tdp);
  s.power.fallback.gpu_watts = pick(true, h.gpu, h.gpu_tdp);
  s.power.memory_watts_per_gb = data.reference("memory_power").value;
  // The template of GreenAlgorithms4HPC has 6 GB; without one, memory is counted in whole gigabytes.
  s.power.granularity_gb = h.granularity                            ? h.granularity->in(units::GB)
                           : s.cluster && s.cluster->granularity_gb ? *s.cluster->granularity_gb
                                                                    : 1.0;
  const auto shared = [&](const char* spread, bool times, const std::string& id) {
    const auto& row = data.spread(spread);
    out.use(data.use(row));
    return times ? within_factor(Ratio(1), row.value, id, "design power times usage")
                 : Estimate<Ratio>::relative(Ratio(1), row.value, Method::modelled, "power per reserved gigabyte")
                       .from_factor(id);
  };
  s.factors.core = shared("processor_power_factor", true, "slurm.core_power");
  s.factors.gpu = shared("processor_power_factor", true, "slurm.gpu_power");
  s.factors.memory = shared("memory_power_fraction", false, data.use(data.reference("memory_power")).id);
}

}  // namespace

SlurmSetup slurm_setup(const SlurmOptions& o, const Context& context, Result& out) {
  SlurmSetup s;
  s.data = catalog::GreenAlgorithms::load(o.old_data ? "v1.0" : "v3.0");
  s.by = groupings(o);
  if (o.cluster.given()) {
    s.cluster = std::make_shared<const SlurmCluster>(parse_cluster(o.cluster.read(), o.cluster.name()));
    s.power.cluster = s.cluster.get();
    for (const auto& w : s.cluster->warnings) out.warn(w);
  }
  site(o, context, s, out);
  hardware(o.hardware, s, out);
  return s;
}

}  // namespace wattline::ledger
