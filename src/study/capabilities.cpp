#include "study/capabilities.h"

#include "study/compare.h"
#include "study/design_command.h"

namespace wattline::study {

std::vector<Capability> capabilities() { return {compare_capability(), design_capability()}; }

}  // namespace wattline::study
