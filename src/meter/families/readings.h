// What meters outside the machine say, taken apart: text in, watts and joules out, nothing is opened here.
//
// Each reader gives what it finds, and throws an Error (world) that names what is missing when the text is not what such
// a meter says. Values that are null or not finite are missing and never 0, and a sum without one of its parts is none.
// Of several phases or outlets one that feeds back counts less; more fed back than drawn in all is an Error that says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/json.h"
#include "meter/source.h"

namespace wattline::meter {

struct ExternalReading {
  std::string part;  // "": the whole that the meter is for; else "gpu", "ane"
  Domain domain = Domain::platform;
  std::optional<double> watts;
  std::optional<double> joules;  // of a counter
  double joule_step = 0;  // the counter's least step
  double watt_step = 0;
  bool derived = false;  // not measured but reckoned by the meter: load times nominal power
};
using ExternalReadings = std::vector<ExternalReading>;

// Shelly: of the second generation Switch.GetStatus, PM1.GetStatus or EM.GetStatus (apower W, aenergy.total Wh;
// total_act_power W) or EM1.GetStatus (act_power W), of the first /status (meters[]: power W, total watt-minutes; emeters[]: power W, total Wh).
ExternalReadings parse_shelly(std::string_view json);
// Tasmota `Status 8`: StatusSNS.ENERGY: Power W (a number, or one for each outlet), Total kWh.
ExternalReadings parse_tasmota(std::string_view json);
// Any JSON: the members that dotted paths name ("meters.0.power"), each times its scale to W or J. "" is not looked for.
ExternalReadings parse_json_meter(std::string_view json, std::string_view power_path, double power_scale,
                                  std::string_view energy_path, double energy_scale);
// What `upsc` of Network UPS Tools prints: ups.realpower, else ups.load (%) of ups.realpower.nominal (then `derived`).
ExternalReadings parse_upsc(std::string_view text);
// What `ipmitool dcmi power reading` prints.
ExternalReadings parse_dcmi_text(std::string_view text);
// Apple's `powermetrics --samplers cpu_power,gpu_power`, the last sample of a log: CPU, GPU, ANE and DRAM power; of
// Intel machines the package. `Combined Power` contains them and is left out.
ExternalReadings parse_powermetrics(std::string_view text);
// A log of SPEC PTDaemon, its last whole line: Time,MM-DD-YYYY HH:MM:SS.mmm,Watts,x,Volts,x,...
ExternalReadings parse_ptdaemon(std::string_view text);
// One resource of Redfish: EnvironmentMetrics (PowerWatts, EnergykWh), Power (PowerControl[0], else the sum of
// PowerSupplies), PowerSupplyMetrics (InputPowerWatts). Nothing where it holds no power.
std::optional<ExternalReading> read_redfish(const Json& resource);
// Of Redfish's power supplies: a bay without one.
bool bay_is_empty(const Json& supply);

// A number at a dotted path, also one written as a text.
std::optional<double> number_at(const Json&, std::string_view path);

}  // namespace wattline::meter
