#include "ledger/lca/resolve.h"

#include <algorithm>

#include <fmt/format.h>

#include "catalog/place_options.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/lca/unit_factors_file.h"

namespace wattline::ledger::lca {
namespace {

class Resolver {
 public:
  Resolver(const LcaOptions& o, const catalog::Catalog& names) : o_(o), names_(names) {
    out_.data = Data::of(names);
    out_.allocation = o.life.allocation;
  }

  Resolved run() {
    find_card();
    own_figures();
    parts();
    life();
    amount();
    freight();
    electricity();
    out_.input.lives = lives(out_.life);
    return std::move(out_);
  }

 private:
  const Data& data() const { return *out_.data; }
  void take(FactorUse f) { out_.factors.push_back(std::move(f)); }
  double value(const char* group, const char* name) {
    const Value& v = data().value(group, name);
    take(data().use(v));
    return v.value;
  }

  void find_card() {
    if (o_.card.empty())
      throw bad_input("no card is named", "--card", "wattline ledger lca 'A100 SXM4'; --validate needs none");
    if (const Card* known = data().find_card(o_.card)) {
      out_.card = *known;
      return;
    }
    if (const auto* device = names_.find_device(o_.card)) {
      out_.card.name = out_.card.device = device->name;
      return;
    }
    std::vector<std::string> known;
    for (const auto& c : data().cards()) {
      known.push_back(c.name);
      known.insert(known.end(), c.aliases.begin(), c.aliases.end());
    }
    for (const auto& d : names_.devices()) known.push_back(d.name);
    throw unknown_name("card", o_.card, known, "wattline catalog devices");
  }

  void own_figures() {
    const auto& p = o_.parts;
    Card& c = out_.card;
    bool changed = false;
    const auto put = [&](double& to, const auto& given, double unit) {
      if (!given) return;
      to = given->base() / unit;
      changed = true;
    };
    put(c.mass_kg, p.mass, 1e3);
    put(c.casing_kg, p.casing, 1e3);
    put(c.heatsink_kg, p.heatsink, 1e3);
    put(c.board_cm2, p.board, 1e-4);
    put(c.chip_mm2, p.chip, 1e-6);
    if (p.memory_packages) {
      c.memory_packages = *p.memory_packages;
      changed = true;
    }
    if (!p.memory_type.empty()) {
      if (p.memory_type != "gddr" && p.memory_type != "hbm")
        throw bad_input(fmt::format("'{}' found; gddr or hbm is allowed", p.memory_type), "--memory-type");
      c.memory_type = p.memory_type;
      changed = true;
    }
    if (changed && c.taken_apart)
      out_.warnings.push_back(
          fmt::format("{} was taken apart, but masses or areas are given: it is modelled from them instead", c.name));
    out_.parametric = changed || !c.taken_apart;
    if (const auto missing = missing_fields(c); !missing.empty())
      throw bad_input(fmt::format("{} is not documented: {} missing", c.name, fmt::join(missing, ", ")), "--card",
                      fmt::format("give them; documented are {}", documented()));
    if (c.casing_kg + c.heatsink_kg > c.mass_kg * 1.001)
      throw bad_input(fmt::format("casing {} kg and heatsink {} kg are more than the card's {} kg",
                                  format_number(c.casing_kg), format_number(c.heatsink_kg), format_number(c.mass_kg)),
                      "--card-mass");
  }

  std::string documented() const {
    std::string out;
    for (const auto& c : data().cards()) out += (out.empty() ? "" : ", ") + c.name;
    return out;
  }

  void parts() {
    Card& c = out_.card;
    const double defects = data().value("chip", "defect_density").value;
    if (!c.source.empty()) take(data().use(c));
    if (out_.parametric) {
      c.parts = parametric_parts(c, unit_factors(data(), c.memory_type), defects);
      take(data().use(data().value("chip", "defect_density")));
      for (const Card* from : data().taken_apart()) take(data().use(*from));
      out_.spread.model = leave_one_out(data()).log_rms;
      tell_parametric();
    }
    if (o_.parts.unit_factors.given()) {
      const auto given = read_unit_factors(o_.parts.unit_factors.read(1u << 24), o_.parts.unit_factors.name(), data());
      for (const auto& f : given) c.parts[f.part].scores[f.category] = f.value * quantity_of(c, f.part, defects);
      out_.notes.push_back(
          fmt::format("{} unit factors of {} stand in the place of ours.", given.size(), o_.parts.unit_factors.name()));
    }
    for (std::size_t p = 0; p < part_count; ++p) {
      out_.spread.parts[p] = std::log(data().spread(c.parts[p].quality));
      if (c.parts[p].quality == "proxy")
        out_.warnings.push_back(fmt::format("the {} of {} is doubtful in the source: {}", to_string(Part(p)), c.name,
                                            c.note.empty() ? "no reason is given" : c.note));
    }
    for (const char* q : {"primary", "secondary", "proxy"}) take(data().use(data().value("spread", q)));
    out_.input.parts = c.parts;
  }

