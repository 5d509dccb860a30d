#include "ledger/materials/data.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/catalog_rows.h"
#include "physics/training_compute.h"

namespace wattline::ledger::materials {
namespace {

using catalog::DataFile;
using catalog::DataRow;

std::vector<double> numbers(const DataRow& row, std::string_view column) {
  std::vector<double> out;
  for (const auto& text : row.list(column)) {
    double v = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(v) || v < 0)
      row.fail(column, fmt::format("'{}' is no number of 0 or more", text));
    out.push_back(v);
  }
  if (out.empty() || *std::min_element(out.begin(), out.end()) <= 0)
    row.fail(column, "numbers above 0 are needed", "several are separated by ';'");
  return out;
}

}  // namespace

bool Element::has(std::string_view cls) const {
  return std::find(classes.begin(), classes.end(), cls) != classes.end();
}

Data::Data(const catalog::Catalog& from) {
  {
    const DataFile file = catalog_rows(from, "sources.csv", {"id"});
    for (const auto& row : file.rows()) sources_[row.text("id")] = {row.text("title"), row.text("licence")};
  }
  {
    const DataFile file = catalog_rows(from, "materials_models.csv", {"name"}, catalog::name_key);
    for (const auto& row : file.rows()) {
      Run r;
      r.name = row.required("name");
      r.aliases = row.list("aliases");
      r.flop.value = row.number("flop").value_or(0);
      r.flop.range = row.interval("flop", "flop_low", "flop_high");
      r.parameters = row.number("parameters").value_or(0);
      r.tokens = row.number("tokens").value_or(0);
      if (!(r.flop.value > 0)) {
        if (!(r.parameters > 0 && r.tokens > 0))
          row.fail("flop", "the cell is empty, and so are parameters or tokens", "give flop, or both of them");
        r.flop.value = physics::training_flops(r.parameters, r.tokens).base();
      }
      r.source = row.required("source");
      r.note = row.text("note");
      r.year = row.integer("year");
      runs_.push_back(std::move(r));
    }
  }
  {
    const DataFile file = catalog_rows(from, "materials_values.csv", {"group", "name"});
    for (const auto& row : file.rows())
      values_.push_back({row.required("group"), row.required("name"), row.text("unit"), row.required("description"),
                         row.required("source"), row.text("note"), numbers(row, "value"), row.integer("year")});
  }
  const DataFile file = catalog_rows(from, "materials_elements.csv", {"element"});
  for (const auto& row : file.rows()) {
    Element e;
    e.symbol = row.required("element");
    e.name = row.required("name");
    e.grams = row.required_number("illustrative_mass");
    e.classes = row.list("classes");
    e.scarcity = row.number("scarcity");
    e.source = row.required("source");
    placeholder_.push_back(std::move(e));
  }
}

const Run* Data::find_run(std::string_view name) const {
  const std::string key = catalog::name_key(name);
  for (const auto& r : runs_) {
    if (catalog::name_key(r.name) == key) return &r;
    for (const auto& a : r.aliases)
      if (catalog::name_key(a) == key) return &r;
  }
  return nullptr;
}

const Value& Data::row(std::string_view group, std::string_view name) const {
  for (const auto& v : values_)
    if (v.group == group && v.name == name) return v;
  throw Error(ErrorKind::not_found, fmt::format("no value '{}' of group '{}'", name, group), "materials_values.csv");
}

std::string Data::title(const std::string& id) const {
  const auto it = sources_.find(id);
  return it == sources_.end() ? id : it->second.first;
}

FactorUse Data::factor(std::string id, std::string description, std::string value, const std::string& source,
                       int year) const {
  const auto it = sources_.find(source);
  return {"materials." + std::move(id),
          std::move(description),
          std::move(value),
          title(source),
          year ? std::to_string(year) : "",
          it == sources_.end() ? "" : it->second.second};
}

FactorUse Data::use(const Run& r) const {
  return factor("model." + r.name,
                fmt::format("compute of the training of {}{}{}", r.name, r.note.empty() ? "" : ": ", r.note),
                fmt::format("{:.4g} FLOP", r.flop.value), r.source, r.year);
}
FactorUse Data::use(const Value& v) const {
  std::string text;
  for (const double x : v.values) text += (text.empty() ? "" : ", ") + format_number(x, 8);
  return factor(v.group + "." + v.name, v.note.empty() ? v.description : v.description + " (" + v.note + ")",
                v.unit.empty() ? text : text + " " + v.unit, v.source, v.year);
}
FactorUse Data::use_placeholder() const {
  return factor("placeholder", "illustrative masses of elements, not measured by anybody", "illustrative",
                placeholder_.front().source, 2025);
}

}  // namespace wattline::ledger::materials
