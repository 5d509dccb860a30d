// Where a Redfish service tells the power of its chassis: from any of its resources to the ones that hold it.
//
// From the root or a collection the first chassis is followed; of it EnvironmentMetrics is taken before PowerSubsystem
// (whose supplies' Metrics are summed) and that before Power. One view only: they are the same watts.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "meter/families/readings.h"

namespace wattline::meter {

// The resource at a path of the service ("/redfish/v1/Chassis/1"); throws Error.
using GetRedfish = std::function<Json(const std::string& path)>;

// The paths whose readings are to be added up, at most 16 of them. Error (world) where none tells power; asks at most 40
// times.
std::vector<std::string> find_redfish(const GetRedfish&, const std::string& from);

// The sum of what they tell now; Error where one tells nothing.
ExternalReadings ask_redfish(const GetRedfish&, const std::vector<std::string>& paths);

}  // namespace wattline::meter
