// NVIDIA Jetson boards: rails behind ina3221 chips, in /sys/bus/i2c/drivers/ina3221 (hwmon: inK_label, inK_input mV,
// currK_input mA) or, with older kernels, ina3221x (iio: rail_name_K, in_powerK_input mW).
//
// The rail of the whole module (VDD_IN, POM_5V_IN) contains the others: it is shown as the platform's and never added.
// The others are counted by what their names say they feed; a rail that feeds processor and GPU at once is the
// processor's, and says so.
#pragma once

#include "meter/source.h"

namespace wattline::meter {

Found find_jetson(const Roots&);

}  // namespace wattline::meter
