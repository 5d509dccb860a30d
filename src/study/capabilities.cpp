#include "study/capabilities.h"

#include "study/compare.h"

namespace wattline::study {

std::vector<Capability> capabilities() { return {compare_capability()}; }

}  // namespace wattline::study
