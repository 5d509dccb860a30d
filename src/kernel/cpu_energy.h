// What CPU time costs on this machine. `app` provides it from the meters; rooms below them ask the Context
// for it and say so when it is not there.
#pragma once

#include <functional>
#include <string>

#include "kernel/estimate.h"
#include "kernel/quantity.h"

namespace wattline {

struct CpuEnergy {
  // Joules at the device of so much CPU time of one or many threads.
  std::function<Estimate<Energy>(Duration)> of;
};

// CPU time that the calling thread has used (CLOCK_THREAD_CPUTIME_ID).
Duration thread_cpu_time();

}  // namespace wattline
