// By what the processor's and the memory's joules are shared out: an ordered family with the share of CPU time as its
// reference member.
//
//   cpu_time     seconds of CPU time, all alike; everywhere;
//   cycles       cycles: a second at a high frequency weighs more; where the processor's events may be counted;
//   regression   joules by a fit of the counter's power to CPU time, cycles and cache misses (power_fit.h): also programs
//                of equal cycles and unequal power are told apart; where there is a counter, too.
//
// Each falls back to the one before it where it cannot be had, and says so.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "meter/attribution/energy_book.h"
#include "meter/attribution/event_counts.h"
#include "meter/attribution/power_fit.h"

namespace wattline::meter {

enum class Sharing { cpu_time, cycles, regression };

// What a process did in a tick; pid 0: not of a single living one.
struct Done {
  AccountId account = no_account;
  int pid = 0;
  double seconds = 0;
};

class WorkWeights {
 public:
  // `counts` may be null: CPU time then, and `why` is said where another was wanted.
  WorkWeights(Sharing wanted, std::unique_ptr<EventCounts> counts, std::string why);

  struct Weighed {
    std::vector<Work> work;
    double unseen = 0;  // in the measure of the work
  };
  // `active`: joules of the processor above idle in this tick, negative where no counter tells them; `length`: s.
  void weigh(const std::vector<Done>&, double unseen_seconds, double active, double length, Weighed&);
  void forget(int pid);
  const std::string& how() const { return how_; }
  // The catalog's factor of the measure in use; "": the fit's own spread.
  const std::string& factor() const { return factor_; }
  double fit_spread() const { return fit_.spread(); }
  const std::string& trouble() const { return trouble_; }

 private:
  const Sharing wanted_;
  std::unique_ptr<EventCounts> counts_;
  PowerFit fit_;
  std::vector<PowerFit::Signals> signals_;  // of this tick
  std::string how_, factor_, trouble_;
};

}  // namespace wattline::meter
