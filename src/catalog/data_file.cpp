#include "catalog/data_file.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/table.h"
#include "kernel/units.h"

namespace wattline::catalog {
namespace {

constexpr std::size_t longest_cell = 2000, most_rows = 200'000;

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

struct Heading {
  std::string name;
  std::optional<Unit> unit;
};

// "carbon_intensity [gCO2e/kWh]"
Heading heading(std::string_view text, const std::string& where) {
  text = trim(text);
  const auto open = text.find('[');
  if (open == std::string_view::npos) return {std::string(text), {}};
  if (text.back() != ']')
    throw bad_input(fmt::format("column '{}' has no closing ']'", text.substr(0, 60)), where,
                    "write the unit as in 'bandwidth [GB/s]'");
  const std::string name(trim(text.substr(0, open)));
  try {
    return {name, parse_unit(text.substr(open + 1, text.size() - open - 2))};
  } catch (const Error& e) {
    throw bad_input(fmt::format("column '{}': {}", name, e.message()), where, e.hint());
  }
}

std::string checked(std::string_view text, const std::string& column, const std::string& file, std::size_t row) {
  text = trim(text);
  if (text.size() > longest_cell)
    throw bad_input(
        fmt::format("{}: a cell of {} characters; {} at most are allowed", column, text.size(), longest_cell),
        fmt::format("{}:{}", file, row));
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      throw bad_input(fmt::format("{}: a cell with a control character", column), fmt::format("{}:{}", file, row),
                      "remove it");
  return std::string(text);
}

using Fields = std::vector<std::string_view>;

// Calls `header` with the first row and `row` with each other one, and their numbers.
void read_rows(std::string_view where, std::string_view content,
               const std::function<void(const Fields&, const std::string& where)>& header,
               const std::function<void(const Fields&, std::size_t row)>& row) {
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  bool first = true;
  std::size_t columns = 0, count = 0;
  for_each_csv_row(content, ',', where, [&](std::size_t number, const Fields& fields) {
    if (fields.empty() || (fields.size() == 1 && trim(fields[0]).empty())) return;
    if (first) {
      first = false;
      columns = fields.size();
      header(fields, fmt::format("{}:{}", where, number));
      return;
    }
    if (fields.size() != columns)
      throw bad_input(fmt::format("{} cells where the header has {} columns", fields.size(), columns),
                      fmt::format("{}:{}", where, number), "put cells with commas in quotes");
    if (++count > most_rows)
      throw bad_input(fmt::format("more than {} rows", most_rows), fmt::format("{}:{}", where, number));
    row(fields, number);
  });
  if (first) throw bad_input("the file is empty; a header line with column names belongs there", std::string(where));
}

// A column put over ours has a unit exactly where ours has one, and of the same kind.
void check_unit(const Heading& h, const Unit* ours, const std::string& place) {
  if (!ours && h.unit)
    throw bad_input(fmt::format("column '{}' has no unit, but '[{}]' is given", h.name, h.unit->symbol), place,
                    fmt::format("write '{}'", h.name));
  if (ours && !h.unit)
    throw bad_input(fmt::format("column '{}' needs a unit", h.name), place,
                    fmt::format("write '{} [{}]'", h.name, ours->symbol));
  if (ours && h.unit->dimension != ours->dimension)
    throw bad_input(fmt::format("column '{}': '{}' measures {}, not {}", h.name, h.unit->symbol,
                                describe(h.unit->dimension), describe(ours->dimension)),
                    place, fmt::format("use [{}] or another unit of the same kind", ours->symbol));
}

}  // namespace

DataFile::DataFile(std::string_view name, std::string_view content, std::vector<std::string> keys, KeyOf key_of,
                   const Wanted& wanted)
    : files_{std::string(name)}, key_of_(std::move(key_of)) {
  read_rows(
      name, content,
      [&](const Fields& fields, const std::string& place) {
        for (const auto field : fields) {
          Heading h = heading(field, place);
          if (!index_.emplace(h.name, names_.size()).second)
            throw bad_input(fmt::format("column '{}' is there twice", h.name), place);
          names_.push_back(std::move(h.name));
          units_.push_back(h.unit ? &known_units_.emplace_back(std::move(*h.unit)) : nullptr);
        }
        for (const auto& k : keys) keys_.push_back(column(k));
      },
      [&](const Fields& fields, std::size_t row) {
        if (wanted && !wanted(*this, fields)) return;
        Stored stored{{}, 0, row};
        stored.cells.reserve(fields.size());
        for (std::size_t i = 0; i < fields.size(); ++i)
          stored.cells.push_back({checked(fields[i], names_[i], files_[0], row), units_[i], 0, row});
        if (!keys_.empty() && !by_key_.emplace(key(stored.cells), rows_.size()).second)
          throw bad_input(fmt::format("'{}' is there twice", stored.cells[keys_.back()].text), where(0, row));
        rows_.push_back(std::move(stored));
      });
}

std::string DataFile::where(std::size_t file, std::size_t row) const { return fmt::format("{}:{}", files_[file], row); }

std::size_t DataFile::column(std::string_view name) const {
  const auto it = index_.find(name);
  assert(it != index_.end());
  return it->second;
}

std::size_t DataFile::find_column(std::string_view name, const std::string& where) const {
  const auto it = index_.find(name);
  if (it != index_.end()) return it->second;
  const Error e = unknown_name("column", name, names_);
  throw bad_input(e.message(), where, fmt::format("docs/formats/catalog.md lists the columns"));
}

// Keys of several columns are joined by what no key holds.
std::string DataFile::key(const std::vector<Cell>& cells) const {
  std::string out;
  for (const auto k : keys_) {
    const std::string part = key_of_(cells[k].text);
    if (part.empty())
      throw bad_input(
          fmt::format("{}: '{}' names nothing; a name with letters or digits is needed", names_[k], cells[k].text),
          where(cells[k].file, cells[k].row));
    out += (out.empty() ? "" : "/") + part;
  }
  return out;
}

void DataFile::put_over(std::string_view name, std::string_view content) {
  const std::size_t file = files_.size();
  files_.emplace_back(name);
  std::vector<std::size_t> target;  // by column of the override
  std::vector<const Unit*> units;
  std::map<std::string, std::size_t> seen;  // key, row
  const bool dated = index_.contains("year");
  read_rows(
      name, content,
      [&](const Fields& fields, const std::string& place) {
        for (const auto field : fields) {
          const Heading h = heading(field, place);
          const std::size_t to = find_column(h.name, place);
          if (std::find(target.begin(), target.end(), to) != target.end())
            throw bad_input(fmt::format("column '{}' is there twice", h.name), place);
          check_unit(h, units_[to], place);
          target.push_back(to);
          units.push_back(h.unit ? &known_units_.emplace_back(*h.unit) : nullptr);
        }
        for (const auto k : keys_)
          if (std::find(target.begin(), target.end(), k) == target.end())
            throw bad_input(fmt::format("column '{}' is missing: it says which row is meant", names_[k]), place);
      },
      [&](const Fields& fields, std::size_t number) {
        std::vector<Cell> cells(names_.size(), Cell{{}, nullptr, file, number});
        for (std::size_t i = 0; i < fields.size(); ++i)
          cells[target[i]] = {checked(fields[i], names_[target[i]], files_[file], number), units[i], file, number};
        const std::string row_key = key(cells);
        const std::string place = where(file, number);
        if (const auto [it, fresh] = seen.emplace(row_key, number); !fresh)
          throw bad_input(fmt::format("'{}' is there twice, first in row {}", cells[keys_.back()].text, it->second),
                          place);
        for (const char* own : {"source", "year"})
          if (dated && (cells[column(own)].text.empty() || cells[column(own)].text == "-"))
            throw bad_input(fmt::format("no {}: every row put over the catalog says its own source and year", own),
                            place, fmt::format("fill the column '{}'", own));
        put_row(row_key, std::move(cells), file, number);
      });
}

void DataFile::put_row(const std::string& row_key, std::vector<Cell> cells, std::size_t file, std::size_t number) {
  const auto [it, added] = by_key_.emplace(row_key, rows_.size());
  if (added) {
    rows_.push_back({std::vector<Cell>(names_.size(), Cell{{}, nullptr, file, number}), file, number});
    for (const auto k : keys_) rows_.back().cells[k] = cells[k];
  }
  Stored& stored = rows_[it->second];
  stored.file = file;
  stored.row = number;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    // A known row keeps its name as the catalog spells it.
    if (cells[i].text.empty() || std::find(keys_.begin(), keys_.end(), i) != keys_.end()) continue;
    if (cells[i].text == "-") cells[i].text.clear();
    stored.cells[i] = std::move(cells[i]);
  }
}

