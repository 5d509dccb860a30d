#include "serve/budget.h"

#include <chrono>
#include <limits>

#include <fmt/format.h>

#include "kernel/units.h"

namespace wattline::serve {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr Time first{std::numeric_limits<std::int64_t>::min()}, last{std::numeric_limits<std::int64_t>::max()};

// Held at the ends of what a Time can be.
Time at_seconds(std::int64_t s) {
  std::int64_t ns = 0;
  if (__builtin_mul_overflow(s, second, &ns)) return s < 0 ? first : last;
  return Time{ns};
}

WindowSpan steps_of(std::int64_t seconds, Time t) {
  const auto s = std::chrono::floor<std::chrono::seconds>(std::chrono::nanoseconds(t.ns)).count();
  const std::int64_t begin = s - ((s % seconds) + seconds) % seconds;
  return {at_seconds(begin), at_seconds(begin + seconds)};
}

}  // namespace

std::string_view to_string(Resource r) {
  static constexpr std::string_view names[] = {"energy", "carbon", "water", "money", "tokens"};
  return names[static_cast<std::size_t>(r)];
}

std::string_view unit_of(Resource r) {
  static constexpr std::string_view units[] = {"J", "gCO2e", "L", "USD", "token"};
  return units[static_cast<std::size_t>(r)];
}

std::string amount_text(Resource r, double amount) {
  switch (r) {
    case Resource::energy: return to_string(Energy(amount));
    case Resource::carbon: return to_string(Carbon(amount));
    case Resource::water: return to_string(Volume(amount));
    case Resource::money: return fmt::format("{} USD", format_number(amount));
    case Resource::tokens: return fmt::format("{} tokens", format_number(amount));
  }
  return {};
}

std::string_view to_string(Window w) {
  static constexpr std::string_view names[] = {"hour", "day", "month", "total"};
  return names[static_cast<std::size_t>(w)];
}

WindowSpan window_at(Window w, Time t) {
  namespace chrono = std::chrono;
  switch (w) {
    case Window::hour: return steps_of(3600, t);
    case Window::day: return steps_of(86400, t);
    case Window::month: {
      const chrono::year_month_day date(
          chrono::floor<chrono::days>(chrono::sys_time<chrono::nanoseconds>(chrono::nanoseconds(t.ns))));
      const auto month = date.year() / date.month();
      const auto begin = [](chrono::year_month m) {
        return at_seconds(chrono::sys_seconds(chrono::sys_days(m / 1)).time_since_epoch().count());
      };
      return {begin(month), begin(month + chrono::months(1))};
    }
    case Window::total: return {first, last};
  }
  return {first, last};
}

void Budget::roll(Time now) {
  if (span_.holds(now)) return;
  const WindowSpan next = window_at(config_.window, now);
  if (now >= span_.end) {
    before_ = span_;
    used_before_ = used_;
    used_ = 0;
  } else if (before_ == next) {
    used_ += used_before_;
    used_before_ = 0;
  }
  span_ = next;
}

double Budget::used(Time now) {
  roll(now);
  return used_;
}

Time Budget::resets(Time now) {
  roll(now);
  return span_.end;
}

Budget::State Budget::state(Time now) {
  roll(now);
  if (used_ >= config_.limit) return State::exhausted;
  if (used_ + reserved_ >= config_.limit) return State::reserved;
  return config_.soft < 1 && used_ >= config_.soft * config_.limit ? State::soft : State::fine;
}

void Budget::add(double amount, Time now) {
  roll(now);
  if (amount > 0) used_ += amount;
}

void Budget::add_past(double amount, Time at, Time now) {
  roll(now);
  // What a clock that was ahead has put into the future is in no window that comes to its end before it.
  if (amount > 0 && at >= span_.begin) used_ += amount;
}

}  // namespace wattline::serve
