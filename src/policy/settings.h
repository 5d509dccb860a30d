// The fields of one block of a policy, read with their types; what is wrong or unknown becomes a finding.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/json.h"
#include "policy/finding.h"

namespace wattline::policy {

// A bound on a number: all that are given must hold; without any, a number above 0.
struct Predicate {
  std::optional<double> gt, gte, lt, lte, eq;

  bool given() const { return gt || gte || lt || lte || eq; }
  bool holds(double value) const;
  // Distance to the nearest bound; 0 without one.
  double distance(double value) const;
};

class Settings {
 public:
  // `fields` and `findings` must outlive this. `title` names the block in messages: "signal keyword urgent".
  Settings(const Json& fields, std::string title, std::string where, std::vector<Finding>& findings);

  bool has(std::string_view key);
  std::string text(std::string_view key, std::string_view fallback = {});
  // One of `allowed`; its index. Case does not matter.
  int choice(std::string_view key, const std::vector<std::string_view>& allowed, int fallback = 0);
  double number(std::string_view key, double fallback, double low, double high);
  bool flag(std::string_view key, bool fallback);
  std::vector<std::string> texts(std::string_view key);
  // Tokens: 8000, "8K" (1,000 each), "1M", "16KiB" (1,024 each).
  std::optional<double> tokens(std::string_view key);
  Predicate predicate(std::string_view key);
  // The block below `key`; nothing and a finding when it is no block.
  std::optional<Settings> block(std::string_view key);
  std::vector<Settings> blocks(std::string_view key);
  const Json* raw(std::string_view key);

  void fault(std::string code, std::string message, std::string fix = {});
  void warn(std::string code, std::string message, std::string fix = {});
  // A warning for every field that was never asked for.
  void finish();
  const std::string& title() const { return title_; }
  const std::string& where() const { return where_; }

 private:
  const Json* take(std::string_view key);

  const Json* fields_;
  std::string title_, where_;
  std::vector<Finding>* findings_;
  std::vector<std::string> asked_;
};

// "16K" and the like; nothing when it is no such text.
std::optional<double> parse_tokens(std::string_view text);
// The nearest of `known` to a name that is not among them, as "did you mean 'x'?"; "" when none is near.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& known);

}  // namespace wattline::policy
