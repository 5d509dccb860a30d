#include "ledger/label/entry.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/units.h"
#include "kernel/utf8.h"

namespace wattline::ledger {
namespace {

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// The number at the start of a text, with its separators made plain; `used` gets its length.
std::optional<double> leading_number(std::string_view s, std::size_t& used, std::string* doubt) {
  used = 0;
  while (used < s.size() && (csv::is_digit(s[used]) || s[used] == '.' || s[used] == ',' ||
                             ((s[used] == '-' || s[used] == '+') && used == 0)))
    ++used;
  // An exponent only with digits behind it: "5 e" is no number.
  if (used > 0 && used + 1 < s.size() && (s[used] == 'e' || s[used] == 'E')) {
    std::size_t at = used + 1;
    if (at < s.size() && (s[at] == '-' || s[at] == '+')) ++at;
    const std::size_t digits = at;
    while (at < s.size() && csv::is_digit(s[at])) ++at;
    if (at > digits) used = at;
  }
  std::string plain(s.substr(0, used));
  const auto commas = std::count(plain.begin(), plain.end(), ','), points = std::count(plain.begin(), plain.end(), '.');
  const auto last_comma = plain.rfind(','), last_point = plain.rfind('.');
  const auto drop = [&](char c) { plain.erase(std::remove(plain.begin(), plain.end(), c), plain.end()); };
  if (commas > 0 && points > 0) {
    // The later one separates the decimals.
    if (last_comma > last_point) {
      drop('.');
      std::replace(plain.begin(), plain.end(), ',', '.');
    } else {
      drop(',');
    }
  } else if (commas == 1 && plain.size() - last_comma - 1 != 3) {
    plain[last_comma] = '.';
    if (doubt) *doubt = fmt::format("'{}': the comma is taken as a decimal point", shown_text(s.substr(0, used)));
  } else if (commas > 0) {
    drop(',');
    if (commas == 1 && doubt)
      *doubt = fmt::format("'{}': the comma is taken as a thousands separator", shown_text(s.substr(0, used)));
  } else if (points > 1) {
    drop('.');
  }
  const auto value = csv::read_number_slowly(plain);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

}  // namespace

bool says_nothing(std::string_view text) {
  const std::string s = lower(csv::trimmed(text));
  return csv::is_missing(csv::trimmed(text)) || s == "not specified" || s == "none" || s == "nan" || s == "[]" ||
         s == "['']" || s == "unknown" || s == "tbd" || s == "todo" || s == "n/a" || s == "-" || s == "null" ||
         s == "more information needed" || s == "[more information needed]";
}

std::optional<double> read_emissions(std::string_view raw, std::string* doubt) {
  const std::string_view s = csv::trimmed(raw);
  if (says_nothing(s)) return std::nullopt;
  std::size_t used = 0;
  const auto number = leading_number(s, used, doubt);
  if (!number || *number < 0) return std::nullopt;
  std::string unit = lower(csv::trimmed(s.substr(used)));
  std::size_t word = 0;
  while (word < unit.size() && unit[word] >= 'a' && unit[word] <= 'z') ++word;
  const std::string first = unit.substr(0, word);
  const std::string rest(csv::trimmed(std::string_view(unit).substr(word)));
  // Behind the unit only what names CO2 may stand: "kg CO2eq", "g of CO2", "kgCO2e".
  const auto names_carbon = [](std::string_view t) {
    return t.empty() || t == "2" || t.starts_with("2e") || t.find("co2") != t.npos || t.find("co₂") != t.npos ||
           t.starts_with("of c") || t == "." || t.starts_with("carbon") || t.starts_with("(");
  };
  if (!names_carbon(rest) && first != "co") return std::nullopt;
  if (first.empty() || first == "g" || first == "gram" || first == "grams" || first == "gco" || first == "co")
    return number;
  if (first == "mg" || first == "mgco") return *number / 1e3;
  if (first == "kg" || first == "kgs" || first == "kilogram" || first == "kilograms" || first == "kgco")
    return *number * 1e3;
  if (first == "t" || first == "ton" || first == "tons" || first == "tonne" || first == "tonnes" || first == "tco")
    return *number * 1e6;
  return std::nullopt;
}

std::optional<double> read_count(std::string_view raw) {
  const std::string_view s = csv::trimmed(raw);
  if (says_nothing(s)) return std::nullopt;
  std::size_t used = 0;
  const auto number = leading_number(s, used, nullptr);
  if (!number || *number < 0) return std::nullopt;
  const std::string unit = lower(csv::trimmed(s.substr(used)));
  if (unit.empty()) return number;
  if (unit == "k") return *number * 1e3;
  if (unit == "m" || unit == "million") return *number * 1e6;
  if (unit == "b" || unit == "bn" || unit == "billion" || unit == "g") return *number * 1e9;
  if (unit == "t" || unit == "trillion") return *number * 1e12;
  return std::nullopt;
}

void fill_performance(std::vector<ModelEntry>& models) {
  struct Range {
    double low = INFINITY, high = -INFINITY;
  };
  std::map<std::string, Range> ranges;
  for (const auto& m : models)
    for (const auto& [name, value] : m.metrics) {
      Range& r = ranges[name];
      r.low = std::min(r.low, value);
      r.high = std::max(r.high, value);
    }
  for (auto& m : models) {
    if (m.performance || m.metrics.empty()) continue;
    double sum = 0, n = 0;
    bool zero = false;
    for (const auto& [name, value] : m.metrics) {
      const Range& r = ranges[name];
      // One model alone has no range: its own figure stands.
      const double scaled = r.high > r.low ? (value - r.low) / (r.high - r.low) : value;
      zero = zero || !(scaled > 0);
      sum += 1 / scaled;
      n += 1;
    }
    m.performance = zero ? 0 : n / sum;
  }
}

}  // namespace wattline::ledger
