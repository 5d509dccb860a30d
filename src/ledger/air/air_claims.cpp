// Figures of paper 24 (data centres in Texas) recomputed from catalog rows.
#include <cmath>

#include <fmt/format.h>

#include "kernel/units.h"
#include "ledger/air/air.h"
#include "ledger/air/air_parts.h"

namespace wattline::ledger {
namespace {

// A row of the paper in the unit that the row has.
double paper(Context& context, const char* name) {
  return context.get<catalog::Catalog>().factor(fmt::format("air.paper.{}", name)).value;
}

Claim facility() {
  return {24, "37,668 t CO2 a year for a data centre of 10 MW",
          "power * use 1 * PUE 1 * 8,760 h * 0.43 t/MWh, the factor that the figure implies", [](Context& context) {
            const double ours =
                site_tonnes(paper(context, "facility_load"), 1, 1, paper(context, "grid_factor") / 1000);
            return ClaimCheck{std::lround(ours) == 37668 ? ClaimVerdict::holds : ClaimVerdict::differs,
                              fmt::format("{:.0f} t", ours), "PUE and use must be 1 for it; the text does not say so"};
          }};
}

Claim generators() {
  return {24, "12 t of nitrogen oxides a year from the tests of a site's generators",
          "40 generators of 2 MW, 24 h a year at full load, limit of Tier 2", [](Context& context) {
            AirGeneratorOptions o;
            o.units = 40;
            o.rated = Power(2e6);
            o.test_time = Duration(24 * 3600);
            const auto year = generator_year(o, context.get<catalog::Catalog>());
            return ClaimCheck{
                ClaimVerdict::not_reproducible,
                fmt::format("{:.1f} t", year.by_tests[static_cast<std::size_t>(physics::Pollutant::nox)] / 1e6),
                "number, power, tier and programme of the paper's generators were not found; this "
                "example is ours"};
          }};
}

Claim growth() {
  return {24, "170-205 Mt CO2 a year from 39-78 GW in 2030",
          "load * 8,760 h * 0.43 t/MWh; and the factor that each figure implies", [](Context& context) {
            const double low = paper(context, "load_low"), high = paper(context, "load_high"),
                         factor = paper(context, "grid_factor") / 1000;
            return ClaimCheck{
                ClaimVerdict::not_reproducible,
                fmt::format("{:.0f} and {:.0f} Mt; implied {:.3f} and {:.3f} t/MWh",
                            site_tonnes(low * 1000, 1, 1, factor) / 1e6, site_tonnes(high * 1000, 1, 1, factor) / 1e6,
                            implied_factor(paper(context, "carbon_low"), low, 1),
                            implied_factor(paper(context, "carbon_high"), high, 1)),
                "no one factor gives both: the scenario's path of factors and use was not found"};
          }};
}

Claim avoided() {
  return {24, "measures of 50-80 % avoid 85-165 Mt", "50 % of 170 Mt and 80 % of 205 Mt", [](Context& context) {
            const double low = paper(context, "carbon_low") * paper(context, "reduction_low") / 100;
            const double high = paper(context, "carbon_high") * paper(context, "reduction_high") / 100;
            return ClaimCheck{std::abs(low / 85 - 1) < 0.01 && std::abs(high / 165 - 1) < 0.01 ? ClaimVerdict::holds
                                                                                               : ClaimVerdict::differs,
                              fmt::format("{:.0f} and {:.0f} Mt", low, high), "165 is 164 rounded; holds within 1 %"};
          }};
}

}  // namespace

std::vector<Claim> air_claims() { return {facility(), generators(), growth(), avoided()}; }

}  // namespace wattline::ledger
