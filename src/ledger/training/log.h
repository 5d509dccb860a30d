// A power log as a whole: what it holds of each device, and what can be said of it alone. Units: J, s, W.
#pragma once

#include <vector>

#include "kernel/options.h"
#include "kernel/result.h"
#include "ledger/training/trace.h"

namespace wattline::ledger::training {

struct Log {
  Trace trace;
  std::vector<TraceEnergy> each;  // by device
  TraceEnergy all;  // sums; mean and max of the sum of devices' means and maxima
  Time begin, end;
  double gap = 10;  // seconds
  double duration() const { return (end - begin).base(); }
};
// Error bad_input: what read_trace refuses, and a log of a single instant.
Log read_log(const InputFile&, double gap);

// Energy of all devices in `parts` equal pieces of the first `share` of the time.
std::vector<double> pieces(const Log&, std::size_t parts, double share);
double mean_load(const DeviceTrace&);  // 0..1; negative: not known

Table devices_table(const Log&);
Figure power_figure(const Log&);
// What the first 10, 20, 50 and `first` percent would have foretold of it.
Table projection_table(const Log&, double first);
void add_comparison(Result&, const Log& mine, const Log& baseline);

}  // namespace wattline::ledger::training
