#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/csv_scan.h"
#include "kernel/error.h"
#include "kernel/table.h"
#include "kernel/units.h"
#include "kernel/utf8.h"

namespace wattline {
namespace csv {

std::optional<double> read_number_slowly(std::string_view s) {
  s = trimmed(s);
  const char *p = s.data(), *end = p + s.size();
  const bool negative = p != end && *p == '-';
  if (p != end && (*p == '-' || *p == '+')) ++p;
  if (p == end || has_leading_zero(p, end)) return std::nullopt;
  double value = 0;
  if (!is_digit(*p) && *p != '.') {
    const std::string_view word(p, static_cast<std::size_t>(end - p));
    if (word != "inf" && word != "Inf" && word != "INF") return std::nullopt;
    value = HUGE_VAL;
  } else {
    const auto [stop, ec] = std::from_chars(p, end, value);
    if (stop != end || ec == std::errc::invalid_argument) return std::nullopt;
    if (ec == std::errc::result_out_of_range) {
      // Too small is 0; too large cannot be held.
      value = std::strtod(std::string(p, end).c_str(), nullptr);
      if (!std::isfinite(value)) return std::nullopt;
    }
  }
  return negative ? -value : value;
}

}  // namespace csv

namespace {

using csv::Scanner;

// A column while it is read: the kind found so far, and whether earlier cells were lost by widening.
struct Reading {
  Column column;
  bool undecided = true;  // only missing cells so far
  bool again = false;     // became text late: its cells are read once more
  std::string suffix;     // the unit that every cell carries, as in "250 W"
  bool unit_from_cells = false;
};

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

// "power [W]", "energy (kWh)": the unit in brackets when it is one.
void take_unit(Column& c, std::string_view header) {
  header = csv::trimmed(header);
  c.name = header;
  if (header.size() < 3) return;
  const char close = header.back(), open = close == ']' ? '[' : '(';
  if (close != ']' && close != ')') return;
  const std::size_t at = header.rfind(open);
  if (at == std::string_view::npos || at == 0) return;
  const std::string_view unit = csv::trimmed(header.substr(at + 1, header.size() - at - 2));
  const std::string_view name = csv::trimmed(header.substr(0, at));
  if (name.empty() || !is_unit(unit)) return;
  c.name = name;
  c.unit = unit;
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
  if (csv::read_integer(cell)) return unit.empty() ? ColumnKind::integer : ColumnKind::number;
  if (csv::read_number(cell)) return ColumnKind::number;
  if (try_parse_date_time(csv::trimmed(cell))) return ColumnKind::time;
  if (csv::read_flag(cell)) return ColumnKind::flag;
  return ColumnKind::text;
}

// "250 W" in every cell, as nvidia-smi writes: the unit of such a cell, or "".
std::string_view unit_in_cell(std::string_view cell) {
  cell = csv::trimmed(cell);
  const std::size_t space = cell.find(' ');
  if (space == std::string_view::npos || !csv::read_number(cell.substr(0, space))) return {};
  const std::string_view unit = csv::trimmed(cell.substr(space));
  return is_unit(unit) ? unit : std::string_view();
}

// The number of such a cell. A bare number is one only where the header told its unit.
std::string_view without_unit(std::string_view cell, const Reading& r) {
  cell = csv::trimmed(cell);
  const std::size_t space = cell.find(' ');
  if (space != std::string_view::npos && csv::trimmed(cell.substr(space)) == r.suffix) return cell.substr(0, space);
  return r.unit_from_cells && !csv::is_missing(cell) ? std::string_view("no number") : cell;
}

void widen_to_numbers(Column& c) {
  std::vector<double> numbers = c.to_numbers();
  c.kind = ColumnKind::number;
  c.cells = std::move(numbers);
}

// Appends the cell if the column's kind holds it.
bool append(Column& c, std::string_view cell) {
  switch (c.kind) {
    case ColumnKind::text: std::get<0>(c.cells).emplace_back(cell); return true;
    case ColumnKind::number: {
      if (const auto d = csv::read_number(cell)) std::get<1>(c.cells).push_back(*d);
      else if (csv::is_missing(csv::trimmed(cell))) std::get<1>(c.cells).push_back(NAN);
      else return false;
      return true;
    }
    case ColumnKind::integer:
    case ColumnKind::time:
    case ColumnKind::flag: break;
  }
  std::optional<std::int64_t> value;
  if (c.kind == ColumnKind::integer) value = csv::read_integer(cell);
  else if (c.kind == ColumnKind::time) {
    if (const auto t = try_parse_date_time(csv::trimmed(cell))) value = t->ns;
  } else if (const auto f = csv::read_flag(cell)) value = *f;
  if (!value && csv::is_missing(csv::trimmed(cell))) value = missing_integer;
  if (!value) return false;
  std::get<2>(c.cells).push_back(*value);
  return true;
}

void take(Reading& r, std::string_view cell, std::size_t row, std::size_t expected_rows) {
  Column& c = r.column;
  if (r.again) return;
  if (r.undecided) {
    if (csv::is_missing(csv::trimmed(cell))) return;
    r.undecided = false;
    ColumnKind kind = kind_of(cell, c.unit);
    if (kind == ColumnKind::text) {
      const std::string_view unit = unit_in_cell(cell);
      if (!unit.empty() && (c.unit.empty() || c.unit == unit)) {
        kind = ColumnKind::number;
        r.unit_from_cells = c.unit.empty();
        c.unit = r.suffix = unit;
      }
    }
    if (kind == ColumnKind::text) {
      // The missing cells before keep their text ("NA").
      r.again = row > 0;
      c.kind = ColumnKind::text;
      if (r.again) return;
    }
    set_kind(c, kind, row);
    std::visit([&](auto& all) { all.reserve(expected_rows); }, c.cells);
  }
  if (append(c, r.suffix.empty() ? cell : without_unit(cell, r))) return;
  if (c.kind == ColumnKind::integer && csv::read_number(cell)) {
    widen_to_numbers(c);
    append(c, cell);
    return;
  }
  if (r.unit_from_cells) c.unit.clear();
  c.kind = ColumnKind::text;
  c.cells = std::vector<std::string>();
  r.again = true;
}

std::string_view without_lines(std::string_view text, std::size_t count, std::string_view where) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos)
      throw bad_input(fmt::format("has {} lines, {} are to be skipped", i + !text.empty(), count), std::string(where));
    text.remove_prefix(end + 1);
  }
  return text;
}

