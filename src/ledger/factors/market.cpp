#include "ledger/factors/market.h"

#include <cmath>
#include <set>

#include <fmt/format.h>

#include "catalog/intensity/intensity_store.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/account.h"

namespace wattline::ledger {
namespace {

CarbonIntensity intensity_of(const std::string& text) {
  double base = 0;
  try {
    base = parse_quantity(text, CarbonIntensity::dimension, "gCO2e/kWh");
  } catch (const Error& e) {
    try {
      // "12 g/kWh": of what is plain here, and grams are the base unit of both.
      base = parse_quantity(text, decltype(Mass{} / Energy{})::dimension);
    } catch (const Error&) {
      throw bad_input(e.message(), "market", "INTENSITY:PLACE, as in 12g/kWh:FR");
    }
  }
  if (!(base >= 0))
    throw bad_input(fmt::format("{} is less than nothing", text.substr(0, 60)), "market",
                    "a contract's intensity is 0 or more; what was compensated does not belong here");
  return CarbonIntensity(base);
}

}  // namespace

const Fields<MarketOptions>& market_fields() {
  static const auto fields = Fields<MarketOptions>().list(
      "market", &MarketOptions::market,
      "the intensity of your contract at a place, as in 12g/kWh:FR, or 12g/kWh for all: market-based carbon is told "
      "beside the location-based");
  return fields;
}

Contracts::Contracts(const MarketOptions& o, const catalog::Catalog& catalog, std::string place)
    : catalog_(catalog), place_(std::move(place)) {
  for (const auto& word : words_of(o.market)) {
    const auto colon = word.find(':');
    const CarbonIntensity value = intensity_of(word.substr(0, colon));
    const std::string name = colon == std::string::npos ? "" : word.substr(colon + 1);
    if (colon != std::string::npos && name.empty())
      throw bad_input(fmt::format("'{}' names no place", word), "market", "INTENSITY:PLACE, as in 12g/kWh:FR");
    std::string at;
    try {
      at = name.empty() ? "" : catalog::intensity_place(name, catalog);
    } catch (const Error& e) {
      throw e.at("market");
    }
    if (!by_place_.emplace(at, value).second)
      throw bad_input(fmt::format("two contracts for {}", at.empty() ? "all places" : at), "market",
                      "give the mean of them, weighed by energy");
  }
}

const CarbonIntensity* Contracts::find(const std::string& row_place) const {
  const std::string& name = row_place.empty() ? place_ : row_place;
  const auto held = [&](const std::string& key) {
    const auto it = by_place_.find(key);
    return it == by_place_.end() ? nullptr : &it->second;
  };
  if (!name.empty() && catalog_.find_place(name)) {
    if (const auto* own = held(catalog::intensity_place(name, catalog_))) return own;
    // A contract for a country holds for the cloud regions that lie in it.
    if (const auto* around = held(catalog_.place(name).code)) return around;
  }
  return held("");
}

void Contracts::tell(Result& out, Grids& grids, const EnergyBySite& sums) const {
  Table t("ledger.scope2.v1");
  t.title = "Scope 2 by place, location- and market-based";
  t.text("place").number("energy", "Wh", "with the site's overhead").number("location_intensity", "gCO2e/kWh");
  t.number("location", "gCO2e").number("market_intensity", "gCO2e/kWh").number("market", "gCO2e").text("instrument");
  Estimate<Carbon> all;
  std::string without;
  std::set<const CarbonIntensity*> used;
  bool first = true;
  for (auto it = sums.begin(); it != sums.end();) {
    const std::string place = it->first.place;
    EnergyBySite here;
    for (; it != sums.end() && it->first.place == place; ++it) here.insert(*it);
    const Impacts i = grids.of(here);
    const CarbonIntensity* contract = find(place);
    const std::string shown = place.empty() ? "(none)" : place;
    Estimate<Carbon> market = i.carbon;
    if (contract) {
      used.insert(contract);
      market = i.facility * Estimate<CarbonIntensity>::with_sd(*contract, CarbonIntensity(0), Method::declared,
                                                               "given with --market");
      out.use({"given.market." + shown, fmt::format("carbon intensity of the contract at {}, given", shown),
               to_string(*contract, 6), "given with --market", "", ""});
    } else {
      without += (without.empty() ? "" : ", ") + shown;
    }
    const double wh = i.facility.value().in(units::Wh), location = i.carbon.value().in(units::gCO2e),
                 bought = market.value().in(units::gCO2e);
    t.add_row({shown, wh, wh > 0 ? 1000 * location / wh : std::nan(""), location,
               wh > 0 ? 1000 * bought / wh : std::nan(""), bought,
               contract ? "contract" : "none: the location-based figure stands in"});
    all = std::exchange(first, false) ? market : all + market;
  }
  out.estimate("carbon_market", "Carbon, market-based", all, {},
               "scope 2 by contracts; the location-based figure stands beside it");
  out.add(std::move(t));
  if (!without.empty())
    out.warn(
        fmt::format("no contract is given for {}: the location-based figure stands in for the residual mix that the "
                    "GHG Protocol asks for, which is mostly higher",
                    without));
  for (const auto& [place, value] : by_place_)
    if (!used.contains(&value))
      out.warn(fmt::format("no row is of {}, for which a contract is given", place.empty() ? "another place" : place));
}

}  // namespace wattline::ledger
