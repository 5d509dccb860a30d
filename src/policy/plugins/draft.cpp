#include "policy/plugins/draft.h"

namespace wattline::policy {

std::size_t Draft::last_user() const {
  for (std::size_t i = messages.size(); i-- > 0;)
    if (messages[i].role == Role::user && !messages[i].dropped) return i;
  return none;
}

std::string Draft::query() const {
  std::string out;
  const std::size_t last = last_user();
  if (last == none) return out;
  for (const auto& t : messages[last].texts) {
    if (t.text.empty()) continue;
    if (!out.empty()) out += '\n';
    out += t.text;
  }
  return out;
}

std::size_t Draft::text_bytes() const {
  std::size_t bytes = 0;
  for (const auto& m : messages)
    if (!m.dropped)
      for (const auto& t : m.texts) bytes += t.text.size();
  return bytes;
}

}  // namespace wattline::policy
