#include "ledger/emulate/tools.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/emulate/formulas.h"
#include "ledger/green_resolve.h"
#include "ledger/project/model.h"

namespace wattline::ledger {
namespace {

using catalog::Catalog;
using catalog::Factor;

const Factor* find_factor(const Catalog& c, const std::string& id) {
  for (const auto& f : c.factors())
    if (f.id == id) return &f;
  return nullptr;
}

class Tools {
 public:
  Tools(const EmulateOptions& o, const Catalog& c, Result& out) : o_(o), c_(c), out_(out) {}

  std::vector<Emulation> run() {
    place_ = &c_.place(o_.site.place);
    hours_ = o_.job.runtime.in(units::hour);
    if (hours_ <= 0 && o_.llm.tokens <= 0)
      throw bad_input("there is no job: neither a time nor tokens are given", "--runtime",
                      "give --runtime with the hardware, or --tokens with --model");
    green("v3.0");
    green("v1.0");
    if (o_.job.cpu.empty() && !o_.job.cpu_tdp && hours_ > 0)
      out_.warn("no processor named: each tool takes its own default");
    codecarbon("constant mode");
    codecarbon("load mode");
    cloud_carbon_footprint();
    mlco2();
    ecologits();
    sci();
    return std::move(all_);
  }

 private:
  double get(const std::string& id, const char* unit = "") {
    out_.use(c_.factor(id).use());
    return factor_in(c_, id, unit);
  }
  Emulation start(std::string tool, std::string version) {
    Emulation e;
    e.tool = std::move(tool);
    e.version = std::move(version);
    e.hours = hours_;
    return e;
  }
  void push(Emulation e) {
    if (e.applies() && e.by_power) e.kwh = e.hours * (e.cpu_watts + e.gpu_watts + e.memory_watts) * e.pue / 1000;
    all_.push_back(std::move(e));
  }
  bool needs_hours(Emulation& e) {
    if (hours_ > 0) return true;
    e.why_not = "needs a time and hardware (--runtime)";
    all_.push_back(e);
    return false;
  }
  void given_or(Emulation& e, double grams, std::string of) {
    e.grams_per_kwh = o_.site.intensity ? o_.site.intensity->in(units::gCO2e_per_kWh) : grams;
    e.intensity_of = o_.site.intensity ? "given" : std::move(of);
  }
  // The place's own row of our catalog, where a tool's table is not at hand.
  void catalog_intensity(Emulation& e, const char* why) {
    given_or(e, place_->carbon_intensity.value().in(units::gCO2e_per_kWh), place_->name + " (catalog)");
    if (o_.site.intensity) return;
    out_.use(catalog::use_carbon(*place_));
    e.note += why;
  }
  std::string country() const { return place_->code.substr(0, place_->code == "WORLD" ? 5 : 2); }

  void green(const char* version) {
    Emulation e = start("Green Algorithms", version);
    if (!needs_hours(e)) return;
    e.counts = "cores at design power times use, GPUs, reserved memory by the gigabyte, site";
    e.leaves_out = "manufacture; what the processors really draw";
    GreenAlgorithmsOptions g;
    g.runtime = o_.job.runtime;
    g.processors.cores = o_.job.cores;
    g.processors.cpu = o_.job.cpu;
    if (o_.job.cpu_tdp && o_.job.cores > 0) g.processors.core_tdp = *o_.job.cpu_tdp / o_.job.cores;
    g.processors.core_usage = o_.job.load;
    g.processors.gpus = o_.job.gpus;
    g.processors.gpu = o_.job.gpu;
    g.processors.gpu_tdp = o_.job.gpu_tdp;
    g.processors.gpu_usage = o_.job.gpu_usage;
    g.processors.memory = o_.job.memory;
    g.site.platform = Platform::local;
    g.site.place = o_.site.place;
    g.site.intensity = o_.site.intensity;
    try {
      const auto data = catalog::GreenAlgorithms::load(version);
      const GreenResolved r = resolve_green(g, *data, &c_);
      const GreenFootprint f = footprint(r.job);
      e.cpu_watts = f.core_watts;
      e.gpu_watts = f.gpu_watts;
      e.memory_watts = f.memory_watts;
      e.pue = r.job.pue;
      e.grams_per_kwh = r.job.grams_per_kwh;
      e.intensity_of = r.place;
      const Measure m = r.energy().measure("kWh");
      e.kwh_interval = m.interval;
      for (const auto& u : r.factors) out_.use(u);
      if (!chip_watts_ && o_.job.cores > 0)
        chip_watts_ = o_.job.cpu_tdp ? o_.job.cpu_tdp->in(units::W) : r.job.cores * r.job.core_watts;
      if (!gpu_watts_ && o_.job.gpus > 0) gpu_watts_ = r.job.gpu_watts;
    } catch (const Error& error) {
      e.why_not = error.message();
    }
    push(std::move(e));
  }

