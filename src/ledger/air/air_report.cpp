#include "ledger/air/air_report.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::ledger {
namespace {

using physics::Grams;
using physics::Pollutant;
using physics::pollutants;

constexpr double grams_per_short_ton = 907184.74;
constexpr std::size_t nox_at = static_cast<std::size_t>(Pollutant::nox), co2_at = 0;

// "37,668"
std::string whole(double v) {
  std::string digits = fmt::format("{:.0f}", v);
  for (int i = static_cast<int>(digits.size()) - 3; i > 0; i -= 3) digits.insert(static_cast<std::size_t>(i), ",");
  return digits;
}

Grams generators_of(const AirYear& y) {
  Grams out{};
  if (y.generators)
    for (std::size_t p = 0; p < pollutants; ++p) out[p] = y.generators->by_tests[p] + y.generators->by_outages[p];
  return out;
}

}  // namespace

std::string air_title(const AirOptions& o, const AirYear& y) {
  std::string out;
  if (y.electricity) out = fmt::format("{} t CO2 a year of electricity", whole(*y.electricity));
  if (y.generators)
    out += fmt::format("{}{} t of nitrogen oxides a year of {} generators", out.empty() ? "" : ", ",
                       format_number(generators_of(y)[nox_at] / 1e6, 4), format_number(o.generators.units));
  if (out.empty()) out = "Emissions by the table of activities";
  return out;
}

Table emissions_table(const AirYear& y) {
  Table t("air.emissions.v1");
  t.title = "A year by part";
  t.caption = "carbon dioxide and local pollutants are never added; empty: not assessed";
  t.text("part").number("co2", "tCO2e").number("nox", "t").number("pm", "t").number("co", "t").number("so2", "t");
  t.number("voc", "t");
  std::array<double, pollutants> total{};
  std::array<bool, pollutants> any{};
  const auto add = [&](const std::string& part, const std::array<double, pollutants>& tonnes) {
    std::vector<Table::Cell> cells = {part};
    for (std::size_t p = 0; p < pollutants; ++p) {
      cells.emplace_back(tonnes[p]);
      if (std::isnan(tonnes[p])) continue;
      total[p] += tonnes[p];
      any[p] = true;
    }
    t.add_row(std::move(cells));
  };
  const auto scaled = [](const Grams& g) {
    std::array<double, pollutants> out{};
    for (std::size_t p = 0; p < pollutants; ++p) out[p] = g[p] / 1e6;
    return out;
  };
  if (y.electricity) add("electricity", {*y.electricity, NAN, NAN, NAN, NAN, NAN});
  if (y.generators) {
    add("generators, tests", scaled(y.generators->by_tests));
    if (y.generators->outages.hours > 0) add("generators, outages", scaled(y.generators->by_outages));
  }
  std::vector<std::string> order;
  std::map<std::string, std::array<double, pollutants>> parts;
  for (const auto& a : y.activities) {
    auto [it, fresh] = parts.try_emplace(a.part, std::array<double, pollutants>{NAN, NAN, NAN, NAN, NAN, NAN});
    if (fresh) order.push_back(a.part);
    double& cell = it->second[static_cast<std::size_t>(a.pollutant)];
    cell = std::isnan(cell) ? a.tonnes : cell + a.tonnes;
  }
  for (const auto& part : order) add(part + " (your table)", parts.at(part));
  std::vector<Table::Cell> sum = {std::string("total")}, shorts = {std::string("total in short tons")};
  for (std::size_t p = 0; p < pollutants; ++p) {
    sum.emplace_back(any[p] ? total[p] : NAN);
    shorts.emplace_back(any[p] ? total[p] * 1e6 / grams_per_short_ton : NAN);
  }
  t.add_row(std::move(sum));
  t.add_row(std::move(shorts));
  if (y.generators) {
    std::vector<Table::Cell> potential = {std::string("generators, potential (500 h)")};
    for (const double tonnes : scaled(y.generators->potential)) potential.emplace_back(tonnes);
    t.add_row(std::move(potential));
  }
  return t;
}

void add_checks(Result& out, const AirOptions& o, const GeneratorYear& year, const catalog::Catalog& catalog) {
  Table t("air.checks.v1");
  t.title = "Limits";
  t.text("check").number("found").number("limit").text("unit").text("short_tons").flag("holds");
  const auto& iiii = catalog.factor("air.limit.iiii_hours");
  out.use(iiii.use());
  std::vector<std::string> broken;
  const auto check = [&](const std::string& name, double found, double limit, const char* unit,
                         const std::string& shorts) {
    const bool holds = found <= limit * (1 + 1e-9);
    t.add_row({name, found, limit, std::string(unit), shorts, holds});
    if (!holds)
      broken.push_back(fmt::format("{}: {} of {} {}", name, format_number(found), format_number(limit), unit));
  };
  check("testing and maintenance (IIII)", year.test_hours, iiii.value, "h", "");
  if (o.permit.hours)
    check("all running", year.test_hours + year.outages.hours, o.permit.hours->in(units::hour), "h", "");
  const auto mass = [&](const std::optional<Mass>& limit, Pollutant p, const char* name) {
    if (!limit) return;
    const auto i = static_cast<std::size_t>(p);
    const double found = year.by_tests[i] + year.by_outages[i];
    check(name, found / 1e6, limit->in(units::g) / 1e6, "t",
          fmt::format("{} of {}", format_number(found / grams_per_short_ton),
                      format_number(limit->in(units::g) / grams_per_short_ton)));
  };
  mass(o.permit.nox, Pollutant::nox, "nitrogen oxides");
  mass(o.permit.co, Pollutant::co, "carbon monoxide");
  mass(o.permit.pm, Pollutant::pm, "particulate matter");
  mass(o.permit.so2, Pollutant::so2, "sulphur dioxide");
  mass(o.permit.voc, Pollutant::voc, "organic compounds");
  out.add(std::move(t));
  out.verdict =
      Verdict{broken.empty(), broken.empty() ? "every limit is kept" : fmt::format("{}", fmt::join(broken, "; "))};
}

