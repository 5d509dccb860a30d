// What is known: devices, language models, places and impact factors, as dated rows with source,
// unit, licence and validity. The rows are CSV files in src/catalog/data, embedded in the binary and
// overridable row by row with `--catalog DIR`: a row whose name is known changes the cells it gives, a
// new name adds a row, "-" empties a cell; every such row says its own source and year. The columns:
// docs/formats/catalog.md.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/estimate.h"
#include "kernel/quantity.h"
#include "kernel/result.h"

namespace wattline::catalog {

// Where a row comes from.
struct Origin {
  std::string source;  // title and link
  std::string licence;
  int year = 0;  // the year the figure is of
  std::string valid_from, valid_to;  // ISO dates; empty: open
};

enum class DeviceKind { gpu, cpu, soc, accelerator };

struct Device {
  std::string name;  // "NVIDIA H100 SXM"
  std::vector<std::string> aliases;
  DeviceKind kind = DeviceKind::gpu;
  Power board_power{0};  // TDP or board power limit; 0: not published
  std::optional<Power> idle_power;  // measured or published; absent: unknown
  std::optional<Bytes> memory;
  std::optional<Bandwidth> bandwidth;
  std::optional<Bandwidth> link;  // to its neighbours, one direction (NVLink, PCIe)
  std::map<std::string, ComputeRate> peak;  // dense, by number format: "fp32", "bf16", "fp8", "int8"
  int cores = 0;  // CPU cores, 0 otherwise
  Origin origin;
  std::string note;
};

struct Model {
  std::string name;  // "llama-3.1-8b"
  std::vector<std::string> aliases;
  double parameters = 0, active_parameters = 0;  // counts; equal unless a mixture of experts
  // Parameters known only as a range (closed models): 95 %.
  std::optional<Interval> parameters_interval, active_parameters_interval;
  // The shape; 0 where it is not published (then roofline uses the parameter count alone).
  int layers = 0, hidden = 0, heads = 0, kv_heads = 0, head_size = 0, feed_forward = 0, vocabulary = 0;
  int context = 0;
  int experts = 0, experts_per_token = 0;
  // Elements of KV cache per token when they are not 2*layers*kv_heads*head_size (latent attention).
  std::optional<double> kv_elements_per_token;
  std::optional<bool> tied_embeddings;  // one matrix for input and output; absent: unknown
  // So many of the layers look back only so many tokens (sliding window); 0: all see everything.
  int window_layers = 0, window = 0;
  Origin origin;
  std::string note;
};

struct Place {
  std::string code;  // "FR", "US-CA", "WORLD"
  std::string name;
  std::vector<std::string> aliases;  // ISO-3, other spellings
  Estimate<CarbonIntensity> carbon_intensity;  // location-based yearly average, life cycle where stated
  std::optional<Estimate<WaterIntensity>> water_intensity;  // off-site, of generation
  // The 95 % intervals as the row states them, base units; absent: not stated, taken as exact. The
  // estimates are log-normal of the wider side.
  std::optional<Interval> carbon_interval, water_interval;
  Origin origin, water_origin;
  std::string note;
};

// A cloud region or data centre: where it is and its own PUE.
struct Region {
  std::string provider, name;  // "gcp", "europe-west9"
  std::string place;  // code
  std::optional<double> pue;
  std::optional<Estimate<CarbonIntensity>> carbon_intensity;  // the provider's own figure
  std::optional<Interval> carbon_interval;  // as stated, base units
  Origin origin;
  std::string city, note;
};

// Any other number: PUE defaults, WUE defaults, memory power, equivalences.
struct Factor {
  std::string id;  // "pue.default", "ga.v3.tree_year"
  std::string description;
  double value = 0;
  Interval interval;  // 95 %; equal to the value when exact or unknown
  std::string unit;
  std::string group;
  Method method = Method::declared;  // of our own judgement: modelled
  Origin origin;
  std::string note;

  FactorUse use() const;
  RawEstimate estimate() const;  // base units, attributed to the factor's id
};

class Loader;

// A table is read when something of it is first asked for, by any thread; with rows put over it all are read at once,
// so that their faults show before anything is done.
class Catalog {
 public:
  Catalog() = default;
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;
  // The embedded rows, with those of `overrides` (same file names) put over or added to them.
  static std::shared_ptr<Catalog> load(const std::filesystem::path& overrides = {});

  // By name or alias, case and punctuation ignored. Unknown: Error with the nearest names.
  const Device& device(std::string_view name) const;
  const Model& model(std::string_view name) const;
  const Place& place(std::string_view code_name_or_region) const;  // "" is the world row
  const Region& region(std::string_view provider_slash_name) const;
  const Factor& factor(std::string_view id) const;

  const Device* find_device(std::string_view) const;
  const Model* find_model(std::string_view) const;
  const Place* find_place(std::string_view) const;  // also by region, "gcp/europe-west9"
  const Region* find_region(std::string_view) const;

  const std::vector<Device>& devices() const;
  const std::vector<Model>& models() const;
  const std::vector<Place>& places() const;
  const std::vector<Region>& regions() const;
  const std::vector<Factor>& factors() const;  // by id
  // The text of a data file that other rooms read themselves ("green_algorithms_places.csv"): the one
  // of the override folder, else the embedded one. Error not_found.
  std::string_view file(std::string_view name) const;
  // Digest of all rows, stored with ledger rows: "2026-11-24-3f9a1c"; with overrides
  // "2026-11-24-3f9a1c+7b20d4".
  const std::string& version() const;

 private:
  std::vector<Device> devices_;
  std::vector<Model> models_;
  std::vector<Place> places_;
  std::vector<Region> regions_;
  std::vector<Factor> factors_;
  std::map<std::string, std::size_t> device_index_, model_index_, place_index_, region_index_;
  std::map<std::string, std::string, std::less<>> override_files_;  // name, content
  std::string version_;
  std::shared_ptr<Loader> loader_;  // fills the above

  friend class Loader;
};

// What the index is searched by: letters and digits in lower case; for devices also without what
// makers and drivers add ("(R)", "CPU", "Processor", "@ 2.60GHz").
std::string name_key(std::string_view name);
std::string device_key(std::string_view name);

FactorUse use(const Device&);
FactorUse use(const Model&);
FactorUse use_carbon(const Place&);
FactorUse use_water(const Place&);
FactorUse use_carbon(const Region&);

}  // namespace wattline::catalog