  void tell_parametric() {
    const Card& c = out_.card;
    std::string failing;
    for (std::size_t i = 0; i < category_count; ++i)
      if (out_.spread.model[i] > std::log(1.5)) failing += (failing.empty() ? "" : ", ") + data().categories()[i].code;
    out_.warnings.push_back(fmt::format(
        "{} is modelled from its masses and areas; the model fails for {} (heatsinks of copper and of aluminium differ "
        "that much): their intervals are wide",
        c.name, failing));
    double low = HUGE_VAL, high = 0;
    for (const Card* t : data().taken_apart()) {
      low = std::min(low, t->chip_mm2);
      high = std::max(high, t->chip_mm2);
    }
    if (c.chip_mm2 < low / 3 || c.chip_mm2 > high * 1.1)
      out_.warnings.push_back(fmt::format("a chip of {} mm2: the cards that the model rests on have {} to {} mm2",
                                          format_number(c.chip_mm2), format_number(low), format_number(high)));
    if (!c.taken_apart && !c.note.empty()) out_.warnings.push_back(c.note);
  }

  void life() {
    Life& l = out_.life;
    l.hours_per_year = data().value("time", "hours_per_year").value;
    l.years = o_.life.years ? *o_.life.years : value("default", "lifetime");
    l.utilisation = o_.life.utilisation ? *o_.life.utilisation : value("default", "utilisation");
    if (!o_.life.years)
      out_.notes.push_back(fmt::format("A life of {} years is assumed: the paper does not say its own (proposed).",
                                       format_number(l.years)));
  }

  // Hours, energy and power: of a run, or of the whole life.
  void amount() {
    const auto& r = o_.run;
    out_.whole_life = !r.card_time;
    out_.card_hours = r.card_time ? r.card_time->in(units::hour) : r.cards * out_.life.hours_in_use();
    if (r.card_time && !(out_.card_hours > 0)) throw bad_input("0 h found; more is needed", "--card-time");
    if (r.card_time && r.cards != 1)
      throw bad_input("cards are given, and the time of a run on them", "--cards",
                      "--card-time is that of all cards together: leave --cards out");
    const catalog::Device* device = out_.card.device.empty() ? nullptr : names_.find_device(out_.card.device);
    const bool needs_power = !r.energy || (out_.allocation == Allocation::energy && !out_.whole_life);
    if (r.power) {
      out_.life_power_w = r.power->in(units::W);
    } else if (needs_power) {
      if (!device || device->board_power.base() <= 0)
        throw bad_input(fmt::format("the power of {} is not known", out_.card.name), "--power",
                        "give the mean power of a card in use, or --energy");
      out_.life_power_w = device->board_power.in(units::W);
      out_.power_modelled = true;
      take(catalog::use(*device));
      out_.warnings.push_back(fmt::format("no {} given: the card is taken to draw its board power, {} W, all the time",
                                          r.energy ? "--power" : "--energy or --power",
                                          format_number(out_.life_power_w)));
    }
    if (needs_power && !(out_.life_power_w > 0)) throw bad_input("0 W found; more is needed", "--power");
    out_.card_kwh = r.energy ? r.energy->in(units::kWh) : out_.life_power_w * out_.card_hours / 1000;
    if (r.energy && device && device->board_power.base() > 0) {
      const double mean = 1000 * out_.card_kwh / out_.card_hours, board_w = device->board_power.in(units::W);
      if (mean > 1.25 * board_w)
        out_.warnings.push_back(
            fmt::format("the energy makes a mean of {} W a card, over its board power of {} W: is it of "
                        "more than the cards, or in another unit?",
                        format_number(mean), format_number(board_w)));
    }
    out_.spread.energy = r.energy ? 0 : std::log(data().spread(r.power ? "primary" : "secondary"));
  }

  double lives(const Life& l) const {
    if (out_.whole_life) return o_.run.cards;
    return lives_of_run(out_.allocation, l, out_.card_hours, out_.card_kwh, out_.life_power_w);
  }

