// Which providers of carbon intensities may be asked over HTTP, where, as whom, and for which of their zones:
// intensity.toml (docs/formats/intensity.md). Without that file the providers stand at their public addresses, with keys
// from the environment. Keys come from variables or from files that their owner alone may read; they are in no option,
// message or result.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "kernel/context.h"
#include "kernel/quantity.h"
#include "kernel/secret.h"

namespace wattline::catalog {

enum class ProviderName { electricity_maps, watttime };
inline constexpr ProviderName all_providers[] = {ProviderName::electricity_maps, ProviderName::watttime};
std::string_view to_string(ProviderName);  // "electricity-maps", "watttime": its table in the file
std::string_view title_of(ProviderName);  // "Electricity Maps"

struct ProviderConfig {
  ProviderName name = ProviderName::electricity_maps;
  std::string url;  // base address, without a slash at its end
  std::string user, user_env;  // of WattTime's log-in
  std::string key_env, key_file;  // where the key or password is
  std::string emissions = "lifecycle";  // of Electricity Maps: lifecycle or direct
  std::map<std::string, std::string> zones;  // our place (code, or cloud region) -> the provider's zone
  std::string licence;  // under what terms the figures may be used
  std::string proxy, ca_file;
  Duration deadline{20};  // for one question, with log-in, waits and repeats
  Duration fresh_for{300};  // how long "now" is not asked again
  int retries = 2;  // of what failed and may do better
  bool insecure = false;  // the key may go over plain HTTP to another machine

  // Errors say what to set; they hold no part of a key.
  Secret key() const;
  std::string user_name() const;
};

class IntensityProviders {
 public:
  IntensityProviders();  // public addresses, keys from the environment
  // Error with file:line and what is allowed.
  static IntensityProviders parse(std::string_view toml, std::string_view where);
  // The file's, or the standard when there is none. Error when `required` and there is none.
  static IntensityProviders load(const std::filesystem::path& file, bool required);

  const ProviderConfig& of(ProviderName) const;

 private:
  std::map<ProviderName, ProviderConfig> by_name_;
};

// $WATTLINE_INTENSITY_PROVIDERS, else intensity.toml in $XDG_CONFIG_HOME/wattline or ~/.config/wattline.
std::filesystem::path default_providers_file();

// Shared part for capabilities: that there is one allows them to ask over the network. `file` empty: the default.
struct ProvidersLocation {
  std::string file;
};
// Error(unsupported) where asking is not allowed: whoever may send a request to a server must not make it ask others
// with the key of its owner.
IntensityProviders intensity_providers(const Context&);

}  // namespace wattline::catalog
