#include "ledger/lca/data.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/catalog_rows.h"

namespace wattline::ledger::lca {
namespace {

using catalog::DataFile;
using catalog::DataRow;

constexpr std::string_view part_names[] = {"casing", "heatsink",           "board",      "chip",
                                           "memory", "upstream transport", "end of life"};

// The columns named after the categories; empty is "not assessed". Land use can be negative: what is
// freed elsewhere.
Scores scores_of(const DataRow& row, const DataFile& file, const std::vector<Category>& categories) {
  Scores out = not_assessed();
  for (std::size_t i = 0; i < categories.size(); ++i) {
    const auto& known = file.columns();
    if (std::find(known.begin(), known.end(), categories[i].code) == known.end()) continue;
    if (const auto v = row.number(categories[i].code, -1e300)) out[i] = *v;
  }
  return out;
}

double in(const DataRow& row, std::string_view column, double unit) {
  const auto v = row.number(column);
  return v ? *v / unit : NAN;
}

}  // namespace

std::string_view to_string(Part p) { return part_names[p]; }

Scores Card::manufacture() const {
  Scores out = filled(0);
  for (std::size_t p = 0; p < made_parts; ++p)
    for (std::size_t c = 0; c < out.size(); ++c) out[c] += parts[p].scores[c];
  return out;
}

Data::Data(const catalog::Catalog& from) : catalog_(from) {
  read_sources();
  const DataFile file = catalog_rows(catalog_, "lca_categories.csv", {"code"});
  for (const auto& row : file.rows())
    categories_.push_back(
        {row.required("code"), row.required("name"), row.required("unit"), row.number("boundary_per_year")});
  if (categories_.size() != category_count + 1 || categories_[0].code != "GWP" ||
      categories_[primary_energy].code != "TPE")
    throw bad_input(fmt::format("{} categories found; the sixteen and TPE belong there, GWP first and TPE last",
                                categories_.size()),
                    "lca_categories.csv", "put only names, units and boundaries over it");
  read_cards();
  read_parts();
  read_electricity();
  read_rest();
}

std::shared_ptr<const Data> Data::of(const catalog::Catalog& from) { return std::make_shared<const Data>(from); }

void Data::read_sources() {
  const DataFile file = catalog_rows(catalog_, "sources.csv", {"id"});
  for (const auto& row : file.rows()) sources_[row.text("id")] = {row.text("title"), row.text("licence")};
}

void Data::read_cards() {
  const DataFile file = catalog_rows(catalog_, "lca_cards.csv", {"name"}, catalog::device_key);
  for (const auto& row : file.rows()) {
    Card c;
    c.name = row.required("name");
    c.device = row.text("device");
    c.aliases = row.list("aliases");
    c.mass_kg = in(row, "mass", 1e3);
    c.casing_kg = in(row, "casing", 1e3);
    c.heatsink_kg = in(row, "heatsink", 1e3);
    c.board_cm2 = in(row, "board", 1e-4);
    c.chip_mm2 = in(row, "chip", 1e-6);
    c.memory_packages = in(row, "memory_packages", 1);
    c.memory_type = row.text("memory_type");
    if (!c.memory_type.empty() && c.memory_type != "gddr" && c.memory_type != "hbm")
      row.fail("memory_type", fmt::format("'{}' found; gddr or hbm is allowed", c.memory_type));
    c.source = row.required("source");
    c.note = row.text("note");
    c.year = row.integer("year");
    // Names of the tables first: a name of the catalog's never takes another card's.
    std::vector<std::string> spellings = c.aliases;
    spellings.push_back(c.name);
    if (!c.device.empty()) spellings.push_back(c.device);
    for (const auto& s : spellings) card_index_.emplace(catalog::device_key(s), cards_.size());
    cards_.push_back(std::move(c));
  }
}

void Data::read_parts() {
  const DataFile file = catalog_rows(catalog_, "lca_components.csv", {"card", "component"}, catalog::device_key);
  for (const auto& row : file.rows()) {
    const auto it = card_index_.find(catalog::device_key(row.required("card")));
    if (it == card_index_.end()) row.fail("card", fmt::format("'{}' is not in lca_cards.csv", row.text("card")));
    Card& card = cards_[it->second];
    const std::string& name = row.required("component");
    const auto part = std::find(std::begin(part_names), std::end(part_names), name);
    if (part == std::end(part_names))
      row.fail("component",
               unknown_name("component", name, std::vector<std::string>(std::begin(part_names), std::end(part_names)))
                   .message());
    CardPart& p = card.parts[static_cast<std::size_t>(part - std::begin(part_names))];
    p.scores = scores_of(row, file, categories_);
    for (std::size_t c = 0; c < category_count; ++c)
      if (std::isnan(p.scores[c])) row.fail(categories_[c].code, "a number is needed, the cell is empty");
    p.quality = row.required("quality");
    if (p.quality != "primary" && p.quality != "secondary" && p.quality != "proxy")
      row.fail("quality", fmt::format("'{}' found; primary, secondary or proxy is allowed", p.quality));
    card.taken_apart = true;
  }
  for (const auto& card : cards_) {
    if (!card.taken_apart) continue;
    for (std::size_t p = 0; p < part_count; ++p)
      if (card.parts[p].quality.empty())
        throw bad_input(fmt::format("{} has no row for its {}", card.name, part_names[p]), "lca_components.csv",
                        "a card taken apart needs all seven");
  }
}

void Data::read_electricity() {
  const DataFile file = catalog_rows(catalog_, "lca_electricity.csv", {"place"}, catalog::name_key);
  for (const auto& row : file.rows()) {
    ElectricityRow e;
    e.place = row.required("place");
    e.iso3 = row.text("iso3");
    e.name = row.required("name");
    e.per_kwh = scores_of(row, file, categories_);
    e.fossil_climate = row.number("GWP_fossil").value_or(NAN);
    e.climate_source = row.text("climate_source");
    e.climate_year = row.integer("climate_year");
    e.source = row.required("source");
    e.year = row.integer("year");
    e.note = row.text("note");
    for (const auto& s : {e.place, e.iso3, e.name})
      if (!s.empty()) electricity_index_.emplace(catalog::name_key(s), electricity_.size());
    electricity_.push_back(std::move(e));
  }
}

void Data::read_rest() {
  {
    const DataFile file = catalog_rows(catalog_, "lca_transport.csv", {"mode"});
    for (const auto& row : file.rows()) {
      freight_.push_back({row.required("mode"), scores_of(row, file, categories_)});
      freight_source_[row.text("mode")] = row.required("source");
    }
  }
  {
    const DataFile file = catalog_rows(catalog_, "lca_server_parts.csv", {"part"});
    for (const auto& row : file.rows())
      server_parts_.push_back({row.required("part"), row.required("per"), scores_of(row, file, categories_)});
  }
  const DataFile file = catalog_rows(catalog_, "lca_values.csv", {"group", "name"});
  for (const auto& row : file.rows()) {
    Value v{row.required("group"),        row.required("name"),   row.text("unit"),
            row.required("description"),  row.required("source"), row.text("note"),
            row.required_number("value"), row.integer("year")};
    if (v.group == "spread" && v.value < 1)
      row.fail("value", fmt::format("'{}' found; a geometric standard deviation is 1 or more", row.text("value")));
    // What is divided by, or takes a logarithm.
    const bool zero_is_fine = v.group == "default" && (v.name == "air" || v.name == "sea" || v.name == "road");
    if (!zero_is_fine && !(v.value > 0)) row.fail("value", "0 found; more is needed");
    values_.push_back(std::move(v));
  }
}

std::vector<const Card*> Data::taken_apart() const {
  std::vector<const Card*> out;
  for (const auto& c : cards_)
    if (c.taken_apart) out.push_back(&c);
  return out;
}

const Card* Data::find_card(std::string_view name) const {
  auto it = card_index_.find(catalog::device_key(name));
  if (it == card_index_.end())
    if (const auto* device = catalog_.find_device(name)) it = card_index_.find(catalog::device_key(device->name));
  return it == card_index_.end() ? nullptr : &cards_[it->second];
}

const ElectricityRow* Data::find_electricity(std::string_view place) const {
  const auto it = electricity_index_.find(catalog::name_key(place));
  return it == electricity_index_.end() ? nullptr : &electricity_[it->second];
}

const Freight& Data::freight(std::string_view mode) const {
  for (const auto& f : freight_)
    if (f.mode == mode) return f;
  throw Error(ErrorKind::not_found, fmt::format("no freight by {}", mode), "lca_transport.csv");
}

const ServerPart& Data::server_part(std::string_view part) const {
  for (const auto& p : server_parts_)
    if (p.part == part) return p;
  throw Error(ErrorKind::not_found, fmt::format("no server part '{}'", part), "lca_server_parts.csv");
}

const Value& Data::value(std::string_view group, std::string_view name) const {
  for (const auto& v : values_)
    if (v.group == group && v.name == name) return v;
  throw Error(ErrorKind::not_found, fmt::format("no value '{}' of group '{}'", name, group), "lca_values.csv");
}

std::vector<const Value*> Data::values(std::string_view group) const {
  std::vector<const Value*> out;
  for (const auto& v : values_)
    if (v.group == group) out.push_back(&v);
  return out;
}

std::size_t Data::category(std::string_view code) const {
  std::vector<std::string> codes;
  for (std::size_t i = 0; i < categories_.size(); ++i) {
    if (catalog::name_key(categories_[i].code) == catalog::name_key(code)) return i;
    codes.push_back(categories_[i].code);
  }
  throw unknown_name("impact category", code, codes);
}

std::string Data::title(const std::string& id) const {
  const auto it = sources_.find(id);
  return it == sources_.end() ? id : it->second.title;
}

FactorUse Data::factor(std::string id, std::string description, std::string value, const std::string& source,
                       int year) const {
  const auto it = sources_.find(source);
  return {"lca." + std::move(id), std::move(description),           std::move(value),
          title(source),          year ? std::to_string(year) : "", it == sources_.end() ? "" : it->second.licence};
}

FactorUse Data::use(const Card& c) const {
  return factor("card." + c.name, c.taken_apart ? "impacts of the parts of " + c.name : "masses and areas of " + c.name,
                c.taken_apart
                    ? fmt::format("{} kg CO2 eq to make", format_number(c.manufacture()[0]))
                    : fmt::format("{} g, chip {} mm2", format_number(1e3 * c.mass_kg), format_number(c.chip_mm2)),
                c.source, c.year);
}
FactorUse Data::use(const ElectricityRow& e) const {
  return factor("electricity." + e.place, "electricity of " + e.name + " in the categories that the table has",
                std::isnan(e.per_kwh[0]) ? "" : fmt::format("{} kg CO2 eq/kWh", format_number(e.per_kwh[0])), e.source,
                e.year);
}
FactorUse Data::use(const Value& v) const {
  return factor(v.group + "." + v.name, v.note.empty() ? v.description : v.description + " (" + v.note + ")",
                v.unit.empty() ? format_number(v.value, 6) : format_number(v.value, 6) + " " + v.unit, v.source,
                v.year);
}
FactorUse Data::use(const Freight& f) const {
  return factor("freight." + f.mode, "freight by " + f.mode,
                fmt::format("{} kg CO2 eq per kg and km", format_number(f.per_kg_km[0])), freight_source_.at(f.mode),
                2025);
}
FactorUse Data::use(const ServerPart& p) const {
  return factor("server." + p.part, fmt::format("{} of a server, by {}", p.part, p.per),
                fmt::format("{} kg CO2 eq", format_number(p.scores[0])), "boavizta-components", 2021);
}

}  // namespace wattline::ledger::lca
