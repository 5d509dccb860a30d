#include "ledger/green_algorithms.h"

#include <algorithm>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "catalog/green_algorithms.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/green_resolve.h"
#include "ledger/green_text.h"

namespace wattline::ledger {
namespace {

using catalog::GreenAlgorithms;

Table parts_table(const GreenFootprint& f, const GreenJob& job, const std::string& version) {
  Table t("footprint.parts.v1");
  t.title = "By cause";
  t.text("part").number("power", "W", "without PUE").number("energy", "kWh", "with PUE and scaling");
  t.number("carbon", "gCO2e").number("share", "%").text("data_version");
  const auto row = [&](const char* name, double watts, double grams) {
    const double kwh = job.hours * job.pue * watts * job.multiplier / 1000;
    t.add_row({name, watts, kwh, grams, f.total_watts > 0 ? 100 * watts * job.pue / f.total_watts : 0.0, version});
  };
  row("cores", f.core_watts, f.core_grams);
  row("gpus", f.gpu_watts, f.gpu_grams);
  row("memory", f.memory_watts, f.memory_grams);
  t.add_row(
      {"total", f.core_watts + f.gpu_watts + f.memory_watts, f.kwh, f.grams, f.total_watts > 0 ? 100.0 : 0.0, version});
  return t;
}

Table inputs_table(const GreenResolved& r) {
  Table t;
  t.title = "What was taken";
  t.text("input").number("value").text("unit").text("source");
  for (const auto& i : r.inputs) t.add_row({i.name, i.value, i.unit, i.source});
  return t;
}

Table equivalences_table(double grams, const GreenAlgorithms& data) {
  Table t;
  t.title = "As much as";
  t.caption = "reference values of Green Algorithms " + data.version();
  t.text("what").number("value").text("unit").text("text");
  for (const auto& e : equivalences(grams, data)) t.add_row({e.name, e.value, e.unit, e.text});
  return t;
}

// The same job elsewhere: only the carbon intensity changes.
void add_what_if(Result& out, const GreenAlgorithmsOptions& o, const GreenResolved& r, double grams, double kwh,
                 const GreenAlgorithms& data, const catalog::Catalog* names) {
  std::vector<std::string> wanted;
  for (const auto& words : o.compare)
    for (std::size_t at = 0; at <= words.size();) {
      const std::size_t comma = std::min(words.find(',', at), words.size());
      if (comma > at) wanted.push_back(words.substr(at, comma - at));
      at = comma + 1;
    }
  // The range of grids, where nobody asks for certain ones.
  if (wanted.empty()) wanted = {"SE", "FR", "GB", "US", "DE", "CN", "AU", "WORLD"};
  struct Row {
    const catalog::GreenPlace* place;
    double grams;
  };
  std::vector<Row> rows;
  for (const auto& name : wanted) {
    const auto* place = find_green_place(name, data, names).row;
    if (std::none_of(rows.begin(), rows.end(), [&](const Row& x) { return x.place == place; }))
      rows.push_back({place, kwh * place->grams_per_kwh});
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.grams < b.grams; });
  Table t;
  t.title = "The same job elsewhere";
  t.caption = "yearly averages of Green Algorithms " + data.version() + "; energy unchanged";
  t.text("place")
      .text("name")
      .number("intensity", "gCO2e/kWh")
      .number("carbon", "gCO2e")
      .number("ratio", "", "to this place");
  Figure figure;
  figure.kind = Figure::Kind::bar;
  figure.title = "Carbon of the same job elsewhere";
  figure.y = {"carbon", "gCO2e"};
  Figure::Trace trace;
  trace.name = "carbon";
  const auto add = [&](const std::string& code, const std::string& name, double intensity, double carbon) {
    t.add_row({code, name, intensity, carbon, grams > 0 ? carbon / grams : NAN});
    trace.x.push_back(static_cast<double>(figure.categories.size()));
    trace.y.push_back(carbon);
    figure.categories.push_back(code);
  };
  add(r.place == "given" ? "here" : r.place, "here", r.job.grams_per_kwh, grams);
  for (const auto& row : rows)
    if (row.place->code != r.place) add(row.place->code, row.place->name(), row.place->grams_per_kwh, row.grams);
  figure.traces.push_back(std::move(trace));
  out.add(std::move(t)).add(std::move(figure));
}

Table versions_table(const GreenAlgorithmsOptions& o, const catalog::Catalog* names) {
  Table t;
  t.title = "By data version";
  t.caption = "the same inputs under each version; never compare results of different versions unsaid";
  t.text("data_version")
      .number("pue")
      .number("intensity", "gCO2e/kWh")
      .number("core_power", "W")
      .number("energy", "kWh");
  t.number("carbon", "gCO2e").text("tree");
  for (const auto& version : GreenAlgorithms::versions()) {
    const auto data = GreenAlgorithms::load(version);
    const auto r = resolve_green(o, *data, names);
    const auto f = footprint(r.job);
    t.add_row({version, r.job.pue, r.job.grams_per_kwh, r.job.core_watts, f.kwh, f.grams,
               equivalences(f.grams, *data).front().text});
  }
  return t;
}

void add_measured(Result& out, Energy measured, const Estimate<Energy>& estimated, double grams_per_kwh) {
  out.estimate("measured_energy", "Measured", Estimate<Energy>::exact(measured), "kWh",
               "given; at the meter named by you");
  const double kwh = measured.in(units::kWh);
  const double ratio = measured.base() / estimated.value().base();
  const bool inside = measured >= estimated.low() && measured <= estimated.high();
  out.note(fmt::format("Measured {} ({} at this intensity) is {} times the estimate, {} its interval.",
                       energy_text(kwh), carbon_text(kwh * grams_per_kwh), format_number(ratio, 3),
                       inside ? "inside" : "outside"));
}

}  // namespace

