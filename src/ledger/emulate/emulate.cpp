#include "ledger/emulate/emulate.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/units.h"
#include "ledger/emulate/formulas.h"

namespace wattline::ledger {
namespace {

Table comparison_table(const std::vector<Emulation>& all) {
  Table t("emulate.comparison.v1");
  t.title = "The same job by each tool";
  t.caption = "carbon: use and, where the tool counts it, manufacture";
  t.text("tool").text("version").number("energy", "kWh").number("intensity", "gCO2e/kWh").number("carbon", "gCO2e");
  t.number("ratio", "", "of carbon to the first").number("manufacture", "gCO2e", "of the carbon");
  t.number("energy_low", "kWh", "95 %, where it has one").number("energy_high", "kWh");
  double first = NAN;
  for (const auto& e : all)
    if (e.applies() && std::isnan(first)) first = e.grams();
  for (const auto& e : all) {
    if (!e.applies()) continue;
    t.add_row({e.tool, e.version, e.kwh, e.grams_per_kwh, e.grams(), first > 0 ? e.grams() / first : NAN,
               e.embodied_grams, e.kwh_interval ? e.kwh_interval->low : NAN,
               e.kwh_interval ? e.kwh_interval->high : NAN});
  }
  return t;
}

Table parts_table(const std::vector<Emulation>& all) {
  Table t("emulate.parts.v1");
  t.title = "What each tool takes";
  t.text("tool").number("processors", "W").number("gpus", "W").number("memory", "W").number("pue");
  t.text("electricity_of");
  for (const auto& e : all) {
    if (!e.applies()) continue;
    const auto watts = [&](double w) { return e.by_power ? w : NAN; };
    t.add_row({e.tool + " " + e.version, watts(e.cpu_watts), watts(e.gpu_watts), watts(e.memory_watts), e.pue,
               e.intensity_of});
  }
  return t;
}

Table why_table(const std::vector<Emulation>& all) {
  Table t("emulate.reasons.v1");
  t.title = "What it counts and leaves out";
  t.text("tool").text("counts").text("leaves_out").text("remark");
  for (const auto& e : all) {
    const std::string name = e.tool + " " + e.version;
    if (e.applies()) t.add_row({name, e.counts, e.leaves_out, e.note});
    else t.add_row({name, "does not apply", "", e.why_not});
  }
  return t;
}

// From the first tool that applies to each other.
void add_causes(const std::vector<Emulation>& all, Result& out) {
  const auto first = std::find_if(all.begin(), all.end(), [](const Emulation& e) { return e.applies(); });
  if (first == all.end()) return;
  Table t("emulate.causes.v1");
  t.title = fmt::format("Why they differ from {} {}", first->tool, first->version);
  t.caption = "carbon by cause, one replaced after the other in this order; each row adds up to the difference";
  t.text("tool").number("difference", "gCO2e");
  for (const char* name : {"processors", "gpus", "memory", "site", "electricity", "manufacture", "method"})
    t.number(name, "gCO2e");
  for (auto e = std::next(first); e != all.end(); ++e) {
    if (!e->applies()) continue;
    std::vector<Table::Cell> row{e->tool + " " + e->version, e->grams() - first->grams()};
    const auto parts = causes(*first, *e);
    for (const char* name : {"processors", "GPUs", "memory", "site", "electricity", "manufacture", "method"}) {
      double grams = 0;
      for (const auto& p : parts)
        if (p.name == name) grams = p.grams;
      row.emplace_back(grams);
    }
    t.add_row(std::move(row));
  }
  if (t.rows() > 0) out.add(std::move(t));
}

Figure carbon_figure(const std::vector<Emulation>& all) {
  Figure f;
  f.kind = Figure::Kind::bar;
  f.title = "Carbon of the same job";
  f.y = {"carbon", "gCO2e"};
  Figure::Trace trace;
  trace.name = "carbon";
  for (const auto& e : all) {
    if (!e.applies()) continue;
    trace.x.push_back(static_cast<double>(f.categories.size()));
    trace.y.push_back(e.grams());
    f.categories.push_back(e.tool == "Green Algorithms" ? e.tool + " " + e.version : e.tool);
  }
  f.traces.push_back(std::move(trace));
  return f;
}

}  // namespace

Result emulate(const EmulateOptions& o, Context& context) {
  Result out;
  const auto all = emulate_all(o, context.get<catalog::Catalog>(), out);
  double low = INFINITY, high = 0;
  std::size_t n = 0;
  for (const auto& e : all) {
    if (!e.applies()) continue;
    ++n;
    low = std::min(low, e.grams());
    high = std::max(high, e.grams());
  }
  if (n == 0) {
    out.title = "No tool applies to this job";
    out.add(why_table(all));
    return out;
  }
  out.title = n == 1 ? fmt::format("One tool applies: {}", to_string(high * units::gCO2e, 3))
                     : fmt::format("{} tools say {} to {}, {} apart", n, to_string(low * units::gCO2e, 3),
                                   to_string(high * units::gCO2e, 3),
                                   low > 0 ? fmt::format("{:.3g} times", high / low) : "without bound");
  out.add(comparison_table(all)).add(parts_table(all)).add(why_table(all));
  add_causes(all, out);
  out.add(carbon_figure(all));
  for (const auto& e : all)
    if (e.tool == "SCI" && e.applies())
      out.note(fmt::format("SCI: {} for each of {} functional units.",
                           to_string(sci_grams(e.kwh, e.grams_per_kwh, e.embodied_grams, o.units) * units::gCO2e, 4),
                           format_number(o.units)));
  if (o.site.server_share == 1 && o.job.runtime > Duration(0))
    out.warn("manufacture is that of a whole server for the time (--server-share takes the part that the job had)");
  if (o.site.place.empty() && !o.site.intensity)
    out.warn("no place given: each tool takes its own world average, and they differ");
  out.note(
      "Modelled throughout: formulas and constants of the tools as of the versions named, not the tools themselves.");
  return out;
}

Capability emulate_capability() {
  using J = EmulateJobOptions;
  using S = EmulateSiteOptions;
  using L = EmulateTokenOptions;
  using O = EmulateOptions;
  static const Fields<J> job =
      Fields<J>()
          .quantity("runtime", &J::runtime, "h", "how long it ran")
          .range(0, 1e7)
          .number("cores", &J::cores, "CPU cores used")
          .range(0, 1e6)
          .text("cpu", &J::cpu, "CPU model; none: the calculator's 'Any'")
          .quantity("cpu-tdp", &J::cpu_tdp, "W", "design power of the whole chip, instead of a model")
          .range(0, 10000)
          .number("load", &J::load, "use of the processor, 0 to 1; none: what each tool takes then")
          .range(0, 1)
          .number("gpus", &J::gpus, "GPUs used")
          .range(0, 1e6)
          .text("gpu", &J::gpu, "GPU model")
          .quantity("gpu-tdp", &J::gpu_tdp, "W", "design power of one GPU, instead of a model")
          .range(0, 10000)
          .number("gpu-usage", &J::gpu_usage, "use of the GPUs, 0 to 1")
          .range(0, 1)
          .quantity("memory", &J::memory, "GB", "memory")
          .range(0, 1e6);
  static const Fields<S> site =
      Fields<S>()
          .reference("place", &S::place, "places", "code or name; none: each tool's world average")
          .quantity("intensity", &S::intensity, "gCO2e/kWh", "carbon intensity for all tools, instead of their tables")
          .range(0, 5000)
          .text("region", &S::region, "cloud region for Cloud Carbon Footprint: aws/us-east-1")
          .text("architecture", &S::architecture, "processor family for it: Haswell, EPYC 2nd Gen ...")
          .number("server-share", &S::server_share, "part of the server that the job had, for its manufacture")
          .range(0, 1);
  static const Fields<L> llm =
      Fields<L>()
          .number("tokens", &L::tokens, "tokens that a language model put out, for EcoLogits")
          .range(0, 1e15)
          .reference("model", &L::model, "models", "the language model")
          .text("provider", &L::provider, "whose data centres: anthropic, cohere, google, mistral, openai")
          .number("parameters", &L::parameters, "billions of parameters, instead of a model")
          .range(1e-6, 1e6)
          .number("active-parameters", &L::active, "billions of them that a token uses")
          .range(1e-6, 1e6)
          .quantity("latency", &L::latency, "s", "measured time of the answer")
          .range(0, 1e9);
  static const Fields<O> fields = Fields<O>()
                                      .group(&O::job, job, "Job")
                                      .group(&O::site, site, "Site")
                                      .group(&O::llm, llm, "Language model")
                                      .number("units", &O::units, "functional units of the job, for SCI")
                                      .range(1e-9, 1e18);
  Capability c = capability<O>(
      "ledger", "emulate", "The same job by the formulas of the field's tools, and why they differ.", &emulate, fields);
  c.description =
      "Green Algorithms v1.0 and v3.0, CodeCarbon (constant and load mode), Cloud Carbon Footprint, ML CO2 Impact, "
      "EcoLogits "
      "and SCI (ISO/IEC 21031), each with its own published formula and constants (catalog rows with source and "
      "version) "
      "on one job: energy, carbon, what each counts and leaves out, and the difference split by cause. Where a tool's "
      "own "
      "table is not at hand the result says what stands for it; where it knows no such device or place it does not "
      "apply.";
  c.verb = Verb::predict;
  c.papers = {18};
  c.emits = {"emulate.comparison.v1", "emulate.parts.v1", "emulate.reasons.v1", "emulate.causes.v1"};
  c.examples = {{{"--runtime", "12h", "--cores", "12", "--cpu", "Xeon E5-2683 v4", "--memory", "64GB", "--place", "FR"},
                 {},
                 "CodeCarbon"},
                {{"--runtime", "100h", "--cores", "8", "--gpus", "4", "--gpu", "Tesla V100", "--memory", "128GB",
                  "--place", "US-IL", "--region", "aws/us-east-2"},
                 {},
                 "ML CO2 Impact"},
                {{"--tokens", "400", "--parameters", "70", "--provider", "mistral", "--place", "FR"}, {}, "EcoLogits"}};
  return c;
}

}  // namespace wattline::ledger
