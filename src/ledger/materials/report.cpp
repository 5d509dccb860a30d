#include "ledger/materials/report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/units.h"

namespace wattline::ledger::materials {
namespace {

std::string percent(double share) { return format_number(100 * share) + " %"; }
std::string years_text(double years) { return format_number(years) + (years == 1 ? " year" : " years"); }

double at(const Training& t, double mfu, double years) {
  Training other = t;
  other.mfu = {mfu, {}};
  other.years = {years, {}};
  return consumed(other).value;
}

// A measure of all the cards, as text that cannot be torn from what it is.
std::string said(double v, const char* unit, bool illustrative) {
  return fmt::format("{} {}{}", format_number(v, 3), unit, illustrative ? ", illustrative" : "");
}

}  // namespace

Table grid_table(const Training& t, const Data& data) {
  const double base = at(t, data.value("baseline", "mfu"), data.value("baseline", "lifetime"));
  Table out("materials.grid.v1");
  out.title = "Cards by utilisation and life";
  out.caption = fmt::format("lives of cards; reduction against {} MFU and {}", percent(data.value("baseline", "mfu")),
                            years_text(data.value("baseline", "lifetime")));
  out.number("mfu", "%").number("lifetime", "years").number("cards").integer("rounded", "", "half up");
  out.number("reduction", "%");
  for (const double mfu : data.row("grid", "mfu").values)
    for (const double years : data.row("grid", "lifetime").values) {
      const double n = at(t, mfu, years);
      out.add_row({100 * mfu, years, n, rounded(n), 100 * (1 - n / base)});
    }
  return out;
}

Figure grid_figure(const Training& t, const Data& data) {
  Figure f;
  f.kind = Figure::Kind::heat;
  f.title = "Lives of cards by utilisation and life";
  f.y.label = "MFU";
  f.value_unit = "cards";
  for (const double years : data.row("grid", "lifetime").values) f.categories.push_back(years_text(years));
  for (const double mfu : data.row("grid", "mfu").values) {
    f.row_labels.push_back(percent(mfu));
    std::vector<double> row;
    for (const double years : data.row("grid", "lifetime").values) row.push_back(at(t, mfu, years));
    f.cells.push_back(std::move(row));
  }
  return f;
}

Table levers_table(const Training& t, const Data& data) {
  const double mfu0 = data.value("baseline", "mfu"), life0 = data.value("baseline", "lifetime");
  const auto& mfus = data.row("grid", "mfu").values;
  const auto& lives_of = data.row("grid", "lifetime").values;
  const double mfu1 = *std::max_element(mfus.begin(), mfus.end());
  const double longest = *std::max_element(lives_of.begin(), lives_of.end()), life1 = std::min(3.0, longest);
  const double base = at(t, mfu0, life0);
  Table out("materials.levers.v1");
  out.title = "Levers";
  out.caption = "reductions are not added up: what remains is multiplied";
  out.text("lever").text("mfu").text("lifetime").number("cards").number("reduction", "%");
  const auto row = [&](const char* name, double mfu, double years) {
    const double n = at(t, mfu, years);
    out.add_row({name, percent(mfu), years_text(years), n, 100 * (1 - n / base)});
  };
  row("none", mfu0, life0);
  row("utilisation", mfu1, life0);
  row("life", mfu0, life1);
  row("both", mfu1, life1);
  row("both, the longest life", mfu1, longest);
  return out;
}

Table elements_table(const ElementSet& set) {
  const std::string word = set.illustrative ? "illustrative_" : "";
  Table out("materials.elements.v1");
  out.title = set.illustrative ? "Elements (illustrative: not measured by anybody)" : "Elements";
  out.caption =
      set.illustrative
          ? "an illustrative placeholder; the paper's table of 32 elements is not public. --elements FILE takes a "
            "table of yours"
          : "of your table; low and high are 95 %, of the count and of the element together";
  const bool recovery =
      std::any_of(set.elements.begin(), set.elements.end(), [](const Element& e) { return e.recovered.has_value(); });
  out.text("element").text("basis").number(word + "mass", "kg").number(word + "low", "kg").number(word + "high", "kg");
  out.number(word + "share", "%").text("classes");
  if (recovery) out.number(word + "recoverable", "kg", "at the end of life");
  double sum = 0;
  for (const auto& e : set.elements) sum += e.grams;
  for (const auto& r : ranked(set.elements, Ranking::mass)) {
    const Element& e = *r.element;
    const double mass = set.cards.value * e.grams / 1000;
    const double own = e.uncertainty ? std::log1p(*e.uncertainty) / 1.959963984540054 : 0;
    const auto spread = [&](double sigma) { return std::exp(1.959963984540054 * std::hypot(sigma, own)); };
    std::string classes;
    for (const auto& c : e.classes) classes += (classes.empty() ? "" : ", ") + c;
    std::vector<Table::Cell> row{e.symbol,
                                 set.illustrative   ? std::string("illustrative")
                                 : e.source.empty() ? std::string("given")
                                                    : e.source,
                                 mass,
                                 mass / spread(set.cards.sigma_down),
                                 mass * spread(set.cards.sigma_up),
                                 sum > 0 ? 100 * e.grams / sum : NAN,
                                 classes};
    if (recovery) row.emplace_back(e.recovered ? mass * *e.recovered : NAN);
    out.add_row(std::move(row));
  }
  return out;
}

Table classes_table(const ElementSet& set) {
  const std::string word = set.illustrative ? "illustrative_" : "";
  Table out("materials.classes.v1");
  out.title = set.illustrative ? "By class (illustrative)" : "By class";
  out.caption = "an element can be of several classes: they are not added up";
  out.text("class").number(word + "mass", "kg").number(word + "share", "%").text("basis");
  double sum = 0;
  for (const auto& e : set.elements) sum += e.grams;
  const auto row = [&](std::string name, double grams) {
    out.add_row({std::move(name), set.cards.value * grams / 1000, sum > 0 ? 100 * grams / sum : NAN,
                 std::string(set.illustrative ? "illustrative" : "given")});
  };
  for (const char* cls : {"heavy", "toxic", "critical", "precious"}) {
    double grams = 0;
    for (const auto& e : set.elements)
      if (e.has(cls)) grams += e.grams;
    row(cls, grams);
  }
  row("all", sum);
  return out;
}

Table rankings_table(const ElementSet& set) {
  Table out("materials.rankings.v1");
  out.title = set.illustrative ? "Rankings (illustrative)" : "Rankings";
  out.caption =
      "by mass, also within the critical and the toxic elements, and by scarcity (ADPe), value and toxicity where a "
      "table "
      "gives their factors: the winners differ";
  constexpr const char* names[] = {"mass", "critical", "toxic", "scarcity", "value", "toxicity"};
  std::vector<std::vector<std::string>> columns(6);
  const double n = set.cards.value;
  const auto put = [&](std::size_t column, const Ranked& r, const char* unit) {
    if (std::isnan(r.value) || r.element->symbol == "other") return;
    columns[column].push_back(r.element->symbol + " " + said(n * r.value, unit, set.illustrative));
  };
  for (const auto& r : ranked(set.elements, Ranking::mass)) {
    put(0, r, "kg");
    if (r.element->has("critical")) put(1, r, "kg");
    if (r.element->has("toxic")) put(2, r, "kg");
  }
  for (const auto& r : ranked(set.elements, Ranking::scarcity)) put(3, r, "kg Sb eq");
  for (const auto& r : ranked(set.elements, Ranking::price)) put(4, r, "USD");
  for (const auto& r : ranked(set.elements, Ranking::toxicity)) put(5, r, "CTUh");
  out.integer("rank");
  for (std::size_t c = 0; c < columns.size(); ++c)
    if (!columns[c].empty()) out.text(names[c]);
  for (std::size_t i = 0; i < std::min<std::size_t>(10, columns[0].size()); ++i) {
    std::vector<Table::Cell> row{static_cast<std::int64_t>(i + 1)};
    for (const auto& c : columns)
      if (!c.empty()) row.emplace_back(i < c.size() ? c[i] : std::string());
    out.add_row(std::move(row));
  }
  return out;
}

Figure elements_figure(const ElementSet& set) {
  Figure f;
  f.kind = Figure::Kind::bar;
  f.title = set.illustrative ? "Mass of elements (illustrative)" : "Mass of elements";
  f.y = {set.illustrative ? "illustrative mass" : "mass", "kg", true, false};
  Figure::Trace trace;
  trace.name = "mass";
  for (const auto& r : ranked(set.elements, Ranking::mass)) {
    if (!(r.value > 0)) continue;
    trace.x.push_back(static_cast<double>(f.categories.size()));
    trace.y.push_back(set.cards.value * r.value);
    f.categories.push_back(r.element->symbol + (set.illustrative ? " (illustrative)" : ""));
  }
  f.traces.push_back(std::move(trace));
  return f;
}

}  // namespace wattline::ledger::materials