std::vector<DataRow> DataFile::rows() const {
  std::vector<DataRow> out;
  out.reserve(rows_.size());
  for (std::size_t i = 0; i < rows_.size(); ++i) out.emplace_back(*this, i);
  return out;
}

void DataRow::fail(std::string_view column, const std::string& message, const std::string& hint) const {
  const Cell& c = cell(column);
  throw bad_input(fmt::format("{}: {}", column, message), file_->where(c.file, c.row), hint);
}

const std::string& DataRow::required(std::string_view column) const {
  const std::string& out = text(column);
  if (out.empty()) fail(column, "a text is needed, the cell is empty");
  return out;
}

std::vector<std::string> DataRow::list(std::string_view column) const {
  std::vector<std::string> out;
  std::string_view rest = text(column);
  while (!rest.empty()) {
    const auto stop = std::min(rest.find(';'), rest.size());
    if (const auto item = trim(rest.substr(0, stop)); !item.empty()) out.emplace_back(item);
    rest.remove_prefix(std::min(stop + 1, rest.size()));
  }
  return out;
}

std::optional<bool> DataRow::flag(std::string_view column) const {
  const std::string& t = text(column);
  if (t.empty()) return std::nullopt;
  if (t != "yes" && t != "no") fail(column, fmt::format("'{}' found; yes, no or nothing is allowed", t));
  return t == "yes";
}

