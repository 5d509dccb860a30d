#include "catalog/intensity/provider.h"

#include <algorithm>

#include <fmt/format.h>

#include "catalog/intensity/intensity_store.h"
#include "catalog/intensity/provider_families.h"
#include "kernel/error.h"

namespace wattline::catalog {

std::unique_ptr<IntensityProvider> make_provider(const ProviderConfig& config, std::function<bool()> cancelled) {
  return config.name == ProviderName::watttime ? make_watttime(config, std::move(cancelled))
                                               : make_electricity_maps(config, std::move(cancelled));
}

std::string zone_of(const ProviderConfig& config, std::string_view place, const Catalog& catalog, std::string* kept) {
  const std::string own = intensity_place(place, catalog), &around = catalog.place(place).code;
  std::string of_around;
  for (const auto& [ours, zone] : config.zones) {
    std::string known;
    try {
      known = intensity_place(ours, catalog);
    } catch (const Error& e) {
      throw e.at(fmt::format("[{}.zones]", to_string(config.name)));
    }
    if (known == own) {
      if (kept) *kept = own;
      return zone;
    }
    if (known == around) of_around = zone;
  }
  if (kept) *kept = around;
  if (!of_around.empty()) return of_around;
  // Electricity Maps names countries and the provinces of Canada and Australia as we do. States of the US lie in zones
  // of their grid's operators, and the world in none.
  const bool same = config.name == ProviderName::electricity_maps && around != "WORLD" && !around.starts_with("US-");
  if (same) return around;
  throw Error(ErrorKind::not_found, fmt::format("no zone of {} is known for {}", title_of(config.name), around),
              "place",
              fmt::format("write it into {}: under [{}.zones], {} = \"{}\"", default_providers_file().string(),
                          to_string(config.name), around,
                          config.name == ProviderName::watttime ? "CAISO_NORTH" : "US-CAL-CISO"));
}

void keep_within(IntensityFile& file, Time from, Time to) {
  std::erase_if(file.samples, [&](const IntensitySample& s) { return s.begin < from || s.begin >= to; });
}

void check_zone(const IntensityFile& file, const std::string& asked, const std::string& where) {
  if (!file.zone.empty() && file.zone != asked)
    throw world_error(fmt::format("{} was asked for and an answer for {} came", asked, file.zone.substr(0, 60)), where);
}

Error with_nearest(const Error& e, const std::string& zone, const std::vector<std::string>& known) {
  const auto near = nearest(zone, known);
  return Error(ErrorKind::not_found, e.message(), e.where(),
               near.empty() ? fmt::format("'{}' may be none of its zones", zone)
                            : fmt::format("the zone '{}' may be wrong; near it are {}", zone, fmt::join(near, ", ")));
}

}  // namespace wattline::catalog
