// The capabilities that put a record right without changing it: `ledger correct` and `ledger retract`
// write a new row that takes the place of the old one in every sum.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/capability.h"

namespace wattline::ledger {

struct CorrectOptions {
  std::string uid, reason;
  std::optional<Energy> energy;
  double spread = 0;  // per cent, 95 %
  std::string model, device, place;
  std::optional<double> pue;  // of the site (row_site.h)
};
struct RetractOptions {
  std::string uid, reason;
};

Result correct(const CorrectOptions&, Context&);
Result retract(const RetractOptions&, Context&);
std::vector<Capability> amend_capabilities();

}  // namespace wattline::ledger
