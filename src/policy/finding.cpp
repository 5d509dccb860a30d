#include "policy/finding.h"

#include <algorithm>

namespace wattline::policy {

std::string to_string(Finding::Level level) {
  switch (level) {
    case Finding::Level::error: return "error";
    case Finding::Level::conflict: return "conflict";
    case Finding::Level::constraint: return "constraint";
    case Finding::Level::warning: return "warning";
  }
  return {};
}

bool has_errors(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& f) { return f.level == Finding::Level::error; });
}

}  // namespace wattline::policy
