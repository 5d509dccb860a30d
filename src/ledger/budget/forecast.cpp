#include "ledger/budget/forecast.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace wattline::ledger {
namespace {

using std::chrono::day, std::chrono::month, std::chrono::year;
using std::chrono::sys_days, std::chrono::year_month_day;

Time midnight(std::chrono::year_month_day date) {
  return Time{static_cast<std::int64_t>(sys_days(date).time_since_epoch().count()) * day_ns};
}

// Saturday and Sunday; 1970 began on a Thursday.
bool is_weekend(std::int64_t day) {
  const std::int64_t weekday = ((day % 7) + 7 + 3) % 7;  // 0 is Monday
  return weekday >= 5;
}

struct Rate {
  double mean = 0, sd = 0;  // of a day
  double days = 0;
};

Rate rate_of(const std::vector<double>& amounts) {
  Rate out;
  out.days = static_cast<double>(amounts.size());
  for (const double a : amounts) out.mean += a / out.days;
  double squares = 0;
  for (const double a : amounts) squares += (a - out.mean) * (a - out.mean);
  if (out.days > 1) out.sd = std::sqrt(squares / (out.days - 1));
  return out;
}

}  // namespace

std::int64_t day_of(Time t) { return t.ns / day_ns - (t.ns % day_ns < 0 ? 1 : 0); }

Span span_at(Period period, Time at) {
  const year_month_day date{sys_days(std::chrono::days(day_of(at)))};
  const unsigned m = static_cast<unsigned>(date.month());
  const unsigned length = period == Period::month ? 1 : period == Period::quarter ? 3 : 12;
  const unsigned first = (m - 1) / length * length + 1;
  const year_month_day begin{date.year(), month{first}, day{1}};
  const bool wraps = first + length > 12;
  const year_month_day end{wraps ? date.year() + std::chrono::years(1) : date.year(), month{wraps ? 1 : first + length},
                           day{1}};
  return {midnight(begin), midnight(end)};
}

Forecast forecast(const DailyUse& seen, Time now, Time end, double left) {
  std::vector<double> kinds[2];  // working days, weekends
  for (std::size_t i = 0; i < seen.amounts.size(); ++i)
    kinds[is_weekend(seen.first_day + static_cast<std::int64_t>(i))].push_back(seen.amounts[i]);
  constexpr std::size_t enough = 4;
  const bool apart = kinds[0].size() >= enough && kinds[1].size() >= enough;
  Rate rates[2];
  if (apart) {
    for (int k = 0; k < 2; ++k) rates[k] = rate_of(kinds[k]);
  } else {
    rates[0] = rates[1] = rate_of(seen.amounts);
  }
  // The days to come vary each by itself; that the mean is known from so few days is an error they share.
  double variance = 0, shared[2] = {0, 0};
  const auto spread = [&] {
    double all = variance;
    for (int k = 0; k < 2; ++k) all += shared[k] * shared[k] / std::max(1.0, rates[k].days);
    return std::sqrt(all);
  };
  Forecast out;
  const auto reaches = [&](std::optional<Time>& at, double before, double after, Time from, Time to) {
    if (at || after < left) return;
    const double part = after > before ? std::clamp((left - before) / (after - before), 0.0, 1.0) : 0;
    at = Time{from.ns + static_cast<std::int64_t>(part * static_cast<double>(to.ns - from.ns))};
  };
  constexpr double most = 1.96;
  double high = 0, low = 0;
  for (Time from = now; from < end;) {
    const Time to{std::min(end.ns, (day_of(from) + 1) * day_ns)};
    const double part = static_cast<double>(to.ns - from.ns) / static_cast<double>(day_ns);
    const int k = is_weekend(day_of(from));
    const double before = out.rest, before_high = high, before_low = low;
    out.rest += part * rates[k].mean;
    variance += part * rates[k].sd * rates[k].sd;
    shared[apart ? k : 0] += part * rates[k].sd;
    high = std::max(high, out.rest + most * spread());
    low = std::max(low, out.rest - most * spread());
    reaches(out.reached, before, out.rest, from, to);
    reaches(out.earliest, before_high, high, from, to);
    reaches(out.latest, before_low, low, from, to);
    from = to;
  }
  out.rest_sd = spread();
  return out;
}

}  // namespace wattline::ledger
