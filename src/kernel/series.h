// Irregular samples over time with a unit: power, intensity, temperature, counters.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/json.h"
#include "kernel/table.h"
#include "kernel/time.h"

namespace wattline {

struct Series {
  std::string name;
  std::string unit;  // unit code of the values
  std::vector<Time> times;
  std::vector<double> values;  // NaN marks a known gap

  std::size_t size() const { return times.size(); }
  void add(Time t, double v) {
    times.push_back(t);
    values.push_back(v);
  }
};

// Where and how the record is broken.
struct SeriesFaults {
  struct Gap {
    Time begin, end;
  };
  std::vector<Gap> gaps;  // longer than gap_factor times the median step, or NaN
  std::vector<Time> backward_steps;  // the clock stepped back here
  std::vector<Time> duplicates;
  Duration median_step{0};
};
SeriesFaults find_faults(const Series&, double gap_factor = 3);

// Sorted by time, duplicates averaged. Where the clock stepped back, the later record wins over the
// time that it spans; a record sorted newest first is only turned round.
Series cleaned(const Series&);

struct Integral {
  double value = 0;  // unit of the series times second
  Duration covered{0};  // time integrated over
  Duration missing{0};  // gaps and time outside the record: never extrapolated across
  std::size_t samples = 0;  // with a value, inside the range
};
// Trapezoid over the samples in [begin, end], edges interpolated, gaps left out; covered + missing is
// the length of the range. No begin or end: from the first, to the last sample.
Integral integrate(const Series&, std::optional<Time> begin = {}, std::optional<Time> end = {}, double gap_factor = 3);

// Onto a regular grid from the first sample: `linear` between samples, `hold` the last, `mean` over
// [t, t + step) of the straight lines between samples. NaN in gaps. Error when the step is under 1 ns
// or makes more than 10^8 points.
enum class Resampling { linear, hold, mean };
Series resample(const Series&, Duration step, Resampling = Resampling::linear, double gap_factor = 3);

// The time shift that best lays `other` over `reference` (peak of the normalised cross-correlation
// within +-max_lag, on a grid of `step`), and the correlation there. Lags that leave fewer than half
// of the shorter record's points in common (or fewer than 3) are not considered. Correlation 0 and
// lag 0 where one of them does not vary. Error when either has no values.
struct Alignment {
  Duration lag{0};  // add to other's times
  double correlation = 0;
};
Alignment align(const Series& reference, const Series& other, Duration max_lag, Duration step);

// A cumulative counter that wraps at `range` becomes monotonic from 0, in the order of the record. A
// step back whose implied increase exceeds max_rate (unit/s) is a reset: a NaN sample halfway marks the
// interval as a gap, nothing is guessed, and the total goes on from where it was. range <= 0: every
// step back is a reset.
struct CounterSeries {
  Series total;
  std::size_t wraps = 0;
  std::size_t resets = 0;
  // Intervals so long that at max_rate the counter could have wrapped once more: the least increase
  // was taken.
  std::size_t ambiguous = 0;
};
CounterSeries unwrap(const Series& counter, double range, double max_rate);

Table to_table(const Series&);
// From a table: the first time column and the named (or first) number column.
Series to_series(const Table&, std::string_view value_column = {});
void write_json(JsonWriter&, const Series&);

}  // namespace wattline
