#include "serve/cache_control.h"

#include <charconv>

#include <fmt/format.h>

#include "kernel/utf8.h"

namespace wattline::serve {
namespace {

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

bool same(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if ((a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] + 32) : a[i]) != lower[i]) return false;
  return true;
}

// Seconds, with or without quotes; what is no number is the strictest: 0 (RFC 9111, section 4.2.1, lets a
// recipient take what is invalid as stale).
std::int64_t age_ns(std::string_view text) {
  constexpr std::int64_t most = INT64_MAX / 1'000'000'000;
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  std::int64_t seconds = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (end != text.data() + text.size() || text.empty() || text.front() == '-') return 0;
  if (ec == std::errc::result_out_of_range || seconds > most) return INT64_MAX;
  return ec == std::errc() ? seconds * 1'000'000'000 : 0;
}

}  // namespace

void read_cache_control(CacheWish& wish, std::string_view value) {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    const std::string_view directive = trimmed(value.substr(0, comma));
    value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
    const std::size_t equals = directive.find('=');
    const std::string_view name = trimmed(directive.substr(0, equals));
    if (same(name, "no-store")) wish.look = wish.keep = false;
    else if (same(name, "no-cache")) wish.look = false;
    else if (same(name, "only-if-cached")) wish.only_if_cached = true;
    else if (same(name, "max-age"))
      wish.max_age_ns = std::min(wish.max_age_ns,
                                 equals == std::string_view::npos ? 0 : age_ns(trimmed(directive.substr(equals + 1))));
  }
}

std::optional<ApiError> read_wattline_cache(CacheWish& wish, std::string_view value) {
  value = trimmed(value);
  if (same(value, "on")) wish.on = true;
  else if (same(value, "off")) wish.look = wish.keep = false;
  else
    return invalid_request(fmt::format("the header x-wattline-cache is '{}'; on or off is allowed", shown_text(value)),
                           "x-wattline-cache");
  return std::nullopt;
}

}  // namespace wattline::serve
