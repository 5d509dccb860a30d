#include "kernel/time.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline {
namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;
// Seconds that fit into nanoseconds of an int64, with a second to spare for the fraction.
constexpr std::int64_t max_seconds = INT64_MAX / ns_per_s - 1;

std::int64_t clock_ns(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<std::int64_t>(t.tv_sec) * ns_per_s + t.tv_nsec;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A cursor over the text; every reader leaves it in place when it does not match.
struct Reader {
  std::string_view rest;

  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool take_any(std::string_view set) {
    if (rest.empty() || set.find(rest.front()) == std::string_view::npos) return false;
    rest.remove_prefix(1);
    return true;
  }
  // Exactly `count` digits, or -1.
  int digits(std::size_t count) {
    if (rest.size() < count) return -1;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit(rest[i])) return -1;
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(count);
    return value;
  }
  // One or more digits as a fraction in nanoseconds (further digits are cut), or -1.
  std::int64_t fraction() {
    std::int64_t ns = 0, place = ns_per_s / 10;
    std::size_t i = 0;
    for (; i < rest.size() && is_digit(rest[i]); ++i, place /= 10) ns += place * (rest[i] - '0');
    rest.remove_prefix(i);
    return i == 0 ? -1 : ns;
  }
};

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

struct Parsed {
  Time time;
  const char* fault = nullptr;  // what is wrong with it
};

constexpr const char* shape = "neither a date nor a Unix time";
constexpr const char* range = "outside the years 1677 to 2262 that a time can hold";

// Zone at the end: nothing, Z, UTC, GMT, +hh, +hhmm, +hh:mm. Seconds east of UTC.
const char* read_zone(Reader& r, std::int64_t& east) {
  east = 0;
  if (r.take(' ') && r.rest.empty()) return shape;
  if (r.rest.empty() || r.rest == "Z" || r.rest == "z" || r.rest == "UTC" || r.rest == "GMT") {
    r.rest = {};
    return nullptr;
  }
  const bool west = r.rest.front() == '-';
  if (!r.take_any("+-")) return "followed by something that is no zone";
  const int hours = r.digits(2);
  int minutes = 0;
  if (!r.rest.empty()) {
    r.take(':');
    minutes = r.digits(2);
  }
  if (hours < 0 || minutes < 0 || !r.rest.empty()) return "followed by something that is no zone";
  if (hours > 18 || minutes > 59) return "in a zone more than 18 hours from UTC";
  east = (hours * 60 + minutes) * (west ? -60 : 60);
  return nullptr;
}

Parsed read_iso(std::string_view text) {
  Reader r{text};
  const int year = r.digits(4);
  // nvidia-smi and others write 2026/11/24: year first leaves no doubt.
  const char between = r.rest.starts_with('/') ? '/' : '-';
  if (year < 0 || !r.take(between)) return {{}, shape};
  const int month = r.digits(2);
  if (month < 0 || !r.take(between)) return {{}, shape};
  const int day = r.digits(2);
  if (day < 0) return {{}, shape};
  if (month < 1 || month > 12) return {{}, "in a month that is not 01 to 12"};
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return {{}, "a day that its month does not have"};
  std::int64_t seconds = std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t{86400};
  std::int64_t ns = 0;
  if (!r.rest.empty()) {
    if (!r.take_any("Tt ")) return {{}, "followed by something that is no time of day"};
    const int hour = r.digits(2);
    if (hour < 0 || !r.take(':')) return {{}, "followed by something that is no time of day"};
    const int minute = r.digits(2);
    int second = 0;
    if (minute < 0) return {{}, "followed by something that is no time of day"};
    if (r.take(':')) {
      second = r.digits(2);
      if (second < 0) return {{}, "followed by something that is no time of day"};
      if (r.take_any(".,") && (ns = r.fraction()) < 0) return {{}, "without digits after the point"};
    }
    // 24:00 ends a day (ISO 8601); second 60 is a leap second, which Unix time counts as the next.
    const bool midnight = hour == 24 && minute == 0 && second == 0 && ns == 0;
    if ((hour > 23 && !midnight) || minute > 59 || second > (minute == 59 ? 60 : 59))
      return {{}, "at a time of day that does not exist"};
    std::int64_t east = 0;
    if (const char* fault = read_zone(r, east)) return {{}, fault};
    seconds += hour * 3600 + minute * 60 + second - east;
  }
  if (seconds > max_seconds || seconds < -max_seconds) return {{}, range};
  return {Time{seconds * ns_per_s + ns}, nullptr};
}

