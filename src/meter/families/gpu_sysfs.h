// GPUs of AMD (amdgpu) and Intel (i915, xe) by the files of their drivers in /sys/class/hwmon.
//
// AMD: the energy of each board where its table has a counter of known unit (gpu_metrics.h), its power otherwise, the
// mean where there is one. The second die of a board of two (MI250) reads 0 and the
// first the whole board, so that their sum is right. Graphics inside a processor tell the power of the whole package:
// that is the processor's, and counted only where nothing else tells it. A board that sleeps is not woken by asking.
// Intel: the energy counter of each board (i915; of xe the channel `card`); that of its parts is inside it.
#pragma once

#include "meter/source.h"

namespace wattline::meter {

Found find_amdgpu(const Roots&);
Found find_intel_gpu(const Roots&);

}  // namespace wattline::meter