// Names people can ask for: none empty, none twice.
void name_columns(std::vector<Reading>& columns) {
  std::unordered_set<std::string> taken;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::string& name = columns[i].column.name;
    if (name.empty()) name = fmt::format("column_{}", i + 1);
    const std::string base = name;
    for (int n = 2; !taken.insert(name).second; ++n) name = fmt::format("{}_{}", base, n);
  }
}

}  // namespace

Table read_csv(std::string_view content, std::string_view where, const CsvOptions& o) {
  const std::string_view text = without_lines(csv::checked_text(content, where), o.skip_lines, where);
  const char delimiter = o.delimiter ? o.delimiter : csv::find_delimiter(text);
  Scanner scanner(text, delimiter, where, o.skip_lines + 1, o.quotes);
  std::vector<std::string_view> fields;
  if (!scanner.next(fields))
    throw bad_input("is empty", std::string(where), o.header ? "a line with the names of the columns is needed" : "");
  std::vector<Reading> columns(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (o.header) take_unit(columns[i].column, fields[i]);
    columns[i].undecided = o.infer;
  }
  name_columns(columns);
  const Scanner first_row = scanner;
  const auto each_row = [&](auto&& take_row) {
    Scanner again = first_row;
    bool have = !o.header;
    if (have) again = Scanner(text, delimiter, where, o.skip_lines + 1, o.quotes);
    std::size_t row = 0;
    while (again.next(fields)) {
      if (fields.size() != columns.size()) {
        const bool cut = again.at_end() && !text.ends_with('\n') && fields.size() < columns.size();
        throw bad_input(fmt::format("has {} field{} where the {} {}", fields.size(), fields.size() == 1 ? "" : "s",
                                    o.header ? "header names" : "first row has", columns.size()),
                        again.where(std::min(fields.size(), columns.size() + 1)),
                        cut ? "the file ends in the middle of this row: remove it"
                            : fmt::format("fields are separated by {}, and quoted when they hold one",
                                          delimiter == '\t' ? "tabs" : fmt::format("'{}'", delimiter)));
      }
      if (row == o.max_rows)
        throw bad_input(fmt::format("has more than the {} rows that are read", o.max_rows), again.where(1));
      take_row(row++);
    }
    return row;
  };

  std::size_t expected = 0;
  const std::size_t rows = each_row([&](std::size_t row) {
    if (row == 0) {
      std::size_t bytes = fields.size();
      for (const auto& f : fields) bytes += f.size();
      expected = std::min(o.max_rows, text.size() / bytes + text.size() / bytes / 8 + 1);
    }
    for (std::size_t i = 0; i < columns.size(); ++i) take(columns[i], fields[i], row, expected);
  });
  bool again = false;
  for (auto& r : columns) {
    // Nothing but missing cells: numbers where a unit says so, else whatever text they are.
    if (r.undecided && !r.column.unit.empty()) set_kind(r.column, ColumnKind::number, rows);
    else if (r.undecided) r.again = rows > 0;
    again |= r.again;
  }
  if (again)
    each_row([&](std::size_t) {
      for (std::size_t i = 0; i < columns.size(); ++i)
        if (columns[i].again) append(columns[i].column, fields[i]);
    });
  Table t;
  for (auto& r : columns) t.columns().push_back(std::move(r.column));
  return t;
}

void for_each_csv_row(std::string_view content, char delimiter, std::string_view where,
                      const std::function<void(std::size_t, const std::vector<std::string_view>&)>& use) {
  const std::string_view text = csv::checked_text(content, where);
  Scanner scanner(text, delimiter ? delimiter : csv::find_delimiter(text), where);
  std::vector<std::string_view> fields;
  while (scanner.next(fields)) use(scanner.line(), fields);
}

}  // namespace wattline
