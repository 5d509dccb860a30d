#include "ledger/report_groups.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "kernel/shown.h"
#include "kernel/units.h"

namespace wattline::ledger {
namespace {

bool in_time(const std::string& key) { return key == "day" || key == "month"; }

std::vector<const ReportGroups::value_type*> ordered(const std::string& key, const ReportGroups& groups) {
  std::vector<const ReportGroups::value_type*> order;
  for (const auto& g : groups) order.push_back(&g);
  if (in_time(key)) return order;
  std::map<const ReportGroups::value_type*, double> joules;
  for (const auto* g : order)
    for (const auto& [site, sum] : g->second.by_site) joules[g] += sum.total().value().base();
  std::stable_sort(order.begin(), order.end(), [&](const auto* a, const auto* b) { return joules[a] > joules[b]; });
  return order;
}

}  // namespace

Table report_groups_table(const std::string& key, const ReportGroups& groups, const Impacts& all, Grids& grids) {
  Table t("ledger.groups.v1");
  t.title = "By " + key;
  t.text("group")
      .integer("rows")
      .number("energy", "Wh", "at the device")
      .number("energy_low", "Wh")
      .number("energy_high", "Wh");
  t.number("share", "%", "of the energy")
      .number("carbon", "gCO2e")
      .number("water", "mL")
      .text("method", "the worst of the rows");
  t.integer("tokens_out").integer("tokens_in");
  t.number("carbon_low", "gCO2e").number("carbon_high", "gCO2e").number("water_low", "mL").number("water_high", "mL");
  t.text("by");
  const double whole = all.energy.value().base();
  for (const auto* group : ordered(key, groups)) {
    const ReportSum& s = group->second;
    const Impacts i = grids.of(s.by_site);
    const Measure e = i.energy.measure("Wh"), c = i.carbon.measure("gCO2e"), w = i.water.measure("mL");
    t.add_row({group->first, s.rows, e.value, e.interval.low, e.interval.high,
               whole > 0 ? 100 * i.energy.value().base() / whole : 0.0, c.value, w.value,
               std::string(to_string(e.method)), s.tokens_out, s.tokens_in, c.interval.low, c.interval.high,
               w.interval.low, w.interval.high, key});
  }
  return t;
}

Figure report_groups_figure(const std::string& key, const ReportGroups& groups, Grids& grids) {
  const auto order = ordered(key, groups);
  constexpr std::size_t most = 20;
  constexpr double least_drawn = 0.001;  // of the largest bar: less is no bar to see
  std::size_t bars = std::min(order.size(), most);
  double largest = 0;
  std::vector<Measure> joules;
  for (std::size_t i = 0; i < bars; ++i) {
    joules.push_back(grids.of(order[i]->second.by_site).energy.measure("J"));
    largest = std::max(largest, joules.back().value);
  }
  const Unit unit = billing_unit(largest);
  if (!in_time(key))
    while (joules.back().value < least_drawn * largest) joules.pop_back();
  bars = joules.size();
  Figure f;
  f.kind = Figure::Kind::bar;
  f.title = "Energy by " + key;
  if (bars < order.size()) f.caption = fmt::format("the first {} of {}", bars, order.size());
  f.y = {"energy", unit.symbol};
  Figure::Trace trace;
  trace.name = "energy";
  for (std::size_t i = 0; i < bars; ++i) {
    trace.x.push_back(static_cast<double>(i));
    trace.y.push_back(joules[i].value / unit.scale);
    trace.low.push_back(joules[i].interval.low / unit.scale);
    trace.high.push_back(joules[i].interval.high / unit.scale);
    f.categories.push_back(order[i]->first);
  }
  f.traces.push_back(std::move(trace));
  return f;
}

}  // namespace wattline::ledger
