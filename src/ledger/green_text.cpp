#include "ledger/green_text.h"

#include <fmt/format.h>

namespace wattline::ledger {
namespace {

// Two decimals; scientific outside low..1000.
std::string plain_or_scientific(double value, double low) {
  if (value != 0 && (value >= 1e3 || value < low)) return fmt::format("{:.2e}", value);
  return fmt::format("{:.2f}", value);
}

std::string with_unit(double value, std::string_view unit, double low) {
  return fmt::format("{} {}", plain_or_scientific(value, low), unit);
}

// As the calculator writes a share of a trip: counts, per cent, or tiny per cent.
std::string share_text(double share) {
  if (share == 0) return "0";
  if (share > 1e6) return fmt::format("{:.0e}", share);
  if (share >= 1) {
    std::string text = fmt::format("{:.1f}", share);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 5; at > 0; at -= 3)
      text.insert(static_cast<std::size_t>(at), 1, ',');
    return text;
  }
  if (share >= 0.01) return fmt::format("{:.0f}%", share * 100);
  if (share >= 1e-4) return fmt::format("{:.2f}%", share * 100);
  return fmt::format("{:.0e} %", share * 100);
}

}  // namespace

std::string energy_text(double kwh) {
  if (kwh >= 1e3) return with_unit(kwh / 1e3, "MWh", 1);
  if (kwh < 1) return with_unit(kwh * 1e3, "Wh", 1);
  return with_unit(kwh, "kWh", 1);
}

std::string carbon_text(double grams) {
  if (grams >= 1e6) return with_unit(grams / 1e6, "tCO2e", 1);
  if (grams >= 1e3) return with_unit(grams / 1e3, "kgCO2e", 1);
  if (grams < 1) return with_unit(grams * 1e3, "mgCO2e", 1);
  return with_unit(grams, "gCO2e", 1);
}

std::vector<Equivalence> equivalences(double grams, const catalog::GreenAlgorithms& data) {
  std::vector<Equivalence> out;
  const double tree_months = grams / data.reference("tree_year").value * 12;
  out.push_back({"tree", tree_months, "tree-month",
                 tree_months >= 24 ? with_unit(tree_months / 12, "tree-years", 0.1)
                                   : with_unit(tree_months, "tree-months", 0.1)});
  const auto per = [&](const char* name, const char* reference, const char* unit, const char* what) {
    const double value = grams / data.reference(reference).value;
    out.push_back({name, value, unit, with_unit(value, what, 0.1)});
  };
  per("car_eu", "car_eu_km", "km", "km in a European passenger car");
  per("car_us", "car_us_km", "km", "km in a US passenger car");
  per("train", "train_km", "km", "km by train");
  per("flight_km", "flight_economy_km", "km", "km in economy class");

  const double san_francisco = data.reference("flight_nyc_san_francisco").value;
  const double melbourne = data.reference("flight_nyc_melbourne").value;
  double flight = melbourne;
  const char* route = "NYC-Melbourne";
  if (grams < 0.5 * san_francisco) {
    flight = data.reference("flight_paris_dublin").value;
    route = "Paris-Dublin";
  } else if (grams < 0.5 * melbourne) {
    flight = san_francisco;
    route = "NYC-San Francisco";
  }
  const double share = grams / flight;
  out.push_back(
      {"flight", share, "flight",
       fmt::format("{} {} {}", share_text(share), share >= 1 || share == 0 ? "flights" : "of a flight", route)});
  per("streaming", "streaming_hour", "h", "h of video streaming");
  per("search", "web_search", "", "web searches");
  return out;
}

}  // namespace wattline::ledger
