#include "kernel/table.h"

#include <cassert>
#include <cmath>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "kernel/utf8.h"

namespace wattline {

std::string_view to_string(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::text: return "text";
    case ColumnKind::number: return "number";
    case ColumnKind::integer: return "integer";
    case ColumnKind::time: return "time";
    case ColumnKind::flag: return "flag";
  }
  return "text";
}

std::size_t Column::size() const {
  return std::visit([](const auto& all) { return all.size(); }, cells);
}

void Column::wrong_kind(const char* wanted) const {
  std::string found = fmt::format("column '{}' holds {}", name,
                                  kind == ColumnKind::text ? "text" : fmt::format("{}s", to_string(kind)));
  // The cell that made the column one of text.
  if (const auto* all = std::get_if<0>(&cells))
    for (std::size_t row = 0; row < all->size(); ++row)
      if (!csv::is_missing((*all)[row]) && !csv::read_number((*all)[row])) {
        found += fmt::format(" ('{}' in row {})", shown_text((*all)[row]), row + 1);
        break;
      }
  throw bad_input(fmt::format("{}, {} needed", found,
                              std::string_view(wanted) == "text" ? "text is" : fmt::format("{} are", wanted)));
}

std::vector<double> Column::to_numbers() const {
  if (kind != ColumnKind::integer && kind != ColumnKind::flag) return numbers();
  std::vector<double> out;
  out.reserve(integers().size());
  for (std::int64_t i : integers()) out.push_back(i == missing_integer ? NAN : static_cast<double>(i));
  return out;
}

namespace {

Column make_column(std::string name, ColumnKind kind, std::string unit, std::string help) {
  Column c;
  c.name = std::move(name);
  c.kind = kind;
  c.unit = std::move(unit);
  c.help = std::move(help);
  if (kind == ColumnKind::number) c.cells = std::vector<double>();
  else if (kind != ColumnKind::text) c.cells = std::vector<std::int64_t>();
  return c;
}

void append(Column& c, Table::Cell& cell) {
  const bool missing = std::holds_alternative<std::monostate>(cell);
  switch (c.kind) {
    case ColumnKind::text:
      assert((missing || std::holds_alternative<std::string>(cell)) && "a text column takes text");
      std::get<0>(c.cells).push_back(missing ? std::string() : std::move(std::get<std::string>(cell)));
      return;
    case ColumnKind::number: {
      double value = NAN;
      if (const auto* d = std::get_if<double>(&cell)) value = *d;
      else if (const auto* i = std::get_if<std::int64_t>(&cell)) value = static_cast<double>(*i);
      else assert(missing && "a number column takes numbers");
      std::get<1>(c.cells).push_back(value);
      return;
    }
    case ColumnKind::integer:
      assert((missing || std::holds_alternative<std::int64_t>(cell)) && "an integer column takes integers");
      std::get<2>(c.cells).push_back(missing ? missing_integer : std::get<std::int64_t>(cell));
      return;
    case ColumnKind::time:
      assert((missing || std::holds_alternative<Time>(cell)) && "a time column takes times");
      std::get<2>(c.cells).push_back(missing ? missing_integer : std::get<Time>(cell).ns);
      return;
    case ColumnKind::flag:
      assert((missing || std::holds_alternative<bool>(cell)) && "a flag column takes flags");
      std::get<2>(c.cells).push_back(missing ? missing_integer : std::get<bool>(cell));
      return;
  }
}

}  // namespace

Table& Table::text(std::string name, std::string help) {
  columns_.push_back(make_column(std::move(name), ColumnKind::text, {}, std::move(help)));
  return *this;
}
Table& Table::number(std::string name, std::string unit, std::string help) {
  columns_.push_back(make_column(std::move(name), ColumnKind::number, std::move(unit), std::move(help)));
  return *this;
}
Table& Table::integer(std::string name, std::string unit, std::string help) {
  columns_.push_back(make_column(std::move(name), ColumnKind::integer, std::move(unit), std::move(help)));
  return *this;
}
Table& Table::time(std::string name, std::string help) {
  columns_.push_back(make_column(std::move(name), ColumnKind::time, {}, std::move(help)));
  return *this;
}
Table& Table::flag(std::string name, std::string help) {
  columns_.push_back(make_column(std::move(name), ColumnKind::flag, {}, std::move(help)));
  return *this;
}

void Table::add_row(std::vector<Cell> cells) {
  assert(cells.size() == columns_.size() && "one cell per column");
  for (std::size_t i = 0; i < columns_.size(); ++i) append(columns_[i], cells[i]);
}

std::size_t Table::rows() const { return columns_.empty() ? 0 : columns_.front().size(); }

const Column* Table::find(std::string_view name) const {
  for (const auto& c : columns_)
    if (c.name == name) return &c;
  return nullptr;
}

const Column& Table::column(std::string_view name) const {
  if (const Column* c = find(name)) return *c;
  std::vector<std::string> names;
  for (const auto& c : columns_) names.push_back(c.name);
  const Error e = unknown_name("column", name, names);
  const bool told = e.message().find("known are") != std::string::npos || names.empty();
  throw Error(ErrorKind::not_found, e.message(), title.empty() ? schema_ : title,
              told ? "" : fmt::format("there are {}", fmt::join(names, ", ")).substr(0, 400));
}

std::string Table::cell_text(std::size_t row, std::size_t column, int significant) const {
  const Column& c = columns_.at(column);
  switch (c.kind) {
    case ColumnKind::text: return c.texts().at(row);
    case ColumnKind::number: {
      const double d = c.numbers().at(row);
      return std::isnan(d) ? std::string() : format_number(d, significant);
    }
    case ColumnKind::integer: {
      const std::int64_t i = c.integers().at(row);
      return i == missing_integer ? std::string() : std::to_string(i);
    }
    case ColumnKind::time: {
      const Time t{c.integers().at(row)};
      return t.ns == missing_integer ? std::string() : to_string(t, fraction_digits_of(t));
    }
    case ColumnKind::flag: {
      const std::int64_t i = c.integers().at(row);
      return i == missing_integer ? std::string() : i ? "yes" : "no";
    }
  }
  return {};
}

}  // namespace wattline
