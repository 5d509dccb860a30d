// Fields of a block as the check reads them: what has another kind is as if it were not there, for compiling tells it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/json.h"
#include "policy/settings.h"

namespace wattline::policy {

inline std::string text_of(const Json& fields, const char* key) {
  const Json* v = fields.find(key);
  return v && v->is_string() ? v->as_string() : std::string();
}

inline std::vector<std::string> texts_of(const Json& fields, const char* key) {
  std::vector<std::string> out;
  if (const Json* v = fields.find(key); v && v->is_array())
    for (const auto& e : v->as_array())
      if (e.is_string()) out.push_back(e.as_string());
  return out;
}

// A number of tokens: 8000 or "8K".
inline std::optional<double> tokens_of(const Json& fields, const char* key) {
  const Json* v = fields.find(key);
  if (v && v->is_number()) return v->as_number();
  return v && v->is_string() ? parse_tokens(v->as_string()) : std::nullopt;
}

}  // namespace wattline::policy