std::optional<double> DataRow::number(std::string_view column, double minimum) const {
  const Cell& c = cell(column);
  if (c.text.empty()) return std::nullopt;
  double out = 0;
  const char* end = c.text.data() + c.text.size();
  // Nearly all cells are plain numbers; what else is there may carry its own unit.
  if (const auto [stop, error] = std::from_chars(c.text.data(), end, out);
      error == std::errc() && stop == end && std::isfinite(out)) {
    out *= c.unit ? c.unit->scale : 1;
  } else {
    try {
      out = parse_quantity(c.text, c.unit ? c.unit->dimension : Dimension{}, c.unit ? c.unit->symbol : "");
    } catch (const Error& e) {
      fail(column, e.message(), e.hint());
    }
  }
  if (out < minimum) fail(column, fmt::format("'{}' found; {} or more is allowed", c.text, format_number(minimum)));
  return out;
}

double DataRow::required_number(std::string_view column, double minimum) const {
  const auto out = number(column, minimum);
  if (!out) fail(column, "a number is needed, the cell is empty");
  return *out;
}

int DataRow::integer(std::string_view column) const {
  const auto v = number(column);
  if (!v) return 0;
  if (*v != std::floor(*v) || *v > 1e9)
    fail(column, fmt::format("'{}' found; a whole number up to a thousand million is allowed", text(column)));
  return static_cast<int>(*v);
}

std::optional<Interval> DataRow::interval(std::string_view value, std::string_view low, std::string_view high) const {
  // The value itself is judged where it is read: a coefficient may be negative.
  const auto v = number(value, -1e300), l = number(low), h = number(high);
  if (!l && !h) return std::nullopt;
  if (!v) fail(value, fmt::format("the cell is empty, but {} and {} give an interval", low, high));
  if (!l || !h) fail(l ? high : low, "the other end of the interval is given, this one is not");
  if (*l > *v || *h < *v)
    fail(value, fmt::format("'{}' lies outside its interval '{}' .. '{}'", text(value), text(low), text(high)),
         fmt::format("give {} and {} too, or '-' where they are unknown", low, high));
  return Interval{*l, *h};
}

}  // namespace wattline::catalog
