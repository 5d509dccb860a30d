// What electricity is made of, by country: generation by fuel in TWh a year, rows of data/generation_mixes.csv
// (docs/formats/catalog.md); a file of the override folder replaces ours whole. Water behind electricity and its
// primary energy follow from it. Errors: bad_input with file:row for a file that cannot be used.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"

namespace wattline::catalog {

struct GenerationRow {
  std::string code, name;  // ISO-3
  std::map<std::string, double> by_fuel;  // TWh; fuels with none are left out
  int year = 0;
  std::string source, licence;

  FactorUse use() const;
};

class GenerationMixes {
 public:
  static std::shared_ptr<const GenerationMixes> load(const Catalog&);

  const std::vector<GenerationRow>& rows() const { return rows_; }
  // By code, name, or any spelling that the catalog's places know; the world is the sum of all rows. Null: no mix is
  // known, a part of a country (US-CA) among them.
  const GenerationRow* find(std::string_view name, const Catalog&) const;

 private:
  std::vector<GenerationRow> rows_;
  GenerationRow world_;
};

// The name as it is, and how the catalog's places spell it: what tables by country are searched by.
std::vector<std::string> place_spellings(std::string_view name, const Catalog&);

// Title and licence of a source id; words that are no id stand for themselves.
struct SourceText {
  std::string title, licence;
};
SourceText source_text(const std::string& id, const Catalog&);

}  // namespace wattline::catalog
