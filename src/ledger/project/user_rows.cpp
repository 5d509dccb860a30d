#include "ledger/project/user_rows.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/table.h"
#include "kernel/units.h"
#include "kernel/utf8.h"

namespace wattline::ledger {
namespace {

constexpr std::size_t most_rows = 100'000, longest_cell = 1000;

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t' || s.front() == '\r')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t' || s.back() == '\r')) s.remove_suffix(1);
  return s;
}

std::string plain(std::string_view name) {
  std::string out;
  for (char c : trim(name)) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    out += c == ' ' || c == '-' ? '_' : c;
  }
  return out;
}

// The place of "power [W]" among the columns.
std::size_t column_of(std::string_view text, const std::vector<UserColumn>& columns, const std::string& where) {
  std::string_view unit;
  if (const auto open = text.find('['); open != std::string_view::npos && trim(text).ends_with(']')) {
    unit = trim(text.substr(open + 1, text.find(']', open) - open - 1));
    text = text.substr(0, open);
  }
  const std::string name = plain(text);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    names.push_back(columns[i].name);
    if (columns[i].name != name) continue;
    if (!unit.empty() && unit != columns[i].unit)
      throw bad_input(fmt::format("column '{}' is in '{}'; {} is taken", name, shown_text(unit),
                                  columns[i].unit.empty() ? "a number without unit" : "'" + columns[i].unit + "'"),
                      where);
    return i;
  }
  throw bad_input(unknown_name("column", name.empty() ? "(empty)" : shown_text(name), names).message(), where,
                  fmt::format("columns are {}", fmt::join(names, ", ")));
}

void check_columns(const std::vector<bool>& given, const std::vector<UserColumn>& columns, const std::string& where) {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i].required && !given[i])
      throw bad_input(fmt::format("column '{}' is missing", columns[i].name), where);
}

std::string cell_of(std::string_view text, const std::string& column, const std::string& where) {
  text = trim(text);
  if (text.size() > longest_cell)
    throw bad_input(
        fmt::format("{}: a cell of {} characters; {} at most are allowed", column, text.size(), longest_cell), where);
  if (valid_utf8_prefix(text) != text.size())
    throw bad_input(fmt::format("{}: '{}' is not UTF-8", column, shown_text(text.substr(0, valid_utf8_prefix(text)))),
                    where, "save the file as UTF-8");
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      throw bad_input(fmt::format("{}: a control character in '{}'", column, shown_text(text)), where);
  return std::string(text);
}

void check_row(const UserRow& row, const std::vector<UserColumn>& columns) {
  for (const auto& c : columns)
    if (c.required && !row.has(c.name)) row.fail(c.name, "there is no value");
}

std::vector<UserRow> read_csv_rows(std::string_view content, const std::string& where,
                                   const std::vector<UserColumn>& columns) {
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  std::vector<UserRow> rows;
  std::vector<std::size_t> at;
  bool header = true;
  for_each_csv_row(content, 0, where, [&](std::size_t line, const std::vector<std::string_view>& fields) {
    const std::string here = fmt::format("{}:{}", where, line);
    if (std::all_of(fields.begin(), fields.end(), [](auto f) { return trim(f).empty(); })) return;
    if (header) {
      header = false;
      std::vector<bool> given(columns.size());
      for (const auto field : fields) {
        const auto i = column_of(field, columns, here);
        if (given[i]) throw bad_input(fmt::format("column '{}' is there twice", columns[i].name), here);
        given[i] = true;
        at.push_back(i);
      }
      return check_columns(given, columns, here);
    }
    if (fields.size() != at.size())
      throw bad_input(fmt::format("{} cells where the header has {} columns", fields.size(), at.size()), here,
                      "put cells with separators in quotes, and write numbers as 1234.5");
    if (rows.size() == most_rows) throw bad_input(fmt::format("over {} rows", most_rows), here);
    UserRow& row = rows.emplace_back(here, &columns);
    for (std::size_t i = 0; i < at.size(); ++i) row.set(at[i], cell_of(fields[i], columns[at[i]].name, here));
    check_row(row, columns);
  });
  return rows;
}

