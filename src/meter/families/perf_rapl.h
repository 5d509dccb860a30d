// Energy counters of processor packages and memory through the kernel's performance events (PMU `power`): the same
// counters as powercap's, 64 bits wide and so without wraps, and open to programs that have CAP_PERFMON and nothing
// more (arXiv:2401.15985 recommends them for both). Counted: energy-pkg of each package (or die) and energy-ram. Not
// counted: energy-psys, which contains them. Cores and graphics are inside their package and are not read.
#pragma once

#include "meter/families/perf_counter.h"
#include "meter/source.h"

namespace wattline::meter {

Found find_perf_rapl(const Roots&);
Found find_perf_rapl(const Roots&, const OpenPerfCounter&);

}  // namespace wattline::meter
