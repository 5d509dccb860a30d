// What the life cycle assessment of GPUs rests on, read from the catalog's lca_*.csv: the categories of
// the Environmental Footprint, seven cards taken apart (arXiv 2509.00093), freight, electricity by country,
// parts of servers. Layouts: docs/formats/catalog.md.
//
// Scores are in the unit of their category. NaN is "not assessed": it is never 0, and a sum that has to
// add it up leaves it out and says so.
#pragma once

#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/result.h"

namespace wattline::ledger::lca {

// The sixteen, and behind them the total primary energy, which is no category of the sixteen.
inline constexpr std::size_t category_count = 16, primary_energy = 16;
using Scores = std::array<double, category_count + 1>;
inline constexpr Scores filled(double v) {
  Scores out{};
  for (auto& x : out) x = v;
  return out;
}
inline Scores not_assessed() { return filled(NAN); }

struct Category {
  std::string code, name, unit;  // "GWP", "Climate change, total", "kg CO2 eq"
  std::optional<double> boundary_per_year;  // of all people
};

// Parts of a card in the order of the tables; the last is no part but what becomes of all of them.
enum Part { casing, heatsink, board, chip, memory, upstream, end_of_life };
inline constexpr std::size_t part_count = 7, made_parts = 6;  // all; those that manufacture is made of
std::string_view to_string(Part);

struct CardPart {
  Scores scores = not_assessed();
  std::string quality;  // "primary", "secondary", "proxy"
};
struct Card {
  std::string name, device;  // as here; in the catalog's devices, "" when it is not there
  std::vector<std::string> aliases;
  // NaN: not documented.
  double mass_kg = NAN, casing_kg = NAN, heatsink_kg = NAN, board_cm2 = NAN, chip_mm2 = NAN, memory_packages = NAN;
  std::string memory_type;  // "gddr", "hbm"
  bool taken_apart = false;  // its parts below are its own
  std::array<CardPart, part_count> parts;
  std::string source, note;
  int year = 0;

  Scores manufacture() const;  // sum of the made parts
};

struct ElectricityRow {
  std::string place, iso3, name;
  Scores per_kwh = not_assessed();
  double fossil_climate = NAN;  // of the same edition as the other categories
  std::string climate_source, source, note;
  int climate_year = 0, year = 0;
};
struct Freight {
  std::string mode;  // "road", "sea", "air"
  Scores per_kg_km{};
};
struct ServerPart {
  std::string part, per;
  Scores scores = not_assessed();  // climate, minerals, primary energy alone are known
};
struct Value {
  std::string group, name, unit, description, source, note;
  double value = 0;
  int year = 0;
};

class Data {
 public:
  // Errors: bad_input with file:row for rows put over the catalog that cannot be used.
  explicit Data(const catalog::Catalog&);
  // The catalog's of the context, else the embedded one.
  static std::shared_ptr<const Data> of(const catalog::Catalog&);

  const std::vector<Category>& categories() const { return categories_; }
  const std::vector<Card>& cards() const { return cards_; }
  std::vector<const Card*> taken_apart() const;
  // By name, alias, or name or alias of the catalog's device; none: nullptr.
  const Card* find_card(std::string_view) const;
  const std::vector<ElectricityRow>& electricity() const { return electricity_; }
  const ElectricityRow* find_electricity(std::string_view place_code) const;
  const Freight& freight(std::string_view mode) const;
  const ServerPart& server_part(std::string_view part) const;
  const Value& value(std::string_view group, std::string_view name) const;
  double spread(std::string_view quality) const { return value("spread", quality).value; }
  std::vector<const Value*> values(std::string_view group) const;
  // By code, any case; Error lists the codes.
  std::size_t category(std::string_view code) const;

  FactorUse use(const Card&) const;
  FactorUse use(const ElectricityRow&) const;
  FactorUse use(const Value&) const;
  FactorUse use(const Freight&) const;
  FactorUse use(const ServerPart&) const;

 private:
  struct Source {
    std::string title, licence;
  };
  std::string title(const std::string& id) const;
  FactorUse factor(std::string id, std::string description, std::string value, const std::string& source,
                   int year) const;
  void read_sources();
  void read_cards();
  void read_parts();
  void read_electricity();
  void read_rest();

  const catalog::Catalog& catalog_;
  std::vector<Category> categories_;
  std::vector<Card> cards_;
  std::map<std::string, std::size_t> card_index_;
  std::vector<ElectricityRow> electricity_;
  std::map<std::string, std::size_t> electricity_index_;
  std::vector<Freight> freight_;
  std::vector<ServerPart> server_parts_;
  std::vector<Value> values_;
  std::map<std::string, Source, std::less<>> sources_;
  std::map<std::string, std::string> freight_source_;
};

}  // namespace wattline::ledger::lca
