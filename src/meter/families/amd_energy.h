// AMD's energy driver (hwmon chip amd_energy; in the kernel from 5.8 to 5.13, since then a module of its own): a counter
// for each socket, 64 bits wide in the driver. Its counters of single cores are inside their socket and are not read,
// of which there may be thousands.
#pragma once

#include "meter/source.h"

namespace wattline::meter {

Found find_amd_energy(const Roots&);

}  // namespace wattline::meter
