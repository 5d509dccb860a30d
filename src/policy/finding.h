// What a check of a policy found: where, what, how to mend it, and a request that shows it.
#pragma once

#include <string>
#include <vector>

namespace wattline::policy {

struct Finding {
  // error: cannot run. conflict: two rules contradict or hide each other. constraint: something wished for cannot
  // hold. warning: likely not meant.
  enum class Level { error, conflict, constraint, warning };
  Level level = Level::error;
  std::string code;  // "shadowed-decision"; stable, for suppressions and docs
  std::string where;  // "policy.toml:12"
  std::string message, fix;
  std::string example;  // a request for which it happens; "" when none is known
};

std::string to_string(Finding::Level);
bool has_errors(const std::vector<Finding>&);

}  // namespace wattline::policy
