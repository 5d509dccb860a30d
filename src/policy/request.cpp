#include "policy/request.h"

#include <cmath>

namespace wattline::policy {

std::string_view RequestView::query() const {
  for (auto m = messages.rbegin(); m != messages.rend(); ++m)
    if (m->role == Role::user) return m->text;
  return {};
}

TokenEstimate estimate_tokens(const RequestView& request, double bytes_per_token) {
  double text = 0;
  TokenEstimate e;
  for (const auto& m : request.messages) {
    text += static_cast<double>(m.text.size());
    e.prompt += 4 + 8192 * std::int64_t{m.images} + 8 * std::int64_t{m.tool_calls} + (m.role == Role::tool ? 8 : 0) +
                m.structured_bytes;
  }
  for (const auto& t : request.tools) e.prompt += 8 + t.structured_bytes;
  e.prompt += static_cast<std::int64_t>(std::ceil(text / bytes_per_token));
  if (request.max_output_tokens && *request.max_output_tokens > 0) e.reserve = *request.max_output_tokens;
  return e;
}

}  // namespace wattline::policy
