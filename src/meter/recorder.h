// Reads sources again and again while something runs, and makes energies of what was read.
//
// Counters: the difference of the first and last reading, wraps put right, resets left out. Sensors: the
// trapezoid over the readings, nothing across gaps of more than three intervals. The idle power of the
// machine is part of every figure. Instants go by a clock that neither steps nor stops when the machine
// sleeps; their origin is UTC at the start.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/estimate.h"
#include "kernel/series.h"
#include "kernel/table.h"
#include "meter/source.h"

namespace wattline::meter {

// What one source said: J of a counter, W of a sensor; NaN where it could not be read.
struct SourceRecord {
  SourceInfo info;
  Series readings;
  std::size_t failures = 0;
  std::string trouble;  // the last one
  std::optional<double> watts_at_end;  // of a counter, for runs shorter than its steps
};

struct Recording {
  Time begin, end;
  std::vector<SourceRecord> records;
};

class Recorder {
 public:
  // `interval` is shortened where a counter could wrap unseen; over `most_samples` a record is thinned to
  // every second reading and the interval doubled, up to ten seconds.
  Recorder(Sources, Duration interval, std::size_t most_samples = 36000);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void start();  // the first reading of all sources, then a thread goes on
  Recording stop();  // the last reading of all
  Duration interval() const { return interval_; }

 private:
  void sample();
  void thin();
  Time now() const;

  Sources sources_;
  Duration interval_;
  const std::size_t most_samples_;
  Recording recording_;
  std::int64_t origin_ns_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

struct ComponentEnergy {
  SourceInfo info;
  Estimate<Energy> energy;  // of the time covered
  Series power;  // W: of a counter the mean since the reading before
  std::optional<Power> mean, peak;  // peak over at least five renewals of the value
  Duration covered{0}, missing{0};
  std::size_t samples = 0, wraps = 0, resets = 0;
  std::vector<std::string> warnings;
  std::vector<FactorUse> factors;
};
// Of the whole recording; method `measured`, or `modelled` when a run is shorter than a counter's steps.
ComponentEnergy component_energy(const SourceRecord&, Time begin, Time end, const catalog::Catalog&);

// The time between changes of a sensor's reading (median); 0 when it changed fewer than three times.
Duration renewal_period(const Series&);

// The table power.series.v1 (docs/formats/power-series.md).
Table power_series_table(const std::vector<ComponentEnergy>&);

}  // namespace wattline::meter
