// The capability `ledger disclose-diff`: what changed between two disclosures, item by item and rule by rule, and
// whether the newer one tells less or contradicts itself where the older one did not.
#pragma once

#include <string>
#include <vector>

#include "kernel/capability.h"
#include "ledger/disclose/rules.h"

namespace wattline::ledger::disclose {

struct Change {
  std::string what, level, before, after;
  std::optional<double> percent;  // of numbers
  bool worse = false;
};
// Items of the schema that differ, in its order; a number in another unit is the same number.
std::vector<Change> changed_items(const Json& before, const Json& after, const std::vector<Item>&);
std::vector<Change> changed_rules(const std::vector<RuleResult>& before, const std::vector<RuleResult>& after);

struct DiffOptions {
  InputFile before, after;
};
Result disclose_diff(const DiffOptions&, Context&);
Capability diff_capability();

}  // namespace wattline::ledger::disclose
