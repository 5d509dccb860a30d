#include "learn/capabilities.h"

namespace wattline::learn {

std::vector<Capability> capabilities() {
  return {train_capability(), eval_capability(), record_capability(), router_train_capability()};
}

}  // namespace wattline::learn
