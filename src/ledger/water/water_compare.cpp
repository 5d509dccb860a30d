#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/water/water_tables.h"

namespace wattline::ledger {
namespace {

struct Compared {
  std::string code, name, climate;
  double on_site = 0, off_site = 0, total = 0;
};

// Each with its own electricity: what the user says of one site's holds for that site alone.
std::vector<Compared> compared(const WaterOptions& o, const std::vector<const catalog::WaterCountry*>& countries,
                               const catalog::WaterTables& tables, const physics::CoolingWater& cooling, double pue,
                               const catalog::Catalog& catalog) {
  std::vector<Compared> out;
  for (const auto* c : countries) {
    WaterOptions own = o;
    own.site.place = c->code;
    own.power.off_site.reset();
    own.power.mix.clear();
    own.power.mix_file = {};
    const auto site = site_of_country(*c, own, cooling);
    const double behind = pue * off_site_of(own, c, tables, catalog)->water.value().in(units::L_per_kWh);
    out.push_back({c->code, c->name, c->climate, site.all.on_site, behind, site.all.on_site + behind});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.total < b.total; });
  return out;
}

std::vector<const catalog::WaterCountry*> chosen(const std::vector<std::string>& words,
                                                 const catalog::WaterTables& tables, const catalog::Catalog& catalog) {
  std::vector<const catalog::WaterCountry*> out;
  const auto take = [&](const catalog::WaterCountry* c) {
    if (std::find(out.begin(), out.end(), c) == out.end()) out.push_back(c);
  };
  for (const auto& text : words)
    for (std::size_t at = 0; at <= text.size();) {
      const auto comma = std::min(text.find(',', at), text.size());
      const auto word = csv::trimmed(std::string_view(text).substr(at, comma - at));
      at = comma + 1;
      if (word.empty()) continue;
      if (word == "all") {
        for (const auto& c : tables.countries()) take(&c);
      } else if (const auto* c = tables.find(word, catalog)) {
        take(c);
      } else {
        std::vector<std::string> known;
        for (const auto& k : tables.countries()) known.push_back(k.name);
        const Error e = unknown_name("country with months of weather", word, known);
        throw Error(ErrorKind::not_found, "no data: " + e.message(), "compare", "'all' takes the 28 that are known");
      }
    }
  return out;
}

Table countries_table(const std::vector<Compared>& rows, double here) {
  Table t("water.countries.v1");
  t.title = "Countries, least water first";
  t.caption = "means over the months, whatever the size of a country's grid; the same PUE everywhere";
  t.text("code").text("country").text("climate").number("on_site", "L/kWh").number("off_site", "L/kWh", "with PUE");
  t.number("total", "L/kWh", "per energy of the machines");
  if (here > 0) t.number("ratio", "", "to this site");
  for (const auto& r : rows) {
    std::vector<Table::Cell> cells = {r.code, r.name, r.climate, r.on_site, r.off_site, r.total};
    if (here > 0) cells.emplace_back(r.total / here);
    t.add_row(std::move(cells));
  }
  return t;
}

Figure countries_figure(const std::vector<Compared>& rows) {
  Figure f;
  f.kind = Figure::Kind::bar;
  f.title = "Water per energy of the machines";
  f.y = {"water", "L/kWh"};
  Figure::Trace on, off;
  on.name = "on site";
  off.name = "for the electricity";
  for (const auto& r : rows) {
    const auto x = static_cast<double>(f.categories.size());
    on.x.push_back(x);
    on.y.push_back(r.on_site);
    off.x.push_back(x);
    off.y.push_back(r.off_site);
    f.categories.push_back(r.code);
  }
  f.traces = {std::move(on), std::move(off)};
  return f;
}

Table climates_table(const catalog::Catalog& catalog) {
  Table t("water.climates.v1");
  t.title = "Climates";
  t.caption = "the paper's summary of all its countries: towers, electricity without PUE, leakage of the supply";
  t.text("climate").number("fixed_approach", "L/kWh").number("fixed_cold_water", "L/kWh");
  t.number("off_site", "L/kWh").number("leakage", "%");
  for (const auto& climate : catalog::WaterTables::climates(catalog)) {
    const auto value = [&](const char* what) {
      return catalog.factor(fmt::format("water.climate.{}.{}", climate, what)).value;
    };
    std::string name = climate;
    name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
    t.add_row({name, value("fixed_approach"), value("fixed_cold_water"), value("off_site"), 100 * value("leakage")});
  }
  return t;
}

}  // namespace

void add_comparison(Result& out, const WaterOptions& o, const catalog::WaterTables& tables,
                    const physics::CoolingWater& cooling, double pue, double here, const std::string& name,
                    const catalog::Catalog& catalog) {
  const auto rows = compared(o, chosen(o.use.compare, tables, catalog), tables, cooling, pue, catalog);
  if (rows.empty()) return;
  out.add(countries_table(rows, here));
  const auto& best = rows.front();
  out.note(best.total < here ? fmt::format("Of these {} takes the least: {} L/kWh, {} times {}.", best.name,
                                           format_number(best.total, 3), format_number(best.total / here, 2), name)
                             : fmt::format("None of these takes less than {}.", name));
}

Result water_overview(const WaterOptions& o, const catalog::WaterTables& tables, const physics::CoolingWater& cooling,
                      const Estimate<Ratio>& pue, const std::optional<FactorUse>& pue_factor,
                      const catalog::Catalog& catalog) {
  if (o.power.off_site || !o.power.mix.empty() || o.power.mix_file.given() || o.use.energy || o.use.report ||
      o.use.email || o.use.token)
    throw bad_input("litres need a site", "place", "give a country (wattline ledger water Zambia) or --weather FILE");
  const auto rows =
      compared(o, chosen(o.use.compare.empty() ? std::vector<std::string>{"all"} : o.use.compare, tables, catalog),
               tables, cooling, pue.value(), catalog);
  if (rows.empty()) throw bad_input("no country is named", "compare", "'all' takes the 28 that are known");
  Result out;
  out.title = fmt::format("{} countries: {} to {} L per kWh of the machines, least in {}", rows.size(),
                          format_number(rows.front().total, 3), format_number(rows.back().total, 3), rows.front().name);
  out.add(countries_table(rows, 0)).add(countries_figure(rows));
  out.add(climates_table(catalog));
  for (const auto& climate : catalog::WaterTables::climates(catalog))
    for (const char* what : {"fixed_approach", "fixed_cold_water", "off_site", "leakage"})
      out.use(catalog.factor(fmt::format("water.climate.{}.{}", climate, what)).use());
  for (const auto& f : cooling.factors(o.cooling.cooling, catalog)) out.use(f);
  if (pue_factor) out.use(*pue_factor);
  const auto& first = tables.countries().front();
  out.use({"water.countries", "months of weather, towers and electricity of the countries", "12 months each",
           first.source, first.from + " to " + first.to, first.licence});
  out.note(
      "On site is evaporated at the machines, off site consumed at power plants; neither is what is withdrawn. "
      "A place gives intervals, months and litres: wattline ledger water Zambia.");
  for (const auto& c : tables.countries())
    if (!c.note.empty()) out.warn(c.name + ": " + c.note);
  if (!o.cooling.pue) out.warn("PUE is the mean of the industry; give --pue");
  return out;
}

}  // namespace wattline::ledger