  // The whole chip where the catalog knows it, else the cores that the job has.
  std::optional<double> chip_watts(std::string& note) {
    if (o_.job.cpu_tdp) return o_.job.cpu_tdp->in(units::W);
    if (const auto* d = o_.job.cpu.empty() ? nullptr : c_.find_device(o_.job.cpu);
        d && d->kind == catalog::DeviceKind::cpu && d->board_power > Power(0)) {
      out_.use(catalog::use(*d));
      return d->board_power.in(units::W);
    }
    if (o_.job.cpu.empty()) {
      note = "processor not named: its power by the thread (two a core)";
      return 2 * o_.job.cores * get("codecarbon.cpu.per_thread", "W");
    }
    if (chip_watts_)
      note = "counts the whole chip; its power is not known here (--cpu-tdp), the job's cores stand for it";
    return chip_watts_;
  }

  std::optional<double> gpu_watts() {
    if (o_.job.gpu_tdp) return o_.job.gpu_tdp->in(units::W);
    if (gpu_watts_) return gpu_watts_;
    const auto* d = o_.job.gpu.empty() ? nullptr : c_.find_device(o_.job.gpu);
    if (!d || d->board_power <= Power(0)) return {};
    out_.use(catalog::use(*d));
    return d->board_power.in(units::W);
  }

  void codecarbon(const std::string& mode) {
    Emulation e = start("CodeCarbon " + mode, "b05965e4");
    if (!needs_hours(e)) return;
    const auto tdp = o_.job.cores > 0 ? chip_watts(e.note) : std::optional(0.0);
    if (!tdp) {
      e.why_not = fmt::format("no power of the processor '{}' is known here: give --cpu-tdp", o_.job.cpu);
      return push(std::move(e));
    }
    const auto gpu = o_.job.gpus > 0 ? gpu_watts() : std::optional(0.0);
    if (!gpu) {
      e.why_not = fmt::format("no power of the GPU '{}' is known here: give --gpu-tdp", o_.job.gpu);
      return push(std::move(e));
    }
    for (const char* id : {"codecarbon.cpu.constant", "codecarbon.cpu.load_base", "codecarbon.cpu.load_slope",
                           "codecarbon.ram.module", "codecarbon.ram.minimum"})
      out_.use(c_.factor(id).use());
    e.cpu_watts = mode == "load mode" ? codecarbon_load_watts(c_, *tdp, o_.job.load.value_or(1))
                                      : codecarbon_constant_watts(c_, *tdp);
    e.gpu_watts = o_.job.gpus * *gpu * o_.job.gpu_usage;
    e.memory_watts = codecarbon_memory_watts(c_, o_.job.memory.in(units::GB));
    e.counts = mode == "load mode" ? "the whole chip by the cube of its load, GPUs, memory by the module"
                                   : "the whole chip at half its design power, GPUs, memory by the module";
    e.leaves_out = "the site (no PUE), manufacture";
    if (o_.job.gpus > 0)
      e.note += std::string(e.note.empty() ? "" : "; ") + "GPUs modelled; the tool itself reads their meter";
    codecarbon_intensity(e);
    push(std::move(e));
  }

