#include <cmath>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/air/air_parts.h"

namespace wattline::ledger {
namespace {

std::vector<double> numbers(const std::vector<std::string>& words, const char* where, double high) {
  std::vector<double> out;
  for (const auto& text : words)
    for (std::size_t at = 0; at <= text.size();) {
      const auto comma = std::min(text.find(',', at), text.size());
      const auto word = csv::trimmed(std::string_view(text).substr(at, comma - at));
      at = comma + 1;
      if (word.empty()) continue;
      double v = 0;
      if (!csv::take_number(word, v) || !(v > 0) || v > high)
        throw bad_input(fmt::format("'{}' found; numbers over 0 and up to {:g} are allowed", word.substr(0, 60), high),
                        where, "for example 39,78");
      out.push_back(v);
    }
  return out;
}

}  // namespace

void add_region(Result& out, const AirOptions& o, double tonnes_per_mwh, const std::string& factor_name) {
  const auto loads = numbers(o.region.load, "region-load", 1e5);
  const auto claimed = numbers(o.region.claimed, "region-claimed", 1e6);
  const auto reductions = numbers(o.region.reduction, "region-reduction", 100);
  if (loads.empty()) throw bad_input("a load in GW is needed beside the other figures of a region", "region-load");
  if (!claimed.empty() && claimed.size() != loads.size())
    throw bad_input(fmt::format("{} figures of Mt for {} loads; one for each is allowed", claimed.size(), loads.size()),
                    "region-claimed");
  const double end = tonnes_per_mwh * (1 - o.region.decline);
  Table t("air.region.v1");
  t.title = fmt::format("The region in {} years", o.region.years);
  t.caption = "a scenario, not data: all of the load runs at the use given, at one factor";
  t.number("load", "GW").number("use").number("factor", "tCO2e/MWh").number("carbon", "TgCO2e", "Mt a year");
  if (!claimed.empty()) t.number("claimed", "TgCO2e").number("implied_factor", "tCO2e/MWh", "that the claim needs");
  for (std::size_t i = 0; i < loads.size(); ++i) {
    std::vector<Table::Cell> row = {loads[i], o.region.use, end,
                                    site_tonnes(loads[i] * 1000, o.region.use, 1, end) / 1e6};
    if (!claimed.empty()) {
      row.emplace_back(claimed[i]);
      row.emplace_back(implied_factor(claimed[i], loads[i], o.region.use));
    }
    t.add_row(std::move(row));
  }
  out.add(std::move(t));
  if (claimed.size() > 1) {
    const double first = implied_factor(claimed.front(), loads.front(), o.region.use),
                 last = implied_factor(claimed.back(), loads.back(), o.region.use);
    if (std::abs(first / last - 1) > 0.02)
      out.note(
          fmt::format("The figures claimed do not follow from these loads with one factor: they need {} and {} "
                      "t/MWh.",
                      format_number(first, 3), format_number(last, 3)));
  }
  if (o.region.decline > 0 && o.region.years > 0) {
    Table path("air.region.path.v1");
    path.title = "On the way";
    path.caption =
        fmt::format("the load of the first scenario throughout; the factor of {} falls in a line", factor_name);
    path.integer("year").number("factor", "tCO2e/MWh").number("carbon", "TgCO2e");
    for (std::int64_t y = 0; y <= o.region.years; ++y) {
      const double f =
          tonnes_per_mwh * (1 - o.region.decline * static_cast<double>(y) / static_cast<double>(o.region.years));
      path.add_row({y, f, site_tonnes(loads[0] * 1000, o.region.use, 1, f) / 1e6});
    }
    out.add(std::move(path));
  }
  if (reductions.empty()) return;
  Table avoided("air.region.avoided.v1");
  avoided.title = "Avoided by a reduction";
  avoided.number("reduction", "%").number("load", "GW").number("from", "TgCO2e").number("avoided", "TgCO2e");
  for (const double r : reductions)
    for (std::size_t i = 0; i < loads.size(); ++i) {
      const double from = claimed.empty() ? site_tonnes(loads[i] * 1000, o.region.use, 1, end) / 1e6 : claimed[i];
      avoided.add_row({r, loads[i], from, from * r / 100});
    }
  out.add(std::move(avoided));
}

}  // namespace wattline::ledger
