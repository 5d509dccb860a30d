#include "policy/select/parameters.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::policy {

Parameters::Parameters(const Json& settings, std::string_view where) : settings_(&settings), where_(where) {
  if (!settings.is_null() && !settings.is_object())
    throw bad_input("settings of an algorithm are an object of keys and values", where_);
}

std::string Parameters::place(std::string_view key) const {
  return where_.empty() ? std::string(key) : fmt::format("{}: {}", where_, key);
}

const Json* Parameters::json(std::string_view key) {
  known_.emplace_back(key);
  const Json* found = settings_->find(key);
  return found && !found->is_null() ? found : nullptr;
}

double Parameters::number(std::string_view key, double fallback, double low, double high) {
  const Json* found = json(key);
  if (!found) return fallback;
  if (!found->is_number())
    throw bad_input(fmt::format("{} is not a number; {} to {} is allowed", found->dump(), low, high), place(key));
  const double value = found->as_number();
  if (!(value >= low && value <= high))
    throw bad_input(fmt::format("{} is out of range; {} to {} is allowed", value, low, high), place(key));
  return value;
}

std::int64_t Parameters::integer(std::string_view key, std::int64_t fallback, std::int64_t low, std::int64_t high) {
  const double value = number(key, static_cast<double>(fallback), static_cast<double>(low), static_cast<double>(high));
  if (value != std::floor(value)) throw bad_input(fmt::format("{} is not a whole number", value), place(key));
  return static_cast<std::int64_t>(value);
}

bool Parameters::flag(std::string_view key, bool fallback) {
  const Json* found = json(key);
  if (!found) return fallback;
  if (!found->is_bool()) throw bad_input(fmt::format("{} is neither true nor false", found->dump()), place(key));
  return found->as_bool();
}

std::string Parameters::text(std::string_view key, std::string_view fallback, const std::vector<std::string>& allowed) {
  const Json* found = json(key);
  if (!found) return std::string(fallback);
  if (!found->is_string()) throw bad_input(fmt::format("{} is not a text", found->dump()), place(key));
  if (std::find(allowed.begin(), allowed.end(), found->as_string()) == allowed.end())
    throw unknown_name("value", found->as_string(), allowed).at(place(key));
  return found->as_string();
}

void Parameters::finish() const {
  if (!settings_->is_object()) return;
  for (const auto& [key, value] : settings_->as_object())
    if (std::find(known_.begin(), known_.end(), key) == known_.end())
      throw unknown_name("setting", key, known_).at(where_);
}

}  // namespace wattline::policy