  // Region, US state, country, world: the order of the tool.
  void codecarbon_intensity(Emulation& e) {
    if (!o_.site.region.empty() && !o_.site.intensity) {
      std::string id = "codecarbon.region." + o_.site.region;
      std::replace(id.begin(), id.end(), '/', '.');
      if (find_factor(c_, id)) return given_or(e, get(id, "gCO2e/kWh"), o_.site.region);
      e.note += std::string(e.note.empty() ? "" : "; ") +
                "its table has no such region: it falls to the world average without a word";
      return given_or(e, get("codecarbon.world", "gCO2e/kWh"), "its world average");
    }
    if (place_->code == "WORLD") return given_or(e, get("codecarbon.world", "gCO2e/kWh"), "its world average");
    if (place_->code.starts_with("US-"))
      if (const auto* f = find_factor(c_, "codecarbon.us." + place_->code.substr(3))) {
        given_or(e, get(f->id, "gCO2e/kWh"), place_->name + " (EIA 2016)");
        return;
      }
    const auto* p = c_.find_place(country());
    if (!p) p = place_;
    out_.use(catalog::use_carbon(*p));
    given_or(e, p->carbon_intensity.value().in(units::gCO2e_per_kWh), p->name);
  }

  void cloud_carbon_footprint() {
    Emulation e = start("Cloud Carbon Footprint", "b0032d92");
    if (!needs_hours(e)) return;
    const auto slash = o_.site.region.find('/');
    const std::string provider = slash == std::string::npos ? "aws" : o_.site.region.substr(0, slash);
    double low = 0, high = 0;
    std::vector<std::string> known;
    for (const auto& f : c_.factors()) {
      const std::string stem = "ccf." + (provider == "gcp" ? std::string("aws") : provider) + ".";
      if (!f.id.starts_with(stem) || !f.id.ends_with(".min")) continue;
      std::string name = f.id.substr(stem.size(), f.id.size() - stem.size() - 4);
      known.push_back(name);
      if (!o_.site.architecture.empty() && catalog::name_key(name) != catalog::name_key(o_.site.architecture)) continue;
      const double n = static_cast<double>(++matches_);
      low += (f.value - low) / n;
      high += (c_.factor(stem + name + ".max").value - high) / n;
      if (!o_.site.architecture.empty()) out_.use(f.use());
    }
    if (known.empty()) {
      e.why_not = fmt::format("knows no processors of '{}': aws, azure or gcp", provider);
      return push(std::move(e));
    }
    if (matches_ == 0) {
      e.why_not = unknown_name("architecture", o_.site.architecture, known).message();
      return push(std::move(e));
    }
    if (o_.site.architecture.empty())
      e.note = fmt::format("mean of {} architectures (--architecture names one); ", known.size());
    const double usage = o_.job.load ? *o_.job.load : get("ccf.usage");
    if (!o_.job.load) e.note += "no --load: its half use; ";
    e.cpu_watts = 2 * o_.job.cores * ccf_thread_watts(low, high, usage);
    e.memory_watts = o_.job.memory.in(units::GB)*get("ccf.memory", "W/GB");
    e.pue = get(find_factor(c_, "pue." + provider) ? "pue." + provider : "pue.default");
    e.embodied_grams = 1000 * ccf_server_kg(c_, o_.job.memory.in(units::GB), 0, o_.job.gpus) *
                       sci_embodied_share(hours_, get("ccf.life", "h"), o_.site.server_share);
    for (const char* id : {"ccf.embodied.server", "ccf.embodied.memory", "ccf.embodied.gpu"})
      out_.use(c_.factor(id).use());
    e.counts = "threads (two a core) between idle and busy power, memory, site, manufacture of the server";
    e.leaves_out = o_.job.gpus > 0 ? "use of the GPUs (its table of them is not at hand)" : "";
    e.note += "its own PUE of the provider is not at hand: the catalog's is taken; ";
    ccf_intensity(e, provider, slash);
    push(std::move(e));
  }

  void ccf_intensity(Emulation& e, const std::string& provider, std::size_t slash) {
    if (slash == std::string::npos)
      return catalog_intensity(e, "without --region the place's figure of the catalog is taken");
    std::string name = o_.site.region.substr(slash + 1);
    std::replace(name.begin(), name.end(), ' ', '_');
    const std::string stem = "ccf.grid." + provider + ".";
    if (find_factor(c_, stem + name)) return given_or(e, get(stem + name, "gCO2e/kWh"), o_.site.region);
    std::vector<std::string> known;
    for (const auto& f : c_.factors())
      if (f.id.starts_with(stem)) known.push_back(f.id.substr(stem.size()));
    e.why_not = unknown_name(provider + " region", name, known).message();
  }

