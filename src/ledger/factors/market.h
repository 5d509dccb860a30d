// Scope 2 in two ways (GHG Protocol Scope 2 Guidance, 2015): location-based with the grid's intensity, market-based
// with the factor of the contract where the user has one. Contracts never change the location-based figure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/options.h"
#include "kernel/result.h"
#include "ledger/impacts.h"

namespace wattline::ledger {

struct MarketOptions {
  std::vector<std::string> market;  // "12g/kWh:FR", or "12g/kWh" for all places
};
const Fields<MarketOptions>& market_fields();

// Contracts by place; bad_input for what is no intensity, not_found with suggestions for an unknown place.
class Contracts {
 public:
  Contracts(const MarketOptions&, const catalog::Catalog&, std::string place_of_rows_without);

  bool any() const { return !by_place_.empty(); }
  // Both figures, by place and in sum, and what stands in where there is no contract.
  void tell(Result&, Grids&, const EnergyBySite&) const;

 private:
  const CarbonIntensity* find(const std::string& row_place) const;

  const catalog::Catalog& catalog_;
  std::string place_;
  std::map<std::string, CarbonIntensity> by_place_;  // by code or region; "": all others
};

}  // namespace wattline::ledger
