#include "device/capabilities.h"

#include "device/roofline.h"

namespace wattline::device {

std::vector<Capability> capabilities() { return {roofline_capability()}; }

}  // namespace wattline::device
