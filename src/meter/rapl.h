// Energy counters of processor packages and memory in /sys/class/powercap (control types intel-rapl,
// which is used for AMD too, and intel-rapl-mmio).
//
// Counted: each zone package-* and each dram. Not counted: core and uncore (inside their package), psys
// (contains the packages), and intel-rapl-mmio where the same zone exists through intel-rapl. A zone that
// is switched off may stand still and is left out. energy_uj is readable by root alone since kernel 5.10
// (CVE-2020-8694): a counter that may not be read becomes an obstacle with its mend.
#pragma once

#include "meter/source.h"

namespace wattline::meter {

Found find_rapl(const Roots&);

}  // namespace wattline::meter