// Digits with an optional fraction stay exact; an exponent goes through a double.
Parsed read_unix(std::string_view text) {
  Reader r{text};
  const bool negative = r.take('-');
  if (!negative) r.take('+');
  std::int64_t whole = 0;
  const char* begin = r.rest.data();
  const auto [end, ec] = std::from_chars(begin, begin + r.rest.size(), whole);
  if (end == begin || !is_digit(*begin)) return {{}, shape};
  r.rest.remove_prefix(static_cast<std::size_t>(end - begin));
  std::int64_t ns = 0;
  if (r.take('.') && (ns = r.fraction()) < 0) return {{}, shape};
  if (r.rest.empty()) {
    if (ec != std::errc() || whole > max_seconds) return {{}, range};
    return {Time{(negative ? -1 : 1) * (whole * ns_per_s + ns)}, nullptr};
  }
  double seconds = 0;
  const auto [stop, fault] = std::from_chars(begin, text.data() + text.size(), seconds);
  if (stop != text.data() + text.size()) return {{}, shape};
  if (fault != std::errc() || !(seconds <= static_cast<double>(max_seconds))) return {{}, range};
  return {Time{static_cast<std::int64_t>(std::llround((negative ? -seconds : seconds) * 1e9))}, nullptr};
}

// "2026" and "20261124" are dates to a person and seconds of 1970 to a clock: asked back, not guessed.
std::string meant_as_date(std::string_view s) {
  for (char c : s)
    if (!is_digit(c)) return {};
  std::string date;
  if (s.size() == 4 && (s.starts_with("19") || s.starts_with("20"))) date = fmt::format("{}-01-01", s);
  if (s.size() == 8) date = fmt::format("{}-{}-{}", s.substr(0, 4), s.substr(4, 2), s.substr(6));
  return !date.empty() && !read_iso(date).fault ? date : std::string();
}

}  // namespace

Time Time::now() { return Time{clock_ns(CLOCK_REALTIME)}; }

std::int64_t monotonic_ns() { return clock_ns(CLOCK_MONOTONIC); }

std::optional<Time> try_parse_date_time(std::string_view text) {
  const Parsed parsed = read_iso(text);
  return parsed.fault ? std::nullopt : std::optional(parsed.time);
}

Time parse_time(std::string_view given) {
  const std::string_view text = trim(given);
  const std::string_view shown = text.substr(0, 60);
  if (text.empty()) throw bad_input("an empty text is no time", {}, "write for example 2026-11-24T14:03:00Z");
  const Parsed iso = read_iso(text);
  if (!iso.fault) return iso.time;
  if (iso.fault != shape) throw bad_input(fmt::format("'{}' is {}", shown, iso.fault));
  if (const std::string date = meant_as_date(text); !date.empty())
    throw bad_input(fmt::format("'{}' could be a date or a Unix time", shown), {},
                    fmt::format("write {} for the date, {}.0 for the second", date, text));
  const Parsed seconds = read_unix(text);
  if (!seconds.fault) return seconds.time;
  if (seconds.fault == range)
    throw bad_input(fmt::format("'{}' is {}", shown, range), {},
                    "a Unix time is in seconds, not in milli- or nanoseconds");
  throw bad_input(fmt::format("'{}' is {}", shown, shape), {},
                  "write for example 2026-11-24, 2026-11-24T14:03:00Z or 1795529000");
}

std::string to_string(Time t, int fraction_digits) {
  std::int64_t seconds = t.ns / ns_per_s, ns = t.ns % ns_per_s;
  if (ns < 0) {
    ns += ns_per_s;
    --seconds;
  }
  std::int64_t days = seconds / 86400, of_day = seconds % 86400;
  if (of_day < 0) {
    of_day += 86400;
    --days;
  }
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  std::string out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), of_day / 3600,
                                of_day / 60 % 60, of_day % 60);
  const int digits = std::min(std::max(fraction_digits, 0), 9);
  if (digits > 0) out += "." + fmt::format("{:09}", ns).substr(0, static_cast<std::size_t>(digits));
  return out + "Z";
}

int fraction_digits_of(Time t) {
  if (t.ns % ns_per_s == 0) return 0;
  if (t.ns % 1'000'000 == 0) return 3;
  return t.ns % 1'000 == 0 ? 6 : 9;
}

}  // namespace wattline
