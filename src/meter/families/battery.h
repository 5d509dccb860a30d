// Batteries in /sys/class/power_supply: the power of the whole machine while it runs on them, and only then (at the
// mains they tell what they are charged with). All of the machine's are one source; those of a mouse or headset (scope
// Device) are none of it. Drivers differ in the sign of what flows, so that `status` decides and the amount is used.
// Gauges are renewed slowly and settle over tens of seconds.
#pragma once

#include "meter/source.h"

namespace wattline::meter {

Found find_battery(const Roots&);

}  // namespace wattline::meter
