// [grid]: what routers know of the electricity of this moment.
#pragma once

#include <limits>
#include <string>

namespace wattline::serve {

struct GridConfig {
  // Where carbon intensities of the moment come from. Without one the places' yearly averages stand.
  enum class Live { none, series, electricity_maps, watttime };
  Live live = Live::none;
  std::string series;  // folder of series; "" is the usual one
  std::string providers;  // file; "" is the usual one
  double usd_per_kwh = std::numeric_limits<double>::quiet_NaN();
  std::string prices;  // CSV of time and usd_per_kwh, each valid until the next
};

}  // namespace wattline::serve
