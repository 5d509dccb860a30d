// The rules that recompute what a disclosure says (R1 to R14 of schema 1; R12, placeholders, is of schema.h). Each tells
// the numbers it used, the formula and the tolerance, so that a reviewer can follow.
#pragma once

#include <string>
#include <vector>

#include "ledger/disclose/schema.h"

namespace wattline::ledger::disclose {

enum class RuleVerdict { holds, contradicted, questionable, not_checked };
std::string_view to_string(RuleVerdict);

struct RuleResult {
  std::string id, what;
  RuleVerdict verdict = RuleVerdict::not_checked;
  std::string numbers, formula, tolerance;
};
std::vector<RuleResult> check_rules(const Json& manifest, const std::vector<Item>&, const catalog::Catalog&);
// One contradiction among them.
bool contradicted(const std::vector<RuleResult>&);

}  // namespace wattline::ledger::disclose