std::string text_of(const Json& value, const std::string& name, const std::string& where) {
  if (value.is_null()) return {};
  if (value.is_string()) return cell_of(value.as_string(), name, where);
  if (value.is_integer()) return std::to_string(value.as_integer());
  if (value.is_number()) return shortest(value.as_number());
  if (value.is_bool()) return value.as_bool() ? "yes" : "no";
  throw bad_input(fmt::format("{}: a list or an object, where a number or a text belongs", name), where);
}

std::vector<UserRow> read_json_rows(std::string_view content, const std::string& where,
                                    const std::vector<UserColumn>& columns) {
  const Json all = parse_json(content, where);
  const Json* list = &all;
  if (all.is_object() && all.as_object().size() == 1 && all.as_object().front().second.is_array())
    list = &all.as_object().front().second;
  if (!list->is_array())
    throw bad_input("a list of objects is needed, or an object with that list as its one member", where);
  if (list->as_array().size() > most_rows) throw bad_input(fmt::format("over {} rows", most_rows), where);
  std::vector<UserRow> rows;
  for (const auto& item : list->as_array()) {
    const std::string here = fmt::format("{}: row {}", where, rows.size() + 1);
    if (!item.is_object()) throw bad_input("an object is needed", here);
    UserRow& row = rows.emplace_back(here, &columns);
    std::vector<bool> given(columns.size());
    for (const auto& [name, value] : item.as_object()) {
      const auto i = column_of(name, columns, here);
      if (given[i]) throw bad_input(fmt::format("'{}' is there twice", columns[i].name), here);
      given[i] = true;
      row.set(i, text_of(value, columns[i].name, here));
    }
    check_row(row, columns);
  }
  return rows;
}

}  // namespace

const std::string& UserRow::text(std::string_view column) const {
  static const std::string none;
  for (std::size_t i = 0; i < columns_->size(); ++i)
    if ((*columns_)[i].name == column) return cells_[i];
  return none;
}

void UserRow::fail(std::string_view column, const std::string& message, const std::string& hint) const {
  throw bad_input(fmt::format("{}: {}", column, message), where_, hint);
}

std::optional<double> UserRow::number(std::string_view column, double low, double high) const {
  const std::string& whole = text(column);
  if (whole.empty()) return {};
  bool percent = false;
  for (const auto& c : *columns_)
    if (c.name == column) percent = c.unit == "%";
  std::string_view digits = whole;
  if (percent && digits.ends_with('%')) digits = trim(digits.substr(0, digits.size() - 1));
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value))
    fail(column, fmt::format("'{}' is no number", shown_text(whole)), "write for example 1234.5, without separators");
  if (percent) value /= 100;
  if (value < low || value > high)
    fail(column, fmt::format("'{}' found; {} to {} is allowed", shown_text(whole),
                             format_number(percent ? 100 * low : low), format_number(percent ? 100 * high : high)));
  return value;
}

double UserRow::number_or(std::string_view column, double low, double high, double fallback) const {
  return number(column, low, high).value_or(fallback);
}

std::optional<std::size_t> UserRow::choice(std::string_view column, const std::vector<std::string>& names) const {
  const std::string wanted = plain(text(column));
  if (wanted.empty()) return {};
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == wanted) return i;
  fail(column, fmt::format("'{}' found; {} is allowed", shown_text(text(column)), fmt::join(names, ", ")));
}

std::vector<UserRow> read_user_rows(std::string_view content, const std::string& where,
                                    const std::vector<UserColumn>& columns) {
  std::string_view start = content;
  if (start.starts_with("\xEF\xBB\xBF")) start.remove_prefix(3);
  while (!start.empty() &&
         (start.front() == ' ' || start.front() == '\t' || start.front() == '\r' || start.front() == '\n'))
    start.remove_prefix(1);
  const bool json = start.starts_with('[') || start.starts_with('{');
  auto rows = json ? read_json_rows(start, where, columns) : read_csv_rows(content, where, columns);
  if (rows.empty()) throw bad_input("the file has no rows", where, "a header with the names of columns, then rows");
  return rows;
}

}  // namespace wattline::ledger
