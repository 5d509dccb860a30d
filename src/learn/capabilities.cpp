#include "learn/capabilities.h"

namespace wattline::learn {

std::vector<Capability> capabilities() { return {train_capability(), eval_capability()}; }

}  // namespace wattline::learn
