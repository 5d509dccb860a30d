// The capability `ledger erase`: a person is forgotten, the rows stay.
#pragma once

#include <string>

#include "kernel/capability.h"

namespace wattline::ledger {

struct EraseOptions {
  std::string label = "user", name;
};

Result erase(const EraseOptions&, Context&);
Capability erase_capability();

}  // namespace wattline::ledger
