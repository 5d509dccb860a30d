#include "ledger/materials/element_table.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/table.h"
#include "kernel/units.h"

namespace wattline::ledger::materials {
namespace {

const std::vector<std::string> known_classes = {"heavy", "toxic", "critical", "precious"};

std::vector<std::string> classes_of(std::string_view text, const std::string& where) {
  std::vector<std::string> out;
  std::string word;
  const auto finish = [&] {
    if (word.empty()) return;
    if (std::find(known_classes.begin(), known_classes.end(), word) == known_classes.end())
      throw bad_input(unknown_name("class", word, known_classes).message(), where,
                      "heavy, toxic, critical and precious are known; several are separated by ';'");
    if (std::find(out.begin(), out.end(), word) == out.end()) out.push_back(word);
    word.clear();
  };
  for (const char c : text) {
    if (c == ';' || c == ' ' || c == '|' || c == '+') finish();
    else word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  finish();
  return out;
}

class Reader {
 public:
  Reader(std::string_view content, std::string_view where)
      : table_(read_csv(content, where, {.max_rows = 10'000})), where_(where) {
    // "mass_g", or "mass" whose unit stands in brackets.
    const bool plain = table_.find("mass_g");
    mass_ = numbers(plain ? "mass_g" : "mass");
    if (!plain) {
      const std::string unit = table_.column("mass").unit;
      if (unit.empty())
        throw bad_input("the column 'mass' has no unit", std::string(where_), "call it 'mass_g' or 'mass [g]'");
      const Unit u = parse_unit(unit);
      if (u.dimension != Mass::dimension)
        throw bad_input(fmt::format("the column 'mass' is in {}, which measures {}", unit, describe(u.dimension)),
                        std::string(where_));
      for (auto& m : mass_) m *= u.scale;
    }
    uncertainty_ = optional("uncertainty");
    scarcity_ = optional("scarcity");
    price_ = optional("price");
    toxicity_ = optional("toxicity");
    recovered_ = optional("recovered");
  }

  std::vector<Element> run() {
    std::vector<Element> out;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < table_.rows(); ++i) {
      const std::string place = fmt::format("{}: data row {}", where_, i + 1);
      Element e;
      e.symbol = table_.column("element").texts()[i];
      if (e.symbol.empty()) throw bad_input("element: the cell is empty", place);
      if (!seen.insert(e.symbol).second) throw bad_input(fmt::format("'{}' is there twice", e.symbol), place);
      e.name = e.symbol;
      e.grams = mass_[i];
      if (!std::isfinite(e.grams) || e.grams < 0)
        throw bad_input(fmt::format("mass of {}: a number of 0 or more is needed", e.symbol), place,
                        "leave the row out where it was not measured");
      e.uncertainty = share(uncertainty_, i, "uncertainty", place, 10);
      e.recovered = share(recovered_, i, "recovered", place, 1);
      e.scarcity = share(scarcity_, i, "scarcity", place, 1e12);
      e.price = share(price_, i, "price", place, 1e12);
      e.toxicity = share(toxicity_, i, "toxicity", place, 1e12);
      if (const Column* c = table_.find("class"); c && c->kind == ColumnKind::text)
        e.classes = classes_of(c->texts()[i], place);
      if (const Column* c = table_.find("source"); c && c->kind == ColumnKind::text) e.source = c->texts()[i];
      out.push_back(std::move(e));
    }
    if (out.empty()) throw bad_input("no elements in the file", std::string(where_), "element,mass_g,class");
    return out;
  }

 private:
  std::vector<double> numbers(const char* name) const { return table_.column(name).to_numbers(); }
  std::vector<double> optional(const char* name) const {
    const Column* c = table_.find(name);
    if (!c || (c->kind == ColumnKind::text && all_empty(*c))) return {};
    std::vector<double> out = c->to_numbers();
    if (c->unit == "%")
      for (auto& v : out) v /= 100;
    return out;
  }
  static bool all_empty(const Column& c) {
    return std::all_of(c.texts().begin(), c.texts().end(), [](const auto& s) { return s.empty(); });
  }
  static std::optional<double> share(const std::vector<double>& cells, std::size_t row, const char* name,
                                     const std::string& place, double most) {
    if (cells.empty() || std::isnan(cells[row])) return std::nullopt;
    if (!(cells[row] >= 0 && cells[row] <= most))
      throw bad_input(fmt::format("{}: {} found; 0 to {} is allowed", name, cells[row], format_number(most)), place,
                      most == 1 || most == 10 ? "a share: 5 % is 0.05" : "");
    return cells[row];
  }

  Table table_;
  std::string_view where_;
  std::vector<double> mass_, uncertainty_, scarcity_, price_, toxicity_, recovered_;
};

}  // namespace

std::vector<Element> read_elements(std::string_view content, std::string_view where) {
  try {
    return Reader(content, where).run();
  } catch (const Error& e) {
    // A column that is missing or of another kind does not know whose it is.
    throw e.where().empty() ? e.at(where) : e;
  }
}

std::vector<std::string> check_elements(const std::vector<Element>& elements, const Data& data) {
  std::vector<std::string> out;
  double sum = 0, heavy = 0;
  for (const auto& e : elements) {
    sum += e.grams;
    if (e.has("heavy")) heavy += e.grams;
  }
  const double analysed = 1000 * data.value("card", "analysed"), whole = 1000 * data.value("card", "whole");
  if (sum > whole)
    out.push_back(fmt::format("the elements are {} g together, more than an A100 SXM weighs ({} g)", format_number(sum),
                              format_number(whole)));
  else if (std::abs(sum - analysed) > 0.05 * analysed)
    out.push_back(fmt::format("the elements are {} g together; of an A100 SXM {} g were analysed", format_number(sum),
                              format_number(analysed)));
  const double share = data.value("card", "heavy_share");
  if (heavy > 0 && sum > 0 && std::abs(heavy / sum - share) > 0.05)
    out.push_back(
        fmt::format("{:.0f} % of it are heavy metals; the paper has about {:.0f} %", 100 * heavy / sum, 100 * share));
  return out;
}

std::vector<Ranked> ranked(const std::vector<Element>& elements, Ranking by) {
  std::vector<Ranked> out;
  for (const auto& e : elements) {
    const auto times = [&](const std::optional<double>& f) { return f ? e.grams / 1000 * *f : NAN; };
    switch (by) {
      case Ranking::mass: out.push_back({&e, e.grams / 1000}); break;
      case Ranking::scarcity: out.push_back({&e, times(e.scarcity)}); break;
      case Ranking::price: out.push_back({&e, times(e.price)}); break;
      case Ranking::toxicity: out.push_back({&e, times(e.toxicity)}); break;
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const Ranked& a, const Ranked& b) {
    if (std::isnan(a.value) || std::isnan(b.value)) return !std::isnan(a.value) && std::isnan(b.value);
    return a.value > b.value;
  });
  return out;
}

}  // namespace wattline::ledger::materials
