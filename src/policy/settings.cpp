#include "policy/settings.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::policy {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

bool Predicate::holds(double v) const {
  if (!given()) return v > 0;
  return (!gt || v > *gt) && (!gte || v >= *gte) && (!lt || v < *lt) && (!lte || v <= *lte) && (!eq || v == *eq);
}

double Predicate::distance(double v) const {
  double nearest = INFINITY;
  for (const auto& bound : {gt, gte, lt, lte, eq})
    if (bound) nearest = std::min(nearest, std::abs(v - *bound));
  return std::isinf(nearest) ? 0 : nearest;
}

std::optional<double> parse_tokens(std::string_view text) {
  double n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || !std::isfinite(n) || n < 0) return {};
  const std::string unit = lower(std::string_view(end, static_cast<std::size_t>(text.data() + text.size() - end)));
  static constexpr std::pair<std::string_view, double> units[] = {
      {"", 1}, {"k", 1e3}, {"m", 1e6}, {"kib", 1024}, {"mib", 1048576}};
  for (const auto& [name, factor] : units)
    if (unit == name) return n * factor;
  return {};
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
  const auto near = nearest(name, known, 1);
  return near.empty() ? std::string() : fmt::format("did you mean '{}'?", near.front());
}

Settings::Settings(const Json& fields, std::string title, std::string where, std::vector<Finding>& findings)
    : fields_(&fields), title_(std::move(title)), where_(std::move(where)), findings_(&findings) {}

const Json* Settings::take(std::string_view key) {
  asked_.emplace_back(key);
  const Json* j = fields_->find(key);
  return j && j->is_null() ? nullptr : j;
}

bool Settings::has(std::string_view key) { return take(key) != nullptr; }
const Json* Settings::raw(std::string_view key) { return take(key); }

void Settings::fault(std::string code, std::string message, std::string fix) {
  findings_->push_back(
      {Finding::Level::error, std::move(code), where_, fmt::format("{}: {}", title_, message), std::move(fix), {}});
}

void Settings::warn(std::string code, std::string message, std::string fix) {
  findings_->push_back(
      {Finding::Level::warning, std::move(code), where_, fmt::format("{}: {}", title_, message), std::move(fix), {}});
}

std::string Settings::text(std::string_view key, std::string_view fallback) {
  const Json* j = take(key);
  if (!j) return std::string(fallback);
  if (j->is_string()) return j->as_string();
  fault("wrong-type", fmt::format("'{}' is {}, but must be a text", key, j->dump()));
  return std::string(fallback);
}

int Settings::choice(std::string_view key, const std::vector<std::string_view>& allowed, int fallback) {
  const std::string given = text(key);
  if (given.empty()) return fallback;
  for (std::size_t i = 0; i < allowed.size(); ++i)
    if (lower(allowed[i]) == lower(given)) return static_cast<int>(i);
  fault("unknown-value", fmt::format("'{}' is '{}'; allowed: {}", key, given, fmt::join(allowed, ", ")));
  return fallback;
}

double Settings::number(std::string_view key, double fallback, double low, double high) {
  const Json* j = take(key);
  if (!j) return fallback;
  if (!j->is_number()) {
    fault("wrong-type", fmt::format("'{}' is {}, but must be a number", key, j->dump()));
    return fallback;
  }
  const double v = j->as_number();
  if (v >= low && v <= high) return v;
  fault("out-of-range", fmt::format("'{}' is {}, but must be from {} to {}", key, v, low, high));
  return fallback;
}

bool Settings::flag(std::string_view key, bool fallback) {
  const Json* j = take(key);
  if (!j) return fallback;
  if (j->is_bool()) return j->as_bool();
  fault("wrong-type", fmt::format("'{}' is {}, but must be true or false", key, j->dump()));
  return fallback;
}

std::vector<std::string> Settings::texts(std::string_view key) {
  std::vector<std::string> out;
  const Json* j = take(key);
  if (!j) return out;
  if (j->is_string()) return {j->as_string()};
  bool right = j->is_array();
  if (right)
    for (const auto& item : j->as_array()) {
      if (item.is_string()) out.push_back(item.as_string());
      else right = false;
    }
  if (!right) fault("wrong-type", fmt::format("'{}' must be a list of texts", key));
  return out;
}

std::optional<double> Settings::tokens(std::string_view key) {
  const Json* j = take(key);
  if (!j) return {};
  if (j->is_number() && j->as_number() >= 0) return j->as_number();
  if (j->is_string())
    if (const auto n = parse_tokens(j->as_string())) return n;
  fault("wrong-type",
        fmt::format("'{}' is {}, but must be a number of tokens from 0: 8000, \"8K\", \"16KiB\" or \"1M\"", key,
                    j->dump()));
  return {};
}

Predicate Settings::predicate(std::string_view key) {
  Predicate p;
  auto b = block(key);
  if (!b) return p;
  const auto read = [&](std::string_view name, std::optional<double>& out) {
    if (b->has(name)) out = b->number(name, 0, -1e300, 1e300);
  };
  read("gt", p.gt);
  read("gte", p.gte);
  read("lt", p.lt);
  read("lte", p.lte);
  read("eq", p.eq);
  b->finish();
  return p;
}

std::optional<Settings> Settings::block(std::string_view key) {
  const Json* j = take(key);
  if (!j) return {};
  if (j->is_object()) return Settings(*j, fmt::format("{}, {}", title_, key), where_, *findings_);
  fault("wrong-type", fmt::format("'{}' is {}, but must be a block of fields", key, j->dump()));
  return {};
}

std::vector<Settings> Settings::blocks(std::string_view key) {
  std::vector<Settings> out;
  const Json* j = take(key);
  if (!j) return out;
  if (!j->is_array()) {
    fault("wrong-type", fmt::format("'{}' must be a list of blocks", key));
    return out;
  }
  std::size_t n = 0;
  for (const auto& item : j->as_array()) {
    ++n;
    if (item.is_object()) out.emplace_back(item, fmt::format("{}, {} {}", title_, key, n), where_, *findings_);
    else fault("wrong-type", fmt::format("'{}' {} is {}, but must be a block of fields", key, n, item.dump()));
  }
  return out;
}

void Settings::finish() {
  for (const auto& [key, value] : fields_->as_object())
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end())
      warn("unknown-field", fmt::format("'{}' is not known here and does nothing", key), did_you_mean(key, asked_));
}

}  // namespace wattline::policy
