#include "serve/admission.h"

#include <algorithm>

#include <fmt/format.h>

namespace wattline::serve {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool among(std::string_view name, const std::vector<std::string>& list) {
  return std::any_of(list.begin(), list.end(), [&](const auto& s) { return same_name(s, name); });
}

bool is_this_machine(std::string_view host) {
  if (same_name(host, "localhost") || host == "::1") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

// What anybody may fetch: health, and the page, which holds nothing and has a field for the key.
bool needs_key(std::string_view path) {
  if (path == "/healthz" || path == "/readyz") return false;
  const auto below = [&](std::string_view p) { return path == p || (path.starts_with(p) && path[p.size()] == '/'); };
  return below("/v1") || below("/api") || below("/metrics");
}

std::string shown(std::string_view text) { return std::string(text.substr(0, 100)); }

}  // namespace

std::string_view host_without_port(std::string_view authority) {
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    return close == std::string_view::npos ? std::string_view() : authority.substr(1, close - 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b.empty() ? 0 : b[i % b.size()]);
  return difference == 0;
}

Admission::Admission(const ServerConfig& c)
    : loopback_(c.listen.loopback()),
      bearer_(c.api_key.empty() ? "" : "Bearer " + c.api_key.reveal()),
      hosts_(c.allowed_hosts),
      origins_(c.allowed_origins) {}

bool Admission::allowed_origin(std::string_view origin) const { return among(origin, origins_); }

std::optional<ApiError> Admission::refuse(const Caller& c) const {
  if (!c.has_host) return invalid_request("the Host header is missing", {}, "host_missing");
  if (loopback_) {
    const auto host = host_without_port(c.host);
    if (!is_this_machine(host) && !among(host, hosts_) && !among(c.host, hosts_))
      return ApiError{403, fmt::format("the Host '{}' is not this server: localhost, 127.0.0.1 and [::1] are, and names in server.allowed_hosts", shown(c.host)),
                      "permission_error", {}, "host_not_allowed"};
  }
  if (c.has_origin && !allowed_origin(c.origin)) {
    const auto scheme = c.origin.find("://");
    const bool own = scheme != std::string_view::npos && same_name(c.origin.substr(scheme + 3), c.host) &&
                     (c.origin.starts_with("http://") || c.origin.starts_with("https://"));
    if (!own)
      return ApiError{403, fmt::format("pages of '{}' may not call this server; server.allowed_origins lists those that may", shown(c.origin)),
                      "permission_error", {}, "origin_not_allowed"};
  }
  if (!bearer_.empty() && needs_key(c.path)) {
    if (c.authorization.empty())
      return ApiError{401, "a key is needed: send it as 'Authorization: Bearer KEY'", "invalid_request_error", {}, "api_key_missing"};
    // The scheme's name has no case of its own (RFC 9110, section 11.1).
    std::string given(c.authorization);
    for (std::size_t i = 0; i < std::min<std::size_t>(6, given.size()); ++i) given[i] = lower(given[i]);
    if (!given.empty()) given[0] = given[0] == 'b' ? 'B' : given[0];
    if (!equal_in_constant_time(given, bearer_))
      return ApiError{401, "the key is not the right one", "invalid_request_error", {}, "invalid_api_key"};
  }
  return std::nullopt;
}

}  // namespace wattline::serve