  void mlco2() {
    Emulation e = start("ML CO2 Impact", "025b9884");
    if (!needs_hours(e)) return;
    e.counts = "GPUs at design power for the whole time";
    e.leaves_out = "processors, memory, the site, load, manufacture";
    if (o_.job.gpus <= 0) {
      e.why_not = "knows GPUs alone, and the job has none";
      return push(std::move(e));
    }
    const Factor* found = nullptr;
    std::vector<std::string> names;
    const std::string wanted = catalog::device_key(o_.job.gpu);
    for (const auto& f : c_.factors()) {
      if (!f.id.starts_with("mlco2.gpu.")) continue;
      names.push_back(f.id.substr(10));
      const std::string have = catalog::device_key(names.back());
      if (!wanted.empty() && (have == wanted || (!found && have.find(wanted) != std::string::npos))) found = &f;
    }
    if (!found) {
      e.why_not = unknown_name("GPU", o_.job.gpu.empty() ? "(none named)" : o_.job.gpu, names).message();
      return push(std::move(e));
    }
    e.gpu_watts = o_.job.gpus * get(found->id, "W");
    e.note = fmt::format("'{}'; ", found->id.substr(10));
    catalog_intensity(e, "its table of regions is not at hand: the place's figure of the catalog is taken");
    push(std::move(e));
  }

  void ecologits() {
    Emulation e = start("EcoLogits", "2d0a1c76");
    e.by_power = false;
    e.counts = "a request's tokens out: GPUs and server in batches of 64, site, manufacture";
    e.leaves_out = "tokens in, reasoning that is not returned, quantisation, idle machines, network";
    const auto& l = o_.llm;
    LlmRequest r;
    r.tokens = l.tokens;
    std::optional<Interval> active;
    if (l.tokens <= 0) e.why_not = "needs tokens and a model (--tokens, --model)";
    else if (l.active || l.parameters) {
      r.active = l.active.value_or(l.parameters.value_or(0));
      r.parameters = l.parameters.value_or(r.active);
      if (r.active > r.parameters)
        throw bad_input(fmt::format("{} billion active of {} billion parameters", r.active, r.parameters),
                        "--active-parameters");
    } else if (!l.model.empty()) {
      const auto& m = c_.model(l.model);
      out_.use(catalog::use(m));
      r.active = m.active_parameters / 1e9;
      r.parameters = m.parameters / 1e9;
      active = m.active_parameters_interval;
    } else {
      e.why_not = "needs the model's size (--model or --parameters)";
    }
    if (l.latency) r.seconds = l.latency->base();
    const std::string zone = zone_of_place();
    if (e.applies() && zone.empty() && !o_.site.intensity)
      e.why_not = fmt::format("its table of electricity has no {}", place_->name);
    if (!e.applies()) return push(std::move(e));
    double wue = 0;
    bool wue_known = false;
    if (!l.provider.empty()) {
      std::vector<std::string> known;
      for (const auto& f : c_.factors())
        if (f.id.starts_with("ecologits.provider.") && f.id.ends_with(".pue"))
          known.push_back(f.id.substr(19, f.id.size() - 23));
      if (std::find(known.begin(), known.end(), l.provider) == known.end())
        throw unknown_name("provider", l.provider, known);
      e.pue = get("ecologits.provider." + l.provider + ".pue");
      if (find_factor(c_, "ecologits.provider." + l.provider + ".wue")) {
        wue = get("ecologits.provider." + l.provider + ".wue", "L/kWh");
        wue_known = true;
      }
    } else {
      e.pue = 1;
      e.note = "no --provider: PUE 1; ";
    }
    for (const auto& f : c_.factors())
      if (f.id.starts_with("ecologits.") && !f.id.starts_with("ecologits.zone.") &&
          !f.id.starts_with("ecologits.provider."))
        out_.use(f.use());
    const LlmRequestImpacts i = ecologits_request(c_, r, e.pue);
    e.kwh = i.kwh;
    e.hours = i.seconds / 3600;
    e.embodied_grams = 1000 * i.embodied_kg;
    if (active) {
      LlmRequest low = r, high = r;
      low.active = active->low / 1e9, high.active = active->high / 1e9;
      e.kwh_interval = Interval{ecologits_request(c_, low, e.pue).kwh, ecologits_request(c_, high, e.pue).kwh};
    }
    given_or(e, zone.empty() ? 0 : get("ecologits.zone." + zone + ".gwp", "gCO2e/kWh"), zone);
    e.note += fmt::format("{:.0f} GPUs of 80 GB, {}", i.gpus, to_string(Duration(i.seconds), 3));
    if (!zone.empty() && wue_known) {
      const LlmWater w = ecologits_water(i, e.pue, wue, get("ecologits.zone." + zone + ".wue", "L/kWh"));
      e.note += fmt::format("; water {} by its documentation, {} by its code (PUE twice)",
                            to_string(Volume(w.documented), 3), to_string(Volume(w.coded), 3));
    }
    push(std::move(e));
  }

