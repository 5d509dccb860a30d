// Sensors of chips in /sys/class/hwmon (families/hwmon_chips.h) that no other family knows better.
//
// Counted are the processors' drivers, whose extent is known (zenpower, k10temp, fam15h_power, apm_xgene). What another
// chip's rail feeds, and which other rails it contains, its driver does not say: it is shown, never added.
#pragma once

#include "meter/source.h"

namespace wattline::meter {

Found find_hwmon(const Roots&);

}  // namespace wattline::meter
