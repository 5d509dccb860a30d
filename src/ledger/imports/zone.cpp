#include "ledger/imports/zone.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/utf8.h"

namespace wattline::ledger::imports {
namespace {

constexpr std::int64_t ns = 1'000'000'000, day = 86'400;

// "+02:00", "-0530", "+1": seconds.
std::optional<std::int64_t> fixed_offset(std::string_view s) {
  if (s.empty() || s == "UTC" || s == "Z" || s == "GMT") return 0;
  if (s.starts_with("UTC") || s.starts_with("GMT")) s.remove_prefix(3);
  if (s.size() < 2 || (s[0] != '+' && s[0] != '-')) return std::nullopt;
  const std::int64_t sign = s[0] == '-' ? -1 : 1;
  std::string digits;
  for (const char c : s.substr(1))
    if (c != ':') digits += c;
  if (digits.size() > 4 || !std::all_of(digits.begin(), digits.end(), csv::is_digit)) return std::nullopt;
  const std::int64_t n = std::atoll(digits.c_str());
  const std::int64_t hours = digits.size() > 2 ? n / 100 : n, minutes = digits.size() > 2 ? n % 100 : 0;
  if (hours > 14 || minutes > 59) return std::nullopt;
  return sign * (hours * 3600 + minutes * 60);
}

bool is_zone_name(std::string_view s) {
  return !s.empty() && s.size() < 64 && s[0] != '/' && s.find("..") == std::string_view::npos &&
         s.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
             std::string_view::npos;
}

std::int64_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  if (at + size > bytes.size()) throw bad_input("a time zone file that is cut off");
  std::uint64_t v = size == 4 && (static_cast<unsigned char>(bytes[at]) & 0x80) ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < size; ++i) v = v << 8 | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<std::int64_t>(v);
}

// --- The rule for times after a file's last change (POSIX TZ): "CET-1CEST,M3.5.0,M10.5.0/3".
struct RuleReader {
  std::string_view rest;
  bool take(char c) {
    if (rest.empty() || rest[0] != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  std::int64_t number() {
    std::int64_t v = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + std::min<std::size_t>(rest.size(), 4), v);
    if (error != std::errc()) throw bad_input("a time zone rule that cannot be read");
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return v;
  }
  void name() {
    if (take('<')) {
      rest.remove_prefix(std::min(rest.find('>') + 1, rest.size()));
      return;
    }
    while (!rest.empty() && ((rest[0] | 32) >= 'a' && (rest[0] | 32) <= 'z')) rest.remove_prefix(1);
  }
  std::int64_t clock() {  // "3", "-1", "2:30"
    const bool negative = take('-');
    if (!negative) take('+');
    std::int64_t s = number() * 3600;
    if (take(':')) s += number() * 60;
    if (take(':')) s += number();
    return negative ? -s : s;
  }
};

std::int64_t days_from_civil(std::int64_t y, std::int64_t m, std::int64_t d) {
  y -= m <= 2;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
  const std::int64_t of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

struct RuleDay {
  std::int64_t month = 0, week = 0, weekday = 0, clock = 7200;
  // Local seconds of that moment in a year.
  std::int64_t in(std::int64_t year) const {
    const std::int64_t first = days_from_civil(year, month, 1);
    std::int64_t d = first + (weekday - ((first + 4) % 7 + 7) % 7 + 7) % 7 + (week - 1) * 7;
    const std::int64_t next = month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, month + 1, 1);
    while (d >= next) d -= 7;
    return d * day + clock;
  }
};

RuleDay rule_day(RuleReader& r) {
  RuleDay out;
  if (!r.take('M')) throw Error(ErrorKind::unsupported, "a time zone whose rule counts days of the year");
  out.month = r.number();
  r.take('.');
  out.week = r.number();
  r.take('.');
  out.weekday = r.number();
  if (r.take('/')) out.clock = r.clock();
  if (out.month < 1 || out.month > 12 || out.week < 1 || out.week > 5 || out.weekday > 6)
    throw bad_input("a time zone rule that cannot be read");
  return out;
}

}  // namespace

Zone::Zone(std::string_view name) {
  if (const auto offset = fixed_offset(name)) {
    first_offset_ = *offset;
    if (!name.empty()) name_ = name;
    return;
  }
  if (!is_zone_name(name))
    throw bad_input(fmt::format("'{}' is no time zone", shown_text(name)), {}, "UTC, +02:00 or a place: Europe/Paris");
  const char* own = std::getenv("TZDIR");
  const std::string dir = own && *own ? own : "/usr/share/zoneinfo";
  std::ifstream file(dir + "/" + std::string(name), std::ios::binary);
  std::string bytes;
  if (file) bytes.assign(std::istreambuf_iterator<char>(file), {});
  if (bytes.empty())
    throw Error(std::ifstream(dir + "/Etc/UTC") ? ErrorKind::not_found : ErrorKind::unsupported,
                fmt::format("no time zone '{}' on this machine", name), dir,
                "a name as in Europe/Paris, or the hours ahead of UTC: +02:00");
  *this = from_file(bytes, std::string(name));
}

