#include "text/capabilities.h"

#include "text/commands.h"

namespace wattline::text {

std::vector<Capability> capabilities() {
  return {encode_capability(), compare_capability(), language_capability(), classify_capability(), train_capability()};
}

}  // namespace wattline::text
