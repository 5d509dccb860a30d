#include "kernel/shown.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline {
namespace {

constexpr int significant = 4;

// Whose unit a column is shown in: of X_low and X_high that of X; of low, high and sd that of what they are of, the
// last column of their unit before them. So that one row has one unit.
const Column& leader_of(const Table& t, const Column& column) {
  const auto leads = [&](const Column& c) { return c.kind == ColumnKind::number && c.unit == column.unit; };
  for (const std::string_view suffix : {"_low", "_high"})
    if (column.name.ends_with(suffix)) {
      const Column* main = t.find(std::string_view(column.name).substr(0, column.name.size() - suffix.size()));
      return main && leads(*main) ? *main : column;
    }
  const auto is_of_another = [](const Column& c) { return c.name == "low" || c.name == "high" || c.name == "sd"; };
  if (!is_of_another(column)) return column;
  const Column* leader = &column;
  for (const Column& c : t.columns()) {
    if (&c == &column) break;
    if (leads(c) && !is_of_another(c)) leader = &c;
  }
  return *leader;
}

bool of_parts(const Table& t) {
  const Column* share = t.find("share");
  return share && share->kind == ColumnKind::number && share->unit == "%";
}

std::vector<double> sizes_of(const Column& c, std::size_t rows) {
  std::vector<double> sizes;
  for (std::size_t row = 0; row < rows; ++row)
    if (const double v = std::abs(c.numbers()[row]); v > 0 && std::isfinite(v)) sizes.push_back(v);
  return sizes;
}

// Whether no one unit suits all: the largest is over so many times the smallest.
bool spans_widely(const std::vector<double>& sizes) {
  constexpr double widest = 1e5;
  const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
  return !sizes.empty() && *most > widest * *least;
}

Unit shown_unit(double base, Dimension d, bool in_watt_hours) {
  return d == Energy::dimension && in_watt_hours ? billing_unit(base) : friendly_unit(base, d);
}

// Each cell with the unit that suits it, those of X_low and X_high with that of X. Nothing where one unit does, or
// the column's is none that scales.
std::optional<std::vector<std::string>> cells_with_units(const Table& t, const Column& column, std::size_t rows) {
  if (column.kind != ColumnKind::number || column.unit.empty() || of_parts(t)) return std::nullopt;
  const Column& c = leader_of(t, column);
  if (!spans_widely(sizes_of(c, rows))) return std::nullopt;
  try {
    const Unit own = parse_unit(c.unit);
    std::vector<std::string> out;
    for (std::size_t row = 0; row < rows; ++row) {
      const double value = column.numbers()[row];
      const double size = std::isfinite(c.numbers()[row]) && c.numbers()[row] != 0 ? c.numbers()[row] : value;
      const Unit unit = shown_unit(size * own.scale, own.dimension, c.unit.ends_with("Wh"));
      if (unit.symbol.empty()) return std::nullopt;
      out.push_back(std::isfinite(value)
                        ? format_number(value * own.scale / unit.scale, significant) + " " + unit.symbol
                        : std::string());
    }
    return out;
  } catch (const Error&) {
    return std::nullopt;  // not a unit that scales
  }
}

// The prefix that a person would choose: 0.0000023 J as 2.3 µJ. Nothing where the column's own does. `scale` is
// what the column's numbers are multiplied by.
std::optional<Unit> readable_unit(const Table& t, const Column& column, std::size_t rows) {
  if (column.kind != ColumnKind::number || column.unit.empty()) return std::nullopt;
  const Column& c = leader_of(t, column);
  std::vector<double> sizes = sizes_of(c, rows);
  if (sizes.empty()) return std::nullopt;
  const bool parts = of_parts(t);
  const double low = parts ? 1 : 0.01, high = parts ? 1e3 : 1e5;
  const auto typical = parts ? sizes.end() - 1 : sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), typical, sizes.end());
  if (*typical >= low && *typical < high) return std::nullopt;
  try {
    const Unit own = parse_unit(c.unit);
    const double base = *typical * own.scale;
    Unit better = shown_unit(base, own.dimension, c.unit.ends_with("Wh"));
    if (better.symbol.empty() || better.symbol == c.unit) return std::nullopt;
    better.scale = own.scale / better.scale;
    return better;
  } catch (const Error&) {
    return std::nullopt;  // not a unit that scales
  }
}

}  // namespace

Unit billing_unit(double joules) {
  const double hours = std::abs(joules) / units::Wh.base();
  if (!(hours >= 0.1)) return friendly_unit(joules, Energy::dimension);
  if (hours < 999.95) return {"Wh", Energy::dimension, units::Wh.base()};
  return friendly_unit(joules, Energy::dimension);
}

ShownColumn shown_column(const Table& t, std::size_t index, std::size_t rows) {
  const Column& c = t.columns()[index];
  if (auto cells = cells_with_units(t, c, rows)) return {"", std::move(*cells)};
  const auto unit = readable_unit(t, c, rows);
  const bool parts = c.kind == ColumnKind::number && !c.unit.empty() && of_parts(t);
  const double least = c.unit == "%" ? 0.1 : 0.001;
  const bool floored = parts && (c.unit != "%" || c.name == "share");
  ShownColumn out{unit ? unit->symbol : c.unit, {}};
  for (std::size_t row = 0; row < rows; ++row) {
    const double value = c.kind == ColumnKind::number ? c.numbers()[row] * (unit ? unit->scale : 1) : 0;
    if (floored && value > 0 && value < least) out.cells.push_back(fmt::format("< {}", least));
    else if (unit && std::isfinite(value)) out.cells.push_back(format_number(value, significant));
    else out.cells.push_back(t.cell_text(row, index, significant));
  }
  return out;
}

std::string grouped_number(double value, int digits) {
  if (!std::isfinite(value)) return format_number(value, digits);
  if (value != 0) {
    const double step = std::pow(10.0, std::floor(std::log10(std::abs(value))) - digits + 1);
    if (step > 1) value = std::round(value / step) * step;
  }
  std::string text = format_number(value, digits);
  if (text.find('e') != std::string::npos) return text;
  const std::size_t begin = text.starts_with('-') ? 1 : 0;
  for (std::size_t at = std::min(text.find('.'), text.size()); at > begin + 3;) text.insert(at -= 3, 1, ',');
  return text;
}

}  // namespace wattline
