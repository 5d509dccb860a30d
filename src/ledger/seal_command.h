// The capability `ledger seal`: old rows go into files that prove themselves.
#pragma once

#include <string>

#include "kernel/capability.h"

namespace wattline::ledger {

struct SealOptions {
  std::string before;
};

Result seal(const SealOptions&, Context&);
Capability seal_capability();

}  // namespace wattline::ledger
