#include "kernel/csv_columns.h"

#include <cmath>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::csv {
namespace {

// Points on the temperature scale are no multiples of a unit, but columns of them are common.
bool is_unit(std::string_view s) {
  if (s == "°C" || s == "°F") return true;
  if (s.empty() || s.size() > 40) return false;
  try {
    parse_unit(s);
    return true;
  } catch (const Error&) {
    return false;
  }
}

void set_kind(Column& c, ColumnKind kind, std::size_t missing_rows) {
  c.kind = kind;
  if (kind == ColumnKind::text) c.cells = std::vector<std::string>(missing_rows);
  else if (kind == ColumnKind::number) c.cells = std::vector<double>(missing_rows, NAN);
  else c.cells = std::vector<std::int64_t>(missing_rows, missing_integer);
}

// The narrowest kind that holds the cell. A column with a unit is of numbers whatever its first
// cells look like: 1 kWh is no integer.
ColumnKind kind_of(std::string_view cell, const std::string& unit) {
  if (read_integer(cell)) return unit.empty() ? ColumnKind::integer : ColumnKind::number;
  if (read_number(cell)) return ColumnKind::number;
  if (try_parse_date_time(trimmed(cell))) return ColumnKind::time;
  if (read_flag(cell)) return ColumnKind::flag;
  return ColumnKind::text;
}

// "250 W" in every cell, as nvidia-smi writes: the unit of such a cell, or "".
std::string_view unit_in_cell(std::string_view cell) {
  cell = trimmed(cell);
  const std::size_t space = cell.find(' ');
  if (space == std::string_view::npos || !read_number(cell.substr(0, space))) return {};
  const std::string_view unit = trimmed(cell.substr(space));
  return is_unit(unit) ? unit : std::string_view();
}

void widen_to_numbers(Column& c) {
  std::vector<double> numbers = c.to_numbers();
  c.kind = ColumnKind::number;
  c.cells = std::move(numbers);
}

// Appends the cell if the column's kind holds it.
bool append(Column& c, std::string_view cell) {
  if (c.kind == ColumnKind::text) {
    std::get<0>(c.cells).emplace_back(cell);
    return true;
  }
  if (c.kind == ColumnKind::number) {
    double number = NAN;
    if (!take_number(cell, number) && !is_missing(trimmed(cell))) return false;
    std::get<1>(c.cells).push_back(number);
    return true;
  }
  std::int64_t value = missing_integer;
  bool taken = false;
  if (c.kind == ColumnKind::integer) {
    taken = take_integer(cell, value);
  } else if (c.kind == ColumnKind::time) {
    if (const auto t = try_parse_date_time(trimmed(cell))) value = t->ns, taken = true;
  } else if (const auto f = read_flag(cell)) {
    value = *f, taken = true;
  }
  if (!taken && !is_missing(trimmed(cell))) return false;
  std::get<2>(c.cells).push_back(taken ? value : missing_integer);
  return true;
}

}  // namespace

void ColumnReader::take_header(std::string_view header) {
  header = trimmed(header);
  column.name = header;
  if (header.size() < 3) return;
  const char close = header.back(), open = close == ']' ? '[' : '(';
  if (close != ']' && close != ')') return;
  const std::size_t at = header.rfind(open);
  if (at == std::string_view::npos || at == 0) return;
  const std::string_view unit = trimmed(header.substr(at + 1, header.size() - at - 2));
  const std::string_view name = trimmed(header.substr(0, at));
  if (name.empty() || !is_unit(unit)) return;
  column.name = name;
  column.unit = unit;
}

// The number of a cell with unit. A bare number is one only where the header told its unit.
std::string_view ColumnReader::without_unit(std::string_view cell) const {
  cell = trimmed(cell);
  const std::size_t space = cell.find(' ');
  if (space != std::string_view::npos && trimmed(cell.substr(space)) == suffix_) return cell.substr(0, space);
  return unit_from_cells_ && !is_missing(cell) ? std::string_view("no number") : cell;
}

// Chooses the kind by the first cell that is not missing; false when earlier cells have to be read again.
bool ColumnReader::decide(std::string_view cell, std::size_t row) {
  undecided_ = false;
  ColumnKind kind = kind_of(cell, column.unit);
  if (kind == ColumnKind::text) {
    const std::string_view unit = unit_in_cell(cell);
    if (!unit.empty() && (column.unit.empty() || column.unit == unit)) {
      kind = ColumnKind::number;
      unit_from_cells_ = column.unit.empty();
      column.unit = suffix_ = unit;
    }
  }
  // In a text column the missing cells before keep their letters ("NA").
  again_ = kind == ColumnKind::text && row > 0;
  set_kind(column, kind, again_ ? 0 : row);
  return !again_;
}

void ColumnReader::take(std::string_view cell, std::size_t row, std::size_t expected_rows) {
  if (again_) return;
  if (undecided_) {
    if (is_missing(trimmed(cell)) || !decide(cell, row)) return;
    std::visit([&](auto& all) { all.reserve(expected_rows); }, column.cells);
  }
  if (append(column, suffix_.empty() ? cell : without_unit(cell))) return;
  if (column.kind == ColumnKind::integer && read_number(cell)) {
    widen_to_numbers(column);
    append(column, cell);
    return;
  }
  if (unit_from_cells_) column.unit.clear();
  set_kind(column, ColumnKind::text, 0);
  again_ = true;
}

bool ColumnReader::finish(std::size_t rows) {
  // Nothing but missing cells: numbers where a unit says so, else whatever text they are.
  if (undecided_ && !column.unit.empty()) set_kind(column, ColumnKind::number, rows);
  else if (undecided_) again_ = rows > 0;
  return again_;
}

void ColumnReader::take_again(std::string_view cell) {
  if (again_) append(column, cell);
}

}  // namespace wattline::csv
