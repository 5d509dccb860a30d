#include "ledger/imports/sheet.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/utf8.h"

namespace wattline::ledger::imports {
namespace {

constexpr std::size_t longest_cell = 4096;

// "11/24/2026" and "11/24/2026 14:03" as "2026-11-24...".
std::string month_first_date(std::string_view s) {
  std::vector<std::string> parts{""};
  std::size_t i = 0;
  for (; i < s.size() && (csv::is_digit(s[i]) || s[i] == '/'); ++i) {
    if (s[i] == '/') parts.emplace_back();
    else parts.back() += s[i];
  }
  if (parts.size() != 3 || parts[0].empty() || parts[0].size() > 2 || parts[1].empty() || parts[1].size() > 2 ||
      parts[2].size() != 4)
    return {};
  for (auto& p : parts)
    if (p.size() == 1) p.insert(0, "0");
  return parts[2] + "-" + parts[0] + "-" + parts[1] + std::string(s.substr(i));
}

}  // namespace

std::string column_key(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)))
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

Sheet::Sheet(CsvRecords& records, std::string where, Decimal decimal, Zone zone)
    : records_(records), where_(std::move(where)), numbers_(decimal, records.delimiter()), zone_(std::move(zone)) {
  const auto& header = records_.header();
  for (std::size_t i = 0; i < header.size(); ++i) index_.emplace(column_key(header[i]), static_cast<int>(i));
}

int Sheet::find(std::initializer_list<std::string_view> names) const {
  for (const auto name : names)
    if (const auto it = index_.find(column_key(name)); it != index_.end()) return it->second;
  return -1;
}

int Sheet::require(std::string_view format, std::initializer_list<std::string_view> names) const {
  if (const int found = find(names); found >= 0) return found;
  const auto& header = records_.header();
  std::string there;
  for (std::size_t i = 0; i < header.size() && there.size() < 300; ++i)
    there += (i ? ", " : "") + shown_text(header[i], 60);
  throw bad_input(fmt::format("no column '{}', which {} has; the file's columns: {}", *names.begin(), format, there),
                  fmt::format("{}:{}", where_, records_.header_line()),
                  "is it the right --format? A column of another name can be renamed in the header line");
}

int Sheet::named(std::string_view name) const {
  if (const auto it = index_.find(column_key(name)); it != index_.end()) return it->second;
  throw unknown_name("column", name, records_.header()).at(fmt::format("{}:{}", where_, records_.header_line()));
}

void Sheet::fail(int column, std::string message, std::string hint) const {
  const auto c = static_cast<std::size_t>(std::max(0, column));
  const std::string name = column < 0 ? "" : shown_text(records_.header()[c], 60) + ": ";
  throw bad_input(name + message, fmt::format("{}:{}:{}", where_, records_.line(), c + 1), std::move(hint));
}

std::string_view Sheet::text(int column) const {
  if (column < 0) return {};
  const auto cell = csv::trimmed(cells_[static_cast<std::size_t>(column)]);
  if (cell.size() > longest_cell)
    fail(column, fmt::format("a cell of {} bytes; at most {} are read", cell.size(), longest_cell),
         "is a quote never closed?");
  return csv::is_missing(cell) ? std::string_view() : cell;
}

std::optional<double> Sheet::number(int column) {
  const auto cell = text(column);
  if (cell.empty()) return std::nullopt;
  const auto value = numbers_.read(cell);
  if (!value) fail(column, fmt::format("'{}' {}", shown_text(cell), numbers_.why_not()), "a number as in 1234.5");
  return value;
}

std::optional<double> Sheet::amount(int column, std::string_view what) {
  const auto value = number(column);
  if (value && *value < 0)
    fail(column, fmt::format("'{}' is negative; {} is 0 or more", shown_text(text(column)), what),
         "mend the row or remove it");
  return value;
}

double Sheet::required_amount(int column, std::string_view what) {
  const auto value = amount(column, what);
  if (!value) fail(column, fmt::format("the cell is empty; {} belongs there", what), "mend the row or remove it");
  return *value;
}

std::optional<Time> Sheet::time(int column, bool month_first) {
  auto cell = text(column);
  if (cell.empty()) return std::nullopt;
  const bool zoned = has_zone(cell);
  std::string iso(cell);
  if (iso.ends_with("UTC")) {
    iso.resize(iso.size() - 3);
    while (iso.ends_with(' ')) iso.pop_back();
  }
  if (month_first)
    if (std::string turned = month_first_date(iso); !turned.empty()) iso = std::move(turned);
  const auto civil = try_parse_date_time(iso);
  if (!civil)
    fail(column, fmt::format("'{}' is no time", shown_text(cell)),
         month_first ? "2026-11-24, 11/24/2026 (month first) or 2026-11-24T14:03:00Z"
                     : "ISO 8601 as in 2026-11-24T14:03:00, with or without zone");
  // Room for zones and durations within what a Time holds.
  constexpr std::int64_t latest = 7'258'118'400'000'000'000;  // the year 2200
  if (civil->ns < 0 || civil->ns > latest)
    fail(column, fmt::format("'{}' is not within 1970 .. 2200", shown_text(cell)), "mend the row or remove it");
  if (zoned) return civil;
  ++zoneless_;
  const auto moment = zone_.moment(*civil);
  if (moment.meeting == Zone::Meeting::never)
    fail(column, fmt::format("'{}' never was in {}: the clock went forward over it", cell, zone_.name()),
         "is --time-zone the one that the times are of?");
  twice_ += moment.meeting == Zone::Meeting::twice;
  return moment.time;
}

Time Sheet::required_time(int column, bool month_first) {
  const auto value = time(column, month_first);
  if (!value) fail(column, "the cell is empty; a time belongs there", "mend the row or remove it");
  return *value;
}

}  // namespace wattline::ledger::imports
