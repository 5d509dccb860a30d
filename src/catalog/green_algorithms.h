// The versioned tables of the Green Algorithms calculator (L. Lannelongue, J. Grealey, M. Inouye,
// Advanced Science 8 (2021) 2100707; data CC BY 4.0) in our own layout: data/green_algorithms_*.csv.
// A result made with one version is never mixed with one of another.
//
// Units: W per core (processors) or per device (GPUs), gCO2e/kWh, W/GB, gCO2e per equivalent.
// Errors: not_found for names that are not there, with the nearest; bad_input for ambiguous ones.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/result.h"

namespace wattline::catalog {

struct GreenProcessor {
  std::string model;
  bool gpu = false;
  double watts = 0;  // per core (CPU) or device (GPU), as the calculator's table rounds it
  std::string source;
};
struct GreenPlace {
  std::string code, continent, country, region;
  double grams_per_kwh = 0;
  std::string source;
  std::string name() const;  // "France", "Canada, Quebec", "World"
};
struct GreenDatacentre {
  std::string provider, name, place, city;
  std::optional<double> pue;  // absent: the provider's default
  std::string source;
};
struct GreenValue {
  std::string group, name;  // "reference", "pue", "spread"
  double value = 0;
  std::string unit, source;
};

// A row and how it was found: `said` is empty for an exact name, else what was taken for what.
template <class T>
struct GreenMatch {
  const T* row = nullptr;
  std::string said;
};

class GreenAlgorithms {
 public:
  static std::vector<std::string> versions();  // "v1.0", "v3.0"
  // The embedded tables, or those of the folder `overrides` where it has a file of the same name.
  static std::shared_ptr<const GreenAlgorithms> load(std::string_view version,
                                                     const std::filesystem::path& overrides = {});

  const std::string& version() const { return version_; }

  // "Intel(R) Xeon(R) CPU E5-2683 v4 @ 2.10GHz" finds "Xeon E5-2683 v4"; "" is "Any".
  GreenMatch<GreenProcessor> cpu(std::string_view name) const { return processor(name, false); }
  GreenMatch<GreenProcessor> gpu(std::string_view name) const { return processor(name, true); }
  // By code, country, region; "" is WORLD.
  GreenMatch<GreenPlace> place(std::string_view name) const;
  const GreenDatacentre& datacentre(std::string_view provider, std::string_view name) const;
  // The default of a provider; "Unknown" for any other site.
  const GreenValue& pue(std::string_view provider) const;
  const GreenValue& reference(std::string_view name) const { return value("reference", name); }
  // Wattline's own spreads, the same for all versions.
  const GreenValue& spread(std::string_view name) const { return value("spread", name); }

  const std::vector<GreenProcessor>& processors() const { return processors_; }
  const std::vector<GreenPlace>& places() const { return places_; }
  const std::vector<GreenDatacentre>& datacentres() const { return datacentres_; }

  // "green_algorithms.v3.0.place.FR" and so on, with source and licence.
  FactorUse use(const GreenProcessor&) const;
  FactorUse use(const GreenPlace&) const;
  FactorUse use(const GreenDatacentre&) const;
  FactorUse use(const GreenValue&) const;

 private:
  GreenAlgorithms() = default;
  GreenMatch<GreenProcessor> processor(std::string_view name, bool gpu) const;
  const GreenValue& value(std::string_view group, std::string_view name) const;
  FactorUse factor(std::string id, std::string description, std::string value, std::string source) const;

  std::string version_, year_, origin_, licence_, own_licence_;
  std::vector<GreenProcessor> processors_;
  std::vector<GreenPlace> places_;
  std::vector<GreenDatacentre> datacentres_;
  std::vector<GreenValue> values_;
};

}  // namespace wattline::catalog
