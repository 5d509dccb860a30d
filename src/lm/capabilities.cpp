#include "lm/capabilities.h"

#include "lm/commands.h"

namespace wattline::lm {

std::vector<Capability> capabilities() {
  return {models_capability(), generate_capability(), evaluate_capability(), export_capability()};
}

}  // namespace wattline::lm
