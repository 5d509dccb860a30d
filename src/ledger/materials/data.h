// What `ledger materials` rests on, from the catalog's materials_*.csv: compute of training runs, the base
// case, and a placeholder of elements that is illustrative alone. Layouts: docs/formats/catalog.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/result.h"
#include "ledger/materials/cards_consumed.h"

namespace wattline::ledger::materials {

struct Run {
  std::string name;
  std::vector<std::string> aliases;
  Ranged flop;  // 0: from parameters and tokens
  double parameters = 0, tokens = 0;  // 0: not known
  std::string source, note;
  int year = 0;
};
struct Value {
  std::string group, name, unit, description, source, note;
  std::vector<double> values;
  int year = 0;
};
struct Element {
  std::string symbol, name;
  double grams = 0;  // of one card
  std::optional<double> uncertainty;  // 95 %, as a share of it
  std::vector<std::string> classes;  // heavy, toxic, critical, precious
  std::optional<double> scarcity;  // kg Sb eq per kg
  std::optional<double> price;  // USD per kg
  std::optional<double> toxicity;  // CTUh per kg
  std::optional<double> recovered;  // share of it at the end of life
  std::string source;
  bool has(std::string_view cls) const;
};

class Data {
 public:
  explicit Data(const catalog::Catalog&);  // Error bad_input with file:row
  const std::vector<Run>& runs() const { return runs_; }
  const Run* find_run(std::string_view) const;
  double value(std::string_view group, std::string_view name) const { return row(group, name).values.front(); }
  const Value& row(std::string_view group, std::string_view name) const;
  // The placeholder: whatever is printed of it says "illustrative".
  const std::vector<Element>& placeholder() const { return placeholder_; }

  FactorUse use(const Run&) const;
  FactorUse use(const Value&) const;
  FactorUse use_placeholder() const;
  std::string title(const std::string& source_id) const;

 private:
  FactorUse factor(std::string id, std::string description, std::string value, const std::string& source,
                   int year) const;

  std::vector<Run> runs_;
  std::vector<Value> values_;
  std::vector<Element> placeholder_;
  std::map<std::string, std::pair<std::string, std::string>> sources_;  // title, licence
};

}  // namespace wattline::ledger::materials
