// The [[meter.source]] tables of a configuration file: meters outside the machine (docs/formats/meter-sources.md).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/quantity.h"
#include "kernel/secret.h"
#include "meter/source.h"

namespace wattline::meter {

enum class MeterType { shelly, tasmota, json, redfish, upsc, ipmitool, powermetrics, ptdaemon };
std::string_view to_string(MeterType);

struct MeterConfig {
  std::string name;
  MeterType type = MeterType::json;
  std::string url;  // one of url and file
  std::filesystem::path file;
  Domain measures = Domain::platform;
  Duration interval{0}, timeout{5};
  std::string user;  // with the key: Basic; without: Bearer, for Redfish X-Auth-Token
  Secret key;
  std::string ca_file;
  std::string power, energy;  // paths of type json
  double power_scale = 1, energy_scale = 1;  // to W and J
  std::string where;  // file:line, for messages
};

// Looks up an environment variable; nothing where it is not set.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string&)>;
EnvironmentLookup environment();

// The meters of one file's text; none where it has no such tables. Error (bad_input) with file and line for what is not
// TOML, an unknown key or type, a value out of range, a key that would travel in the clear.
std::vector<MeterConfig> read_meters(std::string_view toml, const std::string& where, const EnvironmentLookup&);
// Of all files that exist, strongest first; a name that a stronger file has is passed over.
std::vector<MeterConfig> read_meters(const std::vector<std::filesystem::path>& files, const EnvironmentLookup&);

}  // namespace wattline::meter
