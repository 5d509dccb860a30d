// How a sum that grows day by day goes on to the end of a period: the days seen so far say what the days to come
// will be like, working days apart from weekends where there are enough of them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/time.h"

namespace wattline::ledger {

// The calendar period (UTC) that holds a moment.
enum class Period { month, quarter, year };
struct Span {
  Time begin, end;  // begin <= moment < end
};
Span span_at(Period, Time);

inline constexpr std::int64_t day_ns = 86'400'000'000'000;
std::int64_t day_of(Time);  // days since 1970, UTC

// What was used on whole days, oldest first, without gaps (days of no use are zeros).
struct DailyUse {
  std::int64_t first_day = 0;
  std::vector<double> amounts;
};

struct Forecast {
  double rest = 0, rest_sd = 0;  // still to come until the end of the period
  // When the limit is reached if it goes on so, and if use is as much higher or lower as 95 % of such forecasts are
  // off; nothing where that is not before the period's end.
  std::optional<Time> reached, earliest, latest;
};

// `now` to `end`; `left` is what the limit leaves. At least two days must have been seen.
Forecast forecast(const DailyUse&, Time now, Time end, double left);

}  // namespace wattline::ledger
