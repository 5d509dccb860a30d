// The capability `ledger verify`: is the account as it was written?
#pragma once

#include <string>
#include <vector>

#include "kernel/capability.h"

namespace wattline::ledger {

struct VerifyOptions {
  std::vector<std::string> heads;  // hashes kept elsewhere
};

Result verify(const VerifyOptions&, Context&);
Capability verify_capability();

}  // namespace wattline::ledger