  void freight() {
    const auto& l = o_.life;
    const std::pair<const char*, std::optional<double>> modes[] = {
        {"air", l.air_km}, {"sea", l.sea_km}, {"road", l.road_km}};
    const bool any = l.air_km || l.sea_km || l.road_km;
    std::string told;
    for (const auto& [mode, given] : modes) {
      const double km = any ? given.value_or(0) : value("default", mode);
      if (km <= 0) continue;
      const Freight& f = data().freight(mode);
      take(data().use(f));
      for (std::size_t c = 0; c < f.per_kg_km.size(); ++c)
        out_.input.freight_per_card[c] += km * out_.card.mass_kg * f.per_kg_km[c];
      told += fmt::format("{}{} km by {}", told.empty() ? "" : ", ", format_number(km), mode);
    }
    out_.spread.freight = std::log(data().spread("secondary"));
    out_.notes.push_back(fmt::format("Distribution: {}{}.", told.empty() ? "none" : told,
                                     any ? "" : " (the calculator's default; the paper's distances were not found)"));
  }

  void electricity() {
    const catalog::Grid grid = catalog::resolve(
        {.place = o_.site.place, .intensity = o_.site.intensity, .water_intensity = {}, .pue = o_.site.pue, .wue = {}},
        names_);
    out_.place = grid.place;
    out_.pue = grid.pue.value();
    out_.input.facility_kwh = out_.card_kwh * out_.pue;
    const double pue_sigma = grid.pue.sd().base() / grid.pue.value().base();
    out_.spread.energy = std::hypot(out_.spread.energy, pue_sigma);
    for (const auto& f : grid.factors)
      if (f.id.starts_with("pue") || f.id == "given.pue") take(f);
    const ElectricityRow* row = data().find_electricity(grid.place);
    if (row) {
      out_.input.per_kwh = row->per_kwh;
      take(data().use(*row));
      out_.notes.push_back(fmt::format(
          "Electricity of the categories other than climate is of {}; its mix has changed since.", row->year));
      if (!row->note.empty()) out_.warnings.push_back(fmt::format("electricity of {}: {}", row->name, row->note));
    } else {
      out_.warnings.push_back(
          grid.place == "WORLD"
              ? std::string("no place given: of the use, climate alone is assessed (the table's World row is a sum and "
                            "cannot be used); --place gives the rest")
              : fmt::format("the table of electricity has no row for {}: of the use, climate alone is assessed",
                            grid.place));
    }
    climate(grid, row);
    const double secondary = std::log(data().spread("secondary"));
    for (std::size_t c = 1; c < out_.spread.electricity.size(); ++c) out_.spread.electricity[c] = secondary;
  }

  void climate(const catalog::Grid& grid, const ElectricityRow* row) {
    auto& factor = out_.input.per_kwh[0];
    const double secondary = std::log(data().spread("secondary"));
    out_.spread.electricity[0] = secondary;
    if (o_.site.climate == ClimateOf::place) {
      const double g = grid.carbon_intensity.value().in(units::gCO2e_per_kWh);
      factor = g / 1000;
      const double relative = g > 0 ? grid.carbon_intensity.sd().in(units::gCO2e_per_kWh) / g : 0;
      out_.spread.electricity[0] = std::sqrt(std::log1p(relative * relative));
      out_.climate_from = fmt::format("{} gCO2e/kWh of {}", format_number(g), grid.place);
      for (const auto& f : grid.factors)
        if (!f.id.starts_with("pue") && !f.id.starts_with("wue") && !f.id.starts_with("water") && f.id != "given.pue" &&
            f.id != "given.wue" && f.id != "given.water-intensity")
          take(f);
      return;
    }
    if (o_.site.intensity)
      throw bad_input("an intensity is given, and the table's is asked for", "--climate", "leave one of them out");
    if (!row)
      throw bad_input(fmt::format("the table of electricity has no row for {}", grid.place), "--climate",
                      "--climate place takes the catalog's own figure");
    if (o_.site.climate == ClimateOf::table_fossil) factor = row->fossil_climate;
    out_.climate_from = fmt::format("{} gCO2e/kWh of {} in the table{}", format_number(1000 * factor), row->place,
                                    o_.site.climate == ClimateOf::table_fossil ? ", fossil part" : "");
  }

  const LcaOptions& o_;
  const catalog::Catalog& names_;
  Resolved out_;
};

}  // namespace

CycleInput Resolved::with_life(double years) const {
  CycleInput out = input;
  Life other = life;
  other.years = years;
  if (whole_life) {
    out.facility_kwh = input.facility_kwh * years / life.years;
  } else {
    out.lives = lives_of_run(allocation, other, card_hours, card_kwh, life_power_w);
  }
  return out;
}

Resolved resolve(const LcaOptions& o, const catalog::Catalog& names) { return Resolver(o, names).run(); }

}  // namespace wattline::ledger::lca
