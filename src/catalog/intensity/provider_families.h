// The members of the family of providers, and what they share.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "catalog/intensity/provider.h"
#include "kernel/error.h"

namespace wattline::catalog {

std::unique_ptr<IntensityProvider> make_electricity_maps(const ProviderConfig&, std::function<bool()> cancelled);
std::unique_ptr<IntensityProvider> make_watttime(const ProviderConfig&, std::function<bool()> cancelled);

// Readers of their answers; Error for what is none.
std::vector<std::string> names_of_zones(std::string_view electricity_maps_zones);
std::vector<std::string> names_of_regions(std::string_view watttime_my_access);
std::string token_of(std::string_view watttime_login);

// What a reader refuses in an answer is a fault of the world, not of the user.
template <class Read>
IntensityFile answer_of(std::string_view, const std::string& where, Read&& read) {
  try {
    return read(where);
  } catch (const Error& e) {
    throw world_error(fmt::format("the answer cannot be used: {}", e.message()), e.where(),
                      "the provider may have changed its answers; `catalog intensity-import` reads a file");
  }
}
void keep_within(IntensityFile&, Time from, Time to);
// Another zone than the one that was asked for is never taken for it.
void check_zone(const IntensityFile&, const std::string& asked, const std::string& where);
// The refusal of a zone with the nearest of those that there are.
Error with_nearest(const Error&, const std::string& zone, const std::vector<std::string>& known);

}  // namespace wattline::catalog