Result green_algorithms(const GreenAlgorithmsOptions& o, Context& context) {
  const catalog::Catalog* names = context.find<catalog::Catalog>();
  const auto data = GreenAlgorithms::load(o.data_version == GreenVersion::v1_0 ? "v1.0" : "v3.0");
  const GreenResolved r = resolve_green(o, *data, names);
  const GreenFootprint f = footprint(r.job);

  Result out;
  out.title = fmt::format("{} and {} ({} data)", carbon_text(f.grams), energy_text(f.kwh), data->version());
  out.estimate("energy", "Energy", r.energy(), "kWh",
               "95 % interval from declared spreads; the value is the calculator's");
  out.estimate("carbon", "Carbon", r.carbon(), "gCO2e");
  out.estimate("power", "Power", (r.core_power + r.gpu_power + r.memory_power) * r.pue, "W", "with PUE, while it runs");
  out.add(parts_table(f, r.job, data->version()));
  out.add(inputs_table(r));
  out.add(equivalences_table(f.grams, *data));
  add_what_if(out, o, r, f.grams, f.kwh, *data, names);
  if (o.data_version == GreenVersion::both) out.add(versions_table(o, names));
  if (o.measured) add_measured(out, *o.measured, r.energy(), r.job.grams_per_kwh);
  for (const auto& use : r.factors) out.use(use);
  for (const char* spread : {"processor_power_factor", "memory_power_fraction"})
    out.use(data->use(data->spread(spread)));
  out.warnings = r.warnings;
  return out;
}