  // The table has countries by ISO-3, an alias of ours.
  std::string zone_of_place() const {
    if (place_->code == "WORLD") return "WOR";
    const auto* p = c_.find_place(country());
    if (!p) return {};
    for (const auto& alias : p->aliases)
      if (alias.size() == 3 && find_factor(c_, "ecologits.zone." + alias + ".gwp")) return alias;
    return {};
  }

  void sci() {
    Emulation e = start("SCI", "ISO/IEC 21031");
    if (!needs_hours(e)) return;
    const Emulation& energy = all_.front();
    e.counts = "energy with the site at the location's electricity, and manufacture by time and share, per unit";
    e.leaves_out = "certificates and offsets, by its own rule";
    if (!energy.applies()) {
      e.why_not = "needs an energy, and Green Algorithms gives none here";
      return push(std::move(e));
    }
    e.cpu_watts = energy.cpu_watts, e.gpu_watts = energy.gpu_watts, e.memory_watts = energy.memory_watts;
    e.pue = energy.pue;
    e.grams_per_kwh = energy.grams_per_kwh;
    e.intensity_of = energy.intensity_of;
    e.kwh_interval = energy.kwh_interval;
    e.embodied_grams = 1000 * ccf_server_kg(c_, o_.job.memory.in(units::GB), 0, o_.job.gpus) *
                       sci_embodied_share(hours_, get("ccf.life", "h"), o_.site.server_share);
    e.note =
        "it prescribes no energy model and no manufacture: energy of Green Algorithms v3.0, manufacture of Cloud "
        "Carbon "
        "Footprint";
    push(std::move(e));
  }

  const EmulateOptions& o_;
  const Catalog& c_;
  Result& out_;
  const catalog::Place* place_ = nullptr;
  double hours_ = 0;
  std::optional<double> chip_watts_, gpu_watts_;
  int matches_ = 0;
  std::vector<Emulation> all_;
};

}  // namespace

std::vector<Emulation> emulate_all(const EmulateOptions& o, const Catalog& c, Result& out) {
  return Tools(o, c, out).run();
}

std::vector<Cause> causes(const Emulation& a, const Emulation& b) {
  if (!a.by_power || !b.by_power || a.hours != b.hours)
    return {{"method", b.use_grams() - a.use_grams()}, {"manufacture", b.embodied_grams - a.embodied_grams}};
  const double site = a.hours / 1000 * a.pue * a.grams_per_kwh;
  const double watts = b.cpu_watts + b.gpu_watts + b.memory_watts;
  return {{"processors", site * (b.cpu_watts - a.cpu_watts)},
          {"GPUs", site * (b.gpu_watts - a.gpu_watts)},
          {"memory", site * (b.memory_watts - a.memory_watts)},
          {"site", a.hours / 1000 * watts * (b.pue - a.pue) * a.grams_per_kwh},
          {"electricity", b.kwh * (b.grams_per_kwh - a.grams_per_kwh)},
          {"manufacture", b.embodied_grams - a.embodied_grams}};
}

}  // namespace wattline::ledger