void add_measures(Result& out, const AirOptions& o, const AirYear& year, double pue, const catalog::Catalog& catalog) {
  std::vector<Mitigation> all;
  const auto needs = [&](bool there, const char* option, const char* what) {
    if (!there) throw bad_input(fmt::format("the measure needs {}", what), option);
  };
  const auto& m = o.measures;
  if (m.to_pue) {
    needs(year.electricity.has_value(), "to-pue", "the site's --power");
    if (*m.to_pue > pue)
      throw bad_input(fmt::format("{} found; a measure lowers the PUE, which is {}", *m.to_pue, format_number(pue)),
                      "to-pue");
    all.push_back({fmt::format("PUE {} to {}", format_number(pue), format_number(*m.to_pue)),
                   *m.to_pue / pue,
                   {1, 1, 1, 1, 1, 1},
                   {}});
  }
  if (m.renewables > 0) {
    needs(year.electricity.has_value(), "renewables", "the site's --power");
    all.push_back({fmt::format("renewables for {} %", format_number(100 * m.renewables)),
                   1 - m.renewables,
                   {1, 1, 1, 1, 1, 1},
                   {}});
  }
  if (m.demand > 0) {
    needs(year.electricity.has_value(), "demand", "the site's --power");
    all.push_back(
        {fmt::format("{} % less demand", format_number(100 * m.demand)), 1 - m.demand, {1, 1, 1, 1, 1, 1}, {}});
  }
  if (!m.to_tier.empty()) {
    needs(year.generators.has_value(), "to-tier", "--generators");
    const auto& names = physics::tier_names();
    const auto it = std::find(names.begin(), names.end(), m.to_tier);
    if (it == names.end()) throw unknown_name("tier", m.to_tier, names).at("to-tier");
    auto other = o.generators;
    other.tier = static_cast<physics::Tier>(it - names.begin());
    const auto changed = generator_year(other, catalog);
    Mitigation measure;
    measure.name = "generators of " + m.to_tier;
    const Grams before = generators_of(year);
    for (std::size_t p = 0; p < pollutants; ++p)
      measure.generators[p] = before[p] > 0 ? (changed.by_tests[p] + changed.by_outages[p]) / before[p] : 1;
    all.push_back(std::move(measure));
    for (const auto& f : changed.factors) out.use(f);
  }
  if (m.file.given())
    for (auto& more : read_measures(m.file.read(4u << 20), m.file.name())) all.push_back(std::move(more));
  if (all.empty()) return;

  const double electricity = year.electricity.value_or(0);
  const Grams generators = generators_of(year);
  Table t("air.measures.v1");
  t.title = "Measures";
  t.caption = "each alone, and all together: what one leaves, the next reduces";
  t.text("measure")
      .number("co2_avoided", "tCO2e")
      .number("co2_left", "%")
      .number("nox_avoided", "t")
      .number("nox_left", "%");
  t.number("cost", "USD");
  const auto add = [&](const Mitigation& x) {
    const double co2 = electricity + generators[co2_at] / 1e6, nox = generators[nox_at] / 1e6;
    const double co2_left = electricity * x.electricity + generators[co2_at] / 1e6 * x.generators[co2_at];
    const double nox_left = nox * x.generators[nox_at];
    t.add_row({x.name, co2 - co2_left, co2 > 0 ? 100 * co2_left / co2 : NAN, nox - nox_left,
               nox > 0 ? 100 * nox_left / nox : NAN, x.cost ? *x.cost : NAN});
  };
  Mitigation together;
  together.name = "all together";
  double added = 0;
  for (const auto& x : all) {
    add(x);
    added += 1 - x.electricity;
    together.electricity *= x.electricity;
    for (std::size_t p = 0; p < pollutants; ++p) together.generators[p] *= x.generators[p];
    if (x.cost) together.cost = together.cost.value_or(0) + *x.cost;
  }
  add(together);
  out.add(std::move(t));
  if (all.size() > 1 && added - (1 - together.electricity) > 0.005)
    out.note(fmt::format("Of the electricity's carbon {} % is avoided; the percentages added would say {} %.",
                         format_number(100 * (1 - together.electricity), 3), format_number(100 * added, 3)));
  if (m.renewables > 0)
    out.warn("renewables count as matched hour by hour; certificates of a year change the market-based figure alone");
}

}  // namespace wattline::ledger
