// Parameters of an algorithm, read one by one; what is left over at the end is an unknown setting.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/json.h"

namespace wattline::policy {

class Parameters {
 public:
  // `settings` is an object or null and outlives this; `where` names it in errors ("policy.toml:12").
  Parameters(const Json& settings, std::string_view where);

  double number(std::string_view key, double fallback, double low, double high);
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t low, std::int64_t high);
  bool flag(std::string_view key, bool fallback);
  // One of `allowed`.
  std::string text(std::string_view key, std::string_view fallback, const std::vector<std::string>& allowed);
  // As it stands, or nullptr.
  const Json* json(std::string_view key);
  std::string place(std::string_view key) const;  // "policy.toml:12: explore"

  // Error(bad_input) for a key that nobody asked for, with the nearest.
  void finish() const;

 private:
  const Json* settings_;
  std::string where_;
  std::vector<std::string> known_;
};

}  // namespace wattline::policy