Zone Zone::from_file(std::string_view bytes, std::string name) {
  if (!bytes.starts_with("TZif")) throw bad_input(fmt::format("'{}' is no time zone file", name));
  const auto count = [&](std::size_t header, int which) {
    return static_cast<std::size_t>(big_endian(bytes, header + 20 + 4 * static_cast<std::size_t>(which), 4) & 0xffffff);
  };
  // isutc, isstd, leap, time, type, char
  std::size_t header = 0, wide = 4;
  if (bytes.size() > 4 && bytes[4] >= '2') {
    header = 44 + count(0, 3) * 5 + count(0, 4) * 6 + count(0, 5) + count(0, 2) * 8 + count(0, 1) + count(0, 0);
    wide = 8;
  }
  const std::size_t times = count(header, 3), types = count(header, 4), letters = count(header, 5);
  const std::size_t begin = header + 44, indices = begin + times * wide, kinds = indices + times;
  Zone out;
  out.name_ = std::move(name);
  const auto offset_of = [&](std::size_t kind) {
    if (kind >= types) throw bad_input("a time zone file that is damaged");
    const std::int64_t offset = big_endian(bytes, kinds + kind * 6, 4);
    if (offset < -day || offset > day) throw bad_input("a time zone file that is damaged");
    return offset;
  };
  out.first_offset_ = offset_of(0);
  for (std::size_t i = 0; i < times; ++i) {
    const std::int64_t at = big_endian(bytes, begin + i * wide, wide);
    if (!out.changes_.empty() && at <= out.changes_.back().at) throw bad_input("a time zone file that is damaged");
    const auto kind = static_cast<std::size_t>(big_endian(bytes, indices + i, 1) & 0xff);
    out.changes_.push_back({at, offset_of(kind)});
  }
  if (wide == 8) {
    const std::size_t rule = kinds + types * 6 + letters + count(header, 2) * 12 + count(header, 1) + count(header, 0);
    if (rule + 1 < bytes.size() && bytes[rule] == '\n') {
      const auto end = bytes.find('\n', rule + 1);
      out.extend(bytes.substr(rule + 1, end == std::string_view::npos ? end : end - rule - 1));
    }
  }
  return out;
}

void Zone::extend(std::string_view rule) {
  RuleReader r{rule};
  r.name();
  if (r.rest.empty()) return;
  const std::int64_t standard = -r.clock();
  if (changes_.empty()) first_offset_ = standard;
  if (r.rest.empty()) return;
  r.name();
  std::int64_t summer = standard + 3600;
  if (!r.rest.empty() && r.rest[0] != ',') summer = -r.clock();
  if (!r.take(',')) return;
  const RuleDay to_summer = rule_day(r);
  if (!r.take(',')) return;
  const RuleDay to_standard = rule_day(r);
  const std::int64_t known = changes_.empty() ? INT64_MIN : changes_.back().at;
  std::vector<Change> more;
  for (std::int64_t year = 1970; year <= 2100; ++year) {
    more.push_back({to_summer.in(year)-standard, summer});
    more.push_back({to_standard.in(year)-summer, standard});
  }
  std::sort(more.begin(), more.end(), [](const Change& a, const Change& b) { return a.at < b.at; });
  for (const auto& c : more)
    if (c.at > known) changes_.push_back(c);
}

std::int64_t Zone::offset_at(std::int64_t utc) const {
  const auto it =
      std::upper_bound(changes_.begin(), changes_.end(), utc, [](std::int64_t t, const Change& c) { return t < c.at; });
  return it == changes_.begin() ? first_offset_ : std::prev(it)->offset;
}

Zone::Moment Zone::moment(Time civil) const {
  if (changes_.empty()) return {Time{civil.ns - first_offset_ * ns}, Meeting::once};
  const std::int64_t local = civil.ns / ns - (civil.ns % ns < 0), rest = civil.ns - local * ns;
  // The offsets of a day before and after hold all that can be meant.
  const std::int64_t early = offset_at(local - day), late = offset_at(local + day);
  const bool by_early = offset_at(local - early) == early, by_late = offset_at(local - late) == late;
  const auto at = [&](std::int64_t offset) { return Time{(local - offset) * ns + rest}; };
  if (early == late || (by_early && !by_late)) return {at(early), Meeting::once};
  if (by_early && by_late) return {std::min(at(early), at(late)), Meeting::twice};
  if (by_late) return {at(late), Meeting::once};
  return {at(early), Meeting::never};
}

bool has_zone(std::string_view s) {
  if (s.ends_with('Z') || s.ends_with('z') || s.ends_with("UTC")) return true;
  const auto clock = s.find(':');
  return clock != std::string_view::npos && s.find_first_of("+-", clock) != std::string_view::npos;
}

}  // namespace wattline::ledger::imports