const Fields<GreenAlgorithmsOptions>& green_algorithms_fields() {
  using P = GreenProcessorOptions;
  using S = GreenSiteOptions;
  using C = GreenScaleOptions;
  using O = GreenAlgorithmsOptions;
  static const Fields<P> processors =
      Fields<P>()
          .number("cores", &P::cores, "CPU cores used")
          .range(0, 1e7)
          .text("cpu", &P::cpu, "CPU model, as the machine names it; none: the calculator's 'Any'")
          .quantity("core-tdp", &P::core_tdp, "W", "design power of one core, instead of a model")
          .range(0, 1000)
          .number("core-usage", &P::core_usage, "share of the cores' time in use, 0 to 1; none: 1")
          .range(0, 1)
          .number("gpus", &P::gpus, "GPUs used")
          .range(0, 1e6)
          .text("gpu", &P::gpu, "GPU model; none: the calculator's 'Any'")
          .quantity("gpu-tdp", &P::gpu_tdp, "W", "design power of one GPU, instead of a model")
          .range(0, 10000)
          .number("gpu-usage", &P::gpu_usage, "share of the GPUs' time in use, 0 to 1; none: 1")
          .range(0, 1)
          .quantity("memory", &P::memory, "GB", "memory reserved, used or not")
          .range(0, 1e9);
  static const Fields<S> site =
      Fields<S>()
          .enumeration("platform", &S::platform, {"personal", "local", "cloud"},
                       "personal computer (PUE 1), local server, or cloud")
          .text("provider", &S::provider, "cloud provider: gcp, aws, azure ...")
          .text("datacentre", &S::datacentre, "region of the provider; gives place and PUE")
          .text("place", &S::place, "code or name; none: the world average, flagged")
          .quantity("intensity", &S::intensity, "gCO2e/kWh", "carbon intensity, instead of a place")
          .range(0, 5000)
          .number("pue", &S::pue, "power usage effectiveness of the site")
          .range(1, 20);
  static const Fields<C> scale =
      Fields<C>()
          .number("psf", &C::psf, "pragmatic scaling factor: how many times the job was run")
          .range(1, 1e9)
          .enumeration("mode", &C::mode, {"run", "training", "inference"},
                       "one computation, an AI training, or continuous inference")
          .number("experiments", &C::experiments, "training: experiments before it, as a multiple of the main run")
          .range(0, 1e9)
          .number("retrainings", &C::retrainings, "training: how many retrainings")
          .range(0, 1e9)
          .number("retraining-size", &C::retraining_size, "training: size of one, as a multiple of the main run")
          .range(0, 1e6)
          .number("periods", &C::periods, "inference: the runtime is what this many periods take")
          .range(1e-6, 1e6)
          .enumeration("period", &C::period, {"day", "week", "month", "year"}, "inference: the period")
          .number("months", &C::months, "inference: months to report")
          .range(0, 12000);
  static const Fields<O> fields =
      Fields<O>()
          .quantity("runtime", &O::runtime, "h", "how long it ran")
          .required()
          .range(0, 1e7)
          .group(&O::processors, processors, "Processors and memory")
          .group(&O::site, site, "Site")
          .group(&O::scale, scale, "Scale")
          .enumeration("data-version", &O::data_version, {"v3.0", "v1.0", "both"}, "version of the calculator's tables")
          .list("compare", &O::compare, "places to set beside it: FR,DE,US-CA")
          .quantity("measured-energy", &O::measured, "kWh", "what a meter said, to set beside the estimate")
          .at_least(0);
  return fields;
}

Capability green_algorithms_capability() {
  Capability c = capability<GreenAlgorithmsOptions>("ledger", "green-algorithms",
                                                    "Energy and carbon of a computation from six facts about it.",
                                                    &green_algorithms, green_algorithms_fields());
  c.description =
      "The Green Algorithms formula (Lannelongue, Grealey, Inouye, Advanced Science 8 (2021) 2100707): "
      "E = t * PUE * (cores * TDP per core * usage + GPUs * TDP * usage + reserved memory * 0.3725 W/GB) * PSF, "
      "C = E * carbon intensity, with the calculator's own tables (CC BY 4.0) in version v1.0 or v3.0, its "
      "equivalences, "
      "and its training and inference modes. Values equal the calculator's; the 95 % intervals are ours, from "
      "declared spreads: design power times usage can be off by a factor of 2 either way. A measurement "
      "(wattline run) is better where you can have one.";
  c.verb = Verb::account;
  c.papers = {18};
  c.emits = {"footprint.parts.v1"};
  c.examples = {
      {{"--runtime", "12h", "--cores", "12", "--cpu", "Xeon E5-2683 v4", "--memory", "64GB"}, {}, "648.9"},
      {{"--runtime", "100h", "--cores", "8", "--gpus", "4", "--gpu", "Tesla V100", "--memory", "128GB", "--platform",
        "cloud", "--datacentre", "gcp/europe-west1", "--mode", "training", "--experiments", "3"},
       {},
       "1.08"},
      {{"--runtime", "1h", "--cores", "4", "--place", "FR", "--memory", "16GB", "--data-version", "both"}, {}, "v1.0"}};
  return c;
}

}  // namespace wattline::ledger
