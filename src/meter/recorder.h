// Reads sources again and again while something runs, and makes energies of what was read.
//
// Counters: the sum of the rises, wraps put right, resets and stalls left out (counter_steps.h). Sensors: the
// trapezoid over the readings, nothing across gaps of more than three intervals or a sleep of the machine. The idle
// power of the machine is part of every figure. Instants go by a clock that neither steps nor stops when the machine
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
#include "meter/sampler.h"

namespace wattline::meter {

class Recorder {
 public:
  // As Sampler's, on a thread of its own.
  Recorder(Sources, Duration interval, std::size_t most_samples = 36000);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Before start(): looks every so often whether sources have come (source.h: appeared), and reads them too.
  void keep_looking(Roots roots, Duration every = Duration(60));
  void start();  // the first reading of all sources, then a thread goes on
  // A reading more, by any thread between start and stop; none when the last one of this kind was less than
  // `at_least` ago.
  void sample_now(Duration at_least);
  Time now() const { return sampler_.now(); }  // on the clock of the readings, after start
  Recording so_far();  // a copy of what was read, between start and stop
  Recording stop();  // the last reading of all
  Duration interval() const { return sampler_.interval(); }

 private:
  void run();

  Sampler sampler_;
  std::optional<Roots> roots_;
  Duration look_every_{60};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::optional<Time> between_;
  std::thread thread_;
};

struct ComponentEnergy {
  SourceInfo info;
  Estimate<Energy> energy;  // of the time covered, and filled in
  Series power;  // W: of a counter the mean since the reading before
  std::optional<Power> mean, peak;  // peak over at least five renewals of the value
  Duration covered{0}, missing{0};
  // Where gaps are filled in (gap_fill.h) energy is of both parts: what was read, and what stands for the rest.
  Estimate<Energy> read, filled_in;
  Duration filled{0};  // of the missing time
  std::size_t samples = 0, wraps = 0, resets = 0;
  bool least = false;  // the counter may have wrapped unseen: at least so much
  std::vector<std::string> warnings;
  std::vector<FactorUse> factors;
};
enum class Gaps { left_out, filled_in };
// Of the whole recording; method `measured`, or `modelled` when a run is shorter than a counter's steps.
ComponentEnergy component_energy(const SourceRecord&, Time begin, Time end, const catalog::Catalog&,
                                 Gaps = Gaps::left_out);

// The time between changes of a sensor's reading (median); 0 when it changed fewer than three times.
Duration renewal_period(const Series&);

// The table power.series.v1 (docs/formats/power-series.md). `load`: share of the machine's CPU time busy, 0..1,
// put beside the rows of each instant where it is given.
Table power_series_table(const std::vector<ComponentEnergy>&, const Series* load = nullptr);

}  // namespace wattline::meter
