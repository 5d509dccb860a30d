// For tests of plugins: requests as drafts.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "policy/plugins/draft.h"

namespace wattline::policy::tests {

inline DraftMessage said(Role role, std::string text) {
  DraftMessage m;
  m.role = role;
  m.texts.push_back({std::move(text)});
  return m;
}

inline Draft draft(std::vector<std::pair<Role, std::string>> messages) {
  Draft d;
  for (auto& [role, text] : messages) d.messages.push_back(said(role, std::move(text)));
  return d;
}

// The texts that are still there, roles in front: "system: Be brief.|user: Hi".
inline std::string shown(const Draft& d) {
  static constexpr const char* names[] = {"system", "developer", "user", "assistant", "tool", "other"};
  std::string out;
  for (const auto& m : d.messages) {
    if (m.dropped) continue;
    if (!out.empty()) out += "|";
    out += names[static_cast<int>(m.role)];
    for (const auto& t : m.texts) out += ": " + t.text;
  }
  return out;
}

}  // namespace wattline::policy::tests
