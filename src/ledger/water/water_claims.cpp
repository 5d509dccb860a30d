// Figures of paper 7 (arXiv 2412.03716) recomputed from catalog rows.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>

#include "catalog/water.h"
#include "kernel/units.h"
#include "ledger/water/water.h"
#include "physics/wet_bulb.h"

namespace wattline::ledger {
namespace {

using catalog::WaterTables;
using physics::Cooling;

const catalog::Catalog& catalog_of(Context& context) { return context.get<catalog::Catalog>(); }

ClaimVerdict holds_if(bool yes) { return yes ? ClaimVerdict::holds : ClaimVerdict::differs; }

// As many decimals as the claim prints.
std::string printed_like(double value, const std::string& claimed) {
  const auto point = claimed.find('.');
  return fmt::format("{:.{}f}", value, point == std::string::npos ? 0 : claimed.size() - point - 1);
}

Claim hourly_rows() {
  return {7,
          "the four published hours: wet bulb and both towers to all printed digits (Yaounde 67.03 °F, 1.666913, "
          "1.344436 L/kWh)",
          "both curves at the printed wet bulb; the wet bulb itself from temperature and humidity (Stull with 0.152)",
          [](Context& context) {
            const auto& catalog = catalog_of(context);
            const auto tables = WaterTables::load(catalog);
            const physics::CoolingWater cooling(catalog);
            bool same = !tables->samples().empty();
            double worst = 0;
            std::string first;
            for (const auto& s : tables->samples()) {
              const double printed = std::stod(s.wet_bulb_fahrenheit);
              const double fa = cooling.curve(Cooling::fixed_approach).at(printed).litres_per_kwh;
              const double cw = cooling.curve(Cooling::fixed_cold_water).at(printed).litres_per_kwh;
              same = same && printed_like(fa, s.fixed_approach) == s.fixed_approach &&
                     printed_like(cw, s.fixed_cold_water) == s.fixed_cold_water;
              worst = std::max(
                  worst,
                  std::abs(physics::to_fahrenheit(physics::wet_bulb_stull(s.celsius, s.humidity).celsius) - printed));
              if (first.empty())
                first = fmt::format("{} {} {}", s.city, printed_like(fa, s.fixed_approach),
                                    printed_like(cw, s.fixed_cold_water));
            }
            return ClaimCheck{
                holds_if(same && worst < 1e-4),
                fmt::format("{} of {} hours; {}", same ? "all" : "not all", tables->samples().size(), first),
                fmt::format("wet bulbs within {:.0e} °F", worst)};
          }};
}

Claim extremes() {
  return {7, "least of the fixed cold water tower 1.1732 L/kWh; most of the fixed approach tower 1.71",
          "the extremes of the curves over 23 to 90 °F", [](Context& context) {
            const physics::CoolingWater cooling(catalog_of(context));
            double least = 1e9, most = 0;
            for (int i = 2300; i <= 9000; ++i) {
              least = std::min(least, cooling.curve(Cooling::fixed_cold_water).at(i / 100.0).litres_per_kwh);
              most = std::max(most, cooling.curve(Cooling::fixed_approach).at(i / 100.0).litres_per_kwh);
            }
            const std::string ours = fmt::format("{:.4f}, {:.2f} L/kWh", least, most);
            return ClaimCheck{holds_if(ours == "1.1732, 1.71 L/kWh"), ours, ""};
          }};
}

Claim monthly_means() {
  return {7, "a month's water from its mean wet bulb: within 1.3 % (fixed approach) and 4.4 % (fixed cold water)",
          "the curves at the mean wet bulb of each country's month, beside the mean of its hours",
          [](Context& context) {
            const auto& catalog = catalog_of(context);
            const auto tables = WaterTables::load(catalog);
            const physics::CoolingWater cooling(catalog);
            double approach = 0, cold = 0;
            for (const auto& c : tables->countries())
              for (const auto& m : c.months) {
                const auto off = [&](Cooling which, double mean) {
                  return std::abs(cooling.curve(which).at(m.wet_bulb_fahrenheit).litres_per_kwh / mean - 1);
                };
                approach = std::max(approach, off(Cooling::fixed_approach, m.fixed_approach));
                cold = std::max(cold, off(Cooling::fixed_cold_water, m.fixed_cold_water));
              }
            return ClaimCheck{
                holds_if(approach <= 0.013 && cold <= 0.044),
                fmt::format("at most {:.1f} % and {:.1f} %", 100 * approach, 100 * cold),
                fmt::format("{} months of {} countries", 12 * tables->countries().size(), tables->countries().size())};
          }};
}

// Months of data behind a country's row, from "2022-08" to "2023-08".
double months_of_data(const catalog::WaterCountry& c) {
  const auto month = [](const std::string& text) {
    int year = 0, of_year = 0;
    return std::sscanf(text.c_str(), "%4d-%2d", &year, &of_year) == 2 ? 12 * year + of_year : 0;
  };
  return std::max(1, month(c.to) - month(c.from) + 1);
}

// As the dataset's means are over hours, a country counts by its months.
struct Means {
  double approach = 0, cold = 0, off_site = 0, weight = 0;
  std::size_t countries = 0;
};
Means means_of(const WaterTables& tables, const std::string& climate) {
  Means out;
  for (const auto& c : tables.countries()) {
    if (!climate.empty() &&
        !std::equal(climate.begin(), climate.end(), c.climate.begin(), c.climate.end(),
                    [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); }))
      continue;
    const double n = months_of_data(c);
    for (const auto& m : c.months) {
      out.approach += n * m.fixed_approach / 12;
      out.cold += n * m.fixed_cold_water / 12;
    }
    out.off_site += n * c.off_site;
    out.weight += n;
    ++out.countries;
  }
  const double n = std::max(out.weight, 1.0);
  out.approach /= n;
  out.cold /= n;
  out.off_site /= n;
  return out;
}

// The paper's row of a climate beside the mean of our countries of it.
Claim climate_row(const std::string& climate, const std::string& claimed) {
  return {7, claimed, "the mean over the countries of that climate that are here (28 of 41); holds within 3 %",
          [climate](Context& context) {
            const auto& catalog = catalog_of(context);
            const Means ours = means_of(*WaterTables::load(catalog), climate);
            const auto theirs = [&](const char* what) {
              return catalog.factor(fmt::format("water.climate.{}.{}", climate, what)).value;
            };
            if (!ours.countries)
              return ClaimCheck{ClaimVerdict::not_reproducible, "",
                                "no country of this climate is in the public collection that we have"};
            const double worst = std::max({std::abs(ours.approach / theirs("fixed_approach") - 1),
                                           std::abs(ours.cold / theirs("fixed_cold_water") - 1),
                                           std::abs(ours.off_site / theirs("off_site") - 1)});
            return ClaimCheck{holds_if(worst < 0.03),
                              fmt::format("{:.3f}, {:.3f}, {:.3f} L/kWh", ours.approach, ours.cold, ours.off_site),
                              fmt::format("countries: {}; at most {:.1f} % apart", ours.countries, 100 * worst)};
          }};
}

Claim tower_means() {
  return {7, "means of the dataset: fixed approach 1.6258, fixed cold water 1.3324 L/kWh",
          "the mean over the 28 countries that are here, by their months of data; holds within 1 %",
          [](Context& context) {
            const Means m = means_of(*WaterTables::load(catalog_of(context)), "");
            const double a = m.approach / 1.6258 - 1, c = m.cold / 1.3324 - 1;
            return ClaimCheck{holds_if(std::abs(a) < 0.01 && std::abs(c) < 0.01),
                              fmt::format("{:.4f}, {:.4f} L/kWh", m.approach, m.cold),
                              fmt::format("{:+.1f} % and {:+.1f} %: 28 of 41 countries", 100 * a, 100 * c)};
          }};
}

Claim off_site_mean() {
  return {
      7, "mean of the dataset: water for the electricity 3.268 L/kWh",
      "the mean over the 28 countries that are here, by their months of data; holds within 1 %", [](Context& context) {
        const Means m = means_of(*WaterTables::load(catalog_of(context)), "");
        const double apart = m.off_site / 3.268 - 1;
        return ClaimCheck{
            std::abs(apart) < 0.01 ? ClaimVerdict::holds : ClaimVerdict::not_reproducible,
            fmt::format("{:.3f} L/kWh", m.off_site),
            fmt::format("{:+.1f} %: 13 of the 41 countries, with other electricity, have no data here", 100 * apart)};
      }};
}

// What can be said of the litres without the energy: the ratio of two models is that of their energies.
Claim model_litres() {
  return {7, "a 10-page report costs 0.66-0.7 L with Llama-3-70B and 59-60 L with GPT-4; an e-mail 0.13 L and 2.9-3 L",
          "", [](Context&) {
            return ClaimCheck{ClaimVerdict::not_reproducible, "",
                              "the energy per report and per e-mail behind these was not found; `ledger water "
                              "--report-energy` gives the litres of an energy that you state"};
          }};
}

}  // namespace

std::vector<Claim> water_claims() {
  return {hourly_rows(),
          extremes(),
          monthly_means(),
          climate_row("desert", "desert: 1.659, 1.395, 3.297 L/kWh (fixed approach, fixed cold water, electricity)"),
          climate_row("mediterranean", "Mediterranean: 1.567, 1.242, 1.632 L/kWh"),
          climate_row("rainforest", "rainforest: 1.692, 1.479, 3.301 L/kWh"),
          climate_row("savanna", "savanna: 1.629, 1.320, 3.372 L/kWh"),
          climate_row("steppe", "steppe: 1.611, 1.313, 3.846 L/kWh"),
          tower_means(),
          off_site_mean(),
          model_litres()};
}

}  // namespace wattline::ledger
