#include "ledger/green_resolve.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::ledger {
namespace {

using catalog::GreenAlgorithms;

class Resolver {
 public:
  Resolver(const GreenAlgorithmsOptions& options, const GreenAlgorithms& data, const catalog::Catalog* names)
      : o_(options), data_(data), names_(names) {}

  GreenResolved run() {
    time();
    processors();
    site();
    scale();
    return std::move(out_);
  }

 private:
  void input(std::string name, double value, std::string unit, std::string source) {
    out_.inputs.push_back({std::move(name), value, std::move(unit), std::move(source)});
  }
  void warn(std::string text) { out_.warnings.push_back(std::move(text)); }

  void time() {
    out_.job.hours = o_.runtime.in(units::hour);
    input("runtime", out_.job.hours, "h", "given");
  }

  struct Chip {
    double watts = 0;
    std::string source, id;
  };
  Chip chip(bool gpu, std::string_view name, const std::optional<Power>& given) {
    if (given) return {given->in(units::W), "given", gpu ? "given.gpu_tdp" : "given.core_tdp"};
    const auto match = gpu ? data_.gpu(name) : data_.cpu(name);
    if (!match.said.empty()) warn(match.said);
    const FactorUse use = data_.use(*match.row);
    out_.factors.push_back(use);
    if (name.empty())
      warn(fmt::format("no {} named: the calculator's {} W {} ('Any') is taken", gpu ? "GPU" : "CPU",
                       format_number(match.row->watts), gpu ? "a device" : "a core"));
    return {match.row->watts, match.row->model + ", " + match.row->source, use.id};
  }

  Estimate<Power> processor_power(double watts, const Chip& chip) const {
    const auto& spread = data_.spread("processor_power_factor");
    return within_factor(Power(watts), spread.value, chip.id, "design power times usage");
  }

  void processors() {
    const auto& p = o_.processors;
    GreenJob& job = out_.job;
    job.cores = p.cores;
    job.gpus = p.gpus;
    job.core_usage = p.core_usage.value_or(1);
    job.gpu_usage = p.gpu_usage.value_or(1);
    job.memory_gb = p.memory.in(units::GB);
    input("cores", job.cores, "", "given");
    if (job.cores > 0) {
      const Chip c = chip(false, p.cpu, p.core_tdp);
      job.core_watts = c.watts;
      input("core power", job.core_watts, "W", c.source);
      input("core usage", job.core_usage, "", p.core_usage ? "given" : "not given: full use");
      out_.core_power = processor_power(job.cores * job.core_watts * job.core_usage, c);
    }
    input("gpus", job.gpus, "", "given");
    if (job.gpus > 0) {
      const Chip c = chip(true, p.gpu, p.gpu_tdp);
      job.gpu_watts = c.watts;
      input("gpu power", job.gpu_watts, "W", c.source);
      input("gpu usage", job.gpu_usage, "", p.gpu_usage ? "given" : "not given: full use");
      out_.gpu_power = processor_power(job.gpus * job.gpu_watts * job.gpu_usage, c);
    } else if (!p.gpu.empty()) {
      warn(fmt::format("GPU '{}' is named, but --gpus is 0", p.gpu));
    }
    const auto& memory = data_.reference("memory_power");
    job.memory_watts_per_gb = memory.value;
    out_.factors.push_back(data_.use(memory));
    input("memory", job.memory_gb, "GB", job.memory_gb > 0 ? "given" : "not given: its draw is left out");
    input("memory power", memory.value, "W/GB", memory.source);
    out_.memory_power = Estimate<Power>::relative(Power(job.memory_gb * job.memory_watts_per_gb),
                                                  data_.spread("memory_power_fraction").value, Method::modelled,
                                                  "power per reserved gigabyte")
                            .from_factor(data_.use(memory).id);
    if (job.memory_gb == 0) warn("no memory given: its draw is left out (--memory takes what was reserved)");
  }

  void set_pue(double value, double spread, const std::string& id, std::string source) {
    out_.job.pue = value;
    out_.pue = spread > 0 ? Estimate<Ratio>::relative(Ratio(value), spread, Method::declared, "PUE").from_factor(id)
                          : Estimate<Ratio>::exact(Ratio(value));
    input("pue", value, "", std::move(source));
  }

  void site() {
    const auto& s = o_.site;
    if (s.platform != Platform::cloud && !(s.provider.empty() && s.datacentre.empty()))
      throw bad_input("a provider or data centre is named, but the platform is no cloud", "--platform",
                      "add --platform cloud");
    const catalog::GreenDatacentre* centre = nullptr;
    std::string provider = s.provider, centre_name = s.datacentre;
    if (const auto slash = centre_name.find('/'); slash != std::string::npos && provider.empty()) {
      provider = centre_name.substr(0, slash);
      centre_name = centre_name.substr(slash + 1);
    }
    if (s.platform == Platform::cloud) {
      if (provider.empty())
        throw bad_input("a cloud needs its provider", "--provider", "gcp, aws or azure, for example");
      data_.pue(provider);  // an unknown provider is an error even where a data centre has its own PUE
      if (!centre_name.empty()) centre = &data_.datacentre(provider, centre_name);
    }
    if (centre) out_.factors.push_back(data_.use(*centre));

    if (s.pue) {
      set_pue(*s.pue, 0, "", "given");
    } else if (s.platform == Platform::personal) {
      set_pue(1, 0, "", "personal computer: no cooling of its own");
    } else if (centre && centre->pue) {
      set_pue(*centre->pue, data_.spread("pue_provider_fraction").value, data_.use(*centre).id, centre->source);
    } else {
      const auto& row = data_.pue(s.platform == Platform::cloud ? provider : "Unknown");
      const bool cloud = s.platform == Platform::cloud;
      out_.factors.push_back(data_.use(row));
      set_pue(row.value, data_.spread(cloud ? "pue_provider_fraction" : "pue_default_fraction").value,
              data_.use(row).id, (cloud ? provider + ", " : "any site, ") + row.source);
      if (!cloud) warn(fmt::format("no PUE given: the default of {} is taken", format_number(row.value)));
    }
    intensity(centre);
  }

