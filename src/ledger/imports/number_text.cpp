#include "ledger/imports/number_text.h"

#include <algorithm>
#include <cmath>

#include "kernel/csv_cell.h"

namespace wattline::ledger::imports {
namespace {

// The separators of thousands that are nothing else: blanks of three kinds and apostrophes of two.
std::string without_blanks(std::string_view text) {
  constexpr std::string_view blanks[] = {" ", "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89", "'", "\xE2\x80\x99"};
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t skip = 0;
    for (const auto blank : blanks)
      if (text.substr(i).starts_with(blank)) skip = blank.size();
    // Between digits only, three of which follow: "1 234".
    if (skip > 0 && !out.empty() && csv::is_digit(out.back()) && i + skip + 3 <= text.size() &&
        csv::is_digit(text[i + skip]) && csv::is_digit(text[i + skip + 1]) && csv::is_digit(text[i + skip + 2]) &&
        (i + skip + 3 == text.size() || !csv::is_digit(text[i + skip + 3]))) {
      i += skip;
      continue;
    }
    out += text[i++];
  }
  return out;
}

// 1 to 3 digits, then groups of three.
bool is_grouped(std::string_view digits, char separator) {
  std::size_t group = 0;
  bool first = true;
  for (const char c : digits) {
    if (csv::is_digit(c)) {
      ++group;
    } else if (c == separator) {
      if (group == 0 || group > 3 || (!first && group != 3)) return false;
      first = false;
      group = 0;
    } else {
      return false;
    }
  }
  return first || group == 3;
}

}  // namespace

std::optional<double> NumberReader::refuse(std::string why) {
  why_not_ = std::move(why);
  return std::nullopt;
}

std::optional<double> NumberReader::read(std::string_view text) {
  text = csv::trimmed(text);
  double value = 0;
  const bool may_be_grouped = told_ == Decimal::comma || style_ == Decimal::comma || delimiter_ != ',';
  // By far most cells.
  if (!may_be_grouped || text.find_first_of(".,") == std::string_view::npos) {
    if (csv::take_number(text, value)) {
      if (std::isfinite(value)) return value;
      return refuse("is no finite number");
    }
  }
  // An exponent stays as it is; a sign goes before.
  std::string_view exponent;
  if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    exponent = text.substr(e);
    text = text.substr(0, e);
  }
  bool negative = false;
  if (text.starts_with("\xE2\x88\x92")) {
    negative = true;
    text.remove_prefix(3);
  } else if (text.starts_with('-') || text.starts_with('+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const std::string digits = without_blanks(text);
  const auto commas = std::count(digits.begin(), digits.end(), ','),
             points = std::count(digits.begin(), digits.end(), '.');
  if (digits.empty() || digits.find_first_not_of("0123456789.,") != std::string::npos) return refuse("is no number");
  char decimal = 0, thousands = 0;
  bool settles = false;
  if (commas > 0 && points > 0) {
    decimal = digits.rfind(',') > digits.rfind('.') ? ',' : '.';
    thousands = decimal == ',' ? '.' : ',';
    settles = true;
  } else if (commas + points > 1) {
    thousands = commas > 0 ? ',' : '.';
    decimal = commas > 0 ? '.' : ',';
    settles = true;
  } else if (commas + points == 1) {
    const char mark = commas > 0 ? ',' : '.';
    const std::size_t at = digits.find(mark);
    const bool either = at >= 1 && at <= 3 && digits.size() - at - 1 == 3 && digits[0] != '0' && exponent.empty();
    const Decimal here = mark == ',' ? Decimal::comma : Decimal::point;
    if (!either) {
      decimal = mark;
      settles = true;
    } else if (style_ != Decimal::automatic) {
      (here == style_ ? decimal : thousands) = mark;
    } else if (mark == '.' && delimiter_ == ',') {
      decimal = mark;
    } else {
      return refuse(
          "can be read in two ways (a decimal mark or one of thousands); --decimal point or --decimal comma says "
          "which");
    }
  }
  const std::size_t end = decimal ? std::min(digits.find(decimal), digits.size()) : digits.size();
  if (thousands && !is_grouped(std::string_view(digits).substr(0, end), thousands)) return refuse("is no number");
  if (settles) {
    const Decimal shown = decimal == ',' ? Decimal::comma : Decimal::point;
    if (style_ != Decimal::automatic && style_ != shown)
      return refuse(told_ != Decimal::automatic ? "has another decimal mark than --decimal says"
                                                : "has another decimal mark than cells before it");
    style_ = shown;
  }
  plain_.clear();
  if (negative) plain_ += '-';
  for (const char c : digits)
    if (c != thousands) plain_ += c == decimal ? '.' : c;
  plain_ += exponent;
  // Leading zeros are no fault here.
  const auto from = negative ? 1u : 0u;
  while (plain_.size() > from + 1 && plain_[from] == '0' && csv::is_digit(plain_[from + 1])) plain_.erase(from, 1);
  if (plain_.ends_with('.')) plain_.pop_back();
  if (!csv::take_number(plain_, value) || !std::isfinite(value)) return refuse("is no finite number");
  return value;
}

}  // namespace wattline::ledger::imports
