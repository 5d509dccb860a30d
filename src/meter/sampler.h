// Readings of sources over time, one record for each, taken whenever its owner says so: the part of the recorder that
// has no thread and whose clocks can be made up.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kernel/series.h"
#include "meter/source.h"

namespace wattline::meter {

using TimeSpan = SeriesFaults::Gap;

// What one source said: J of a counter, W of a sensor; NaN where it could not be read.
struct SourceRecord {
  SourceInfo info;
  Series readings;
  std::size_t failures = 0;
  std::string trouble;  // the last one
  std::optional<double> watts_at_end;  // of a counter, for runs shorter than its steps
  std::vector<TimeSpan> sleeps;  // of the machine
  std::vector<TimeSpan> stalls;  // the counter stood still though what it counts was at work
};

struct Recording {
  Time begin, end;
  std::vector<SourceRecord> records;
  Duration clock_step{0};  // by which the machine's clock was set meanwhile; instants here go on from the begin
};

// What a recording needs to know beside its sources.
struct Surroundings {
  std::function<std::int64_t()> elapsed;  // ns, goes on while the machine sleeps
  std::function<std::int64_t()> awake;  // ns, stands still then
  std::function<Time()> utc;
  std::function<std::optional<double>()> busy;  // seconds of CPU time the machine has used, all processors
  static Surroundings real();
};

class Sampler {
 public:
  // `interval`: how often sample() will be called. Sources that renew their value more rarely, or cost more than a
  // twentieth of it to ask, are asked more rarely, and each before its counter could wrap unseen.
  Sampler(Sources, Duration interval, std::size_t most_samples = 36000, Surroundings = Surroundings::real());

  void begin();  // the first reading of all
  void sample();  // of those that are due
  void sample_between();  // of all that are asked at each interval: something happened that tells two times apart
  Time now() const;  // on the clock of the readings
  Recording end();  // the last of all
  Recording so_far() const;  // a copy of what end() would give without it
  // Sources that came while measuring: their records begin now.
  void add(Sources);
  std::vector<SourceInfo> known() const;
  // The interval in which to call: doubled when records grew over `most_samples` and were thinned to every second
  // reading.
  Duration interval() const { return interval_; }

 private:
  struct State {
    std::int64_t due = 0;
    Duration period{0};
    std::int64_t last_time = 0;  // of the last reading kept
    // Of a counter: since when it has had its value; when that was noticed, and how busy the machine was then.
    std::optional<double> value;
    Time still_since, noticed;
    std::optional<double> busy_then;
    bool still = false, stalled = false;
  };
  void sample(bool all);
  void note_sleep(Time at);
  void read(std::size_t i);
  void note_stall(std::size_t i, Time at, double value);
  void thin();

  Sources sources_;
  std::vector<State> states_;
  Duration interval_;
  const std::size_t most_samples_;
  const Surroundings around_;
  Recording recording_;
  std::int64_t origin_ = 0, slept_ = 0;  // elapsed at the begin; ns asleep that were noted
  std::optional<Time> last_;  // of the last sample
  std::vector<TimeSpan> sleeps_;
};

// A quarter of the time in which a counter could wrap, at most ten seconds.
Duration safe_interval(const SourceInfo&);

}  // namespace wattline::meter