  void intensity(const catalog::GreenDatacentre* centre) {
    const auto& s = o_.site;
    const auto set = [&](double grams, Estimate<CarbonIntensity> e, std::string source) {
      out_.job.grams_per_kwh = grams;
      out_.intensity = std::move(e);
      input("carbon intensity", grams, "gCO2e/kWh", std::move(source));
    };
    if (s.intensity) {
      out_.place = "given";
      return set(s.intensity->in(units::gCO2e_per_kWh), Estimate<CarbonIntensity>::exact(*s.intensity), "given");
    }
    std::string wanted = s.place;
    if (centre && !centre->place.empty()) {
      if (!s.place.empty() && s.place != centre->place)
        warn(fmt::format("the data centre lies in {}: place '{}' is not used", centre->place, s.place));
      wanted = centre->place;
    } else if (centre && s.place.empty()) {
      throw bad_input(fmt::format("Green Algorithms {} has no carbon intensity for {} {} ({})", data_.version(),
                                  centre->provider, centre->name, centre->city),
                      "--datacentre", "give --place or --intensity");
    }
    const auto match = find_green_place(wanted, data_, names_);
    if (!match.said.empty()) warn(match.said);
    const auto& row = *match.row;
    out_.place = row.code;
    const FactorUse use = data_.use(row);
    out_.factors.push_back(use);
    const auto value = row.grams_per_kwh * units::gCO2e_per_kWh;
    if (row.code == "WORLD") {
      if (wanted.empty()) warn("no place given: the world average is taken");
      set(row.grams_per_kwh,
          within_factor(value, data_.spread("intensity_world_factor").value, use.id, "world average intensity"),
          "World, " + row.source);
    } else {
      set(row.grams_per_kwh,
          Estimate<CarbonIntensity>::relative(value, data_.spread("intensity_place_fraction").value, Method::declared,
                                              "yearly average intensity")
              .from_factor(use.id),
          row.name() + ", " + row.source);
    }
  }

  void scale() {
    const auto& s = o_.scale;
    double by = s.psf;
    if (s.mode != GreenMode::training && (s.experiments > 0 || s.retrainings > 0 || s.retraining_size > 0))
      throw bad_input("experiments and retrainings belong to a training", "--mode", "add --mode training");
    if (s.mode == GreenMode::training) {
      if ((s.retrainings > 0) != (s.retraining_size > 0))
        throw bad_input("retrainings need their number and their size", "--retrainings",
                        "--retraining-size is the share of the main run that one takes");
      by *= training_multiplier(s.experiments, s.retrainings, s.retraining_size);
    }
    if (s.mode == GreenMode::inference) {
      if (s.psf != 1) warn("the scaling factor (--psf) is not applied to continuous inference");
      by = inference_multiplier(s.periods, s.period, s.months);
      input("reported months", s.months, "", "given");
    } else {
      input("scaling factor (PSF)", s.psf, "", "given");
    }
    out_.job.multiplier = by;
    if (by != s.psf) input("times the run", by, "", "mode");
  }

  const GreenAlgorithmsOptions& o_;
  const GreenAlgorithms& data_;
  const catalog::Catalog* names_;
  GreenResolved out_;
};

}  // namespace

catalog::GreenMatch<catalog::GreenPlace> find_green_place(std::string_view name, const GreenAlgorithms& data,
                                                          const catalog::Catalog* names) {
  if (const auto slash = name.find('/'); slash != std::string_view::npos && !data.datacentres().empty()) {
    const auto* region = names ? names->find_region(name) : nullptr;
    std::string place;
    try {
      place = data.datacentre(name.substr(0, slash), name.substr(slash + 1)).place;
    } catch (const Error&) {
      if (!region) throw;
    }
    // Not all data centres of the calculator have a place.
    if (place.empty() && region) place = region->place;
    if (place.empty())
      throw Error(ErrorKind::not_found, fmt::format("no place is known for '{}'", name), "--place",
                  "name the country or state it is in");
    auto match = find_green_place(place, data, names);
    match.said = fmt::format("{} lies in {}", name, place);
    return match;
  }
  try {
    return data.place(name);
  } catch (const Error&) {
    const catalog::Place* known = names ? names->find_place(name) : nullptr;
    if (!known) throw;
    // The place exists; whether this version has a row for it is another question.
    try {
      return {data.place(known->code).row, fmt::format("place '{}' taken for {} ({})", name, known->code, known->name)};
    } catch (const Error&) {
      throw Error(ErrorKind::not_found,
                  fmt::format("{} ({}) is not among the places of Green Algorithms {}", known->name, known->code,
                              data.version()),
                  "--place",
                  fmt::format("--intensity {} takes the catalog's own figure; --place WORLD the world average",
                              format_number(known->carbon_intensity.value().in(units::gCO2e_per_kWh))));
    }
  }
}

Estimate<Energy> GreenResolved::energy() const {
  return (core_power + gpu_power + memory_power) * pue * Estimate<Duration>::exact(job.hours * units::hour) *
         job.multiplier;
}

GreenResolved resolve_green(const GreenAlgorithmsOptions& options, const GreenAlgorithms& data,
                            const catalog::Catalog* names) {
  return Resolver(options, data, names).run();
}

}  // namespace wattline::ledger
