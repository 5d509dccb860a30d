// Sensors of chips in /sys/class/hwmon: energy counters before power (mean before instant).
//
// Counted are the chips whose extent is known: the processors' drivers (amd_energy, zenpower, fam15h_power,
// xgene) and the graphics drivers (amdgpu, i915, xe). What another chip's rail feeds, and which other rails
// it contains, its driver does not say: it is shown, never added. Voltage times current is used for no sum
// for the same reason.
// Channels that are switched off, negative readings and 0xFFFFFFFF mW ("not available") are left out.
#pragma once

#include "meter/source.h"

namespace wattline::meter {

Found find_hwmon(const Roots&);

}  // namespace wattline::meter
