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

std::string shown(std::string_view text) { return std::string(text.substr(0, 100)); }

bool below(std::string_view path, std::string_view root) {
  return path == root || (path.starts_with(root) && path[root.size()] == '/');
}

}  // namespace

std::string_view host_without_port(std::string_view authority) {
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    return close == std::string_view::npos ? std::string_view() : authority.substr(1, close - 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool needs_key(std::string_view path) { return below(path, "/v1") || below(path, "/api") || below(path, "/metrics"); }

bool shows_own_only(std::string_view path) {
  return !needs_key(path) || below(path, "/v1") || below(path, "/api/v1/answers") || path == "/api/v1/usage" ||
         path == "/api/v1/events" || path == "/api/v1/status" || path == "/api/v1/cache/wrong" ||
         path == "/api/v1/memory" || below(path, "/api/v1/context");
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b.empty() ? 0 : b[i % b.size()]);
  return difference == 0;
}

Admission::Admission(const ServerConfig& c)
    : loopback_(c.listen.loopback()), hosts_(c.allowed_hosts), origins_(c.allowed_origins) {}

bool Admission::allowed_origin(std::string_view origin) const { return among(origin, origins_); }

std::optional<ApiError> Admission::refuse(const Caller& c) const {
  if (!c.has_host) return invalid_request("the Host header is missing", {}, "host_missing");
  if (loopback_) {
    const auto host = host_without_port(c.host);
    if (!is_this_machine(host) && !among(host, hosts_) && !among(c.host, hosts_))
      return ApiError{
          403,
          fmt::format(
              "the Host '{}' is not this server: localhost, 127.0.0.1 and [::1] are, and names in server.allowed_hosts",
              shown(c.host)),
          "permission_error",
          {},
          "host_not_allowed"};
  }
  if (c.has_origin && !allowed_origin(c.origin)) {
    const auto scheme = c.origin.find("://");
    const bool own = scheme != std::string_view::npos && same_name(c.origin.substr(scheme + 3), c.host) &&
                     (c.origin.starts_with("http://") || c.origin.starts_with("https://"));
    if (!own)
      return ApiError{403,
                      fmt::format("pages of '{}' may not call this server; server.allowed_origins lists those that may",
                                  shown(c.origin)),
                      "permission_error",
                      {},
                      "origin_not_allowed"};
  }
  return std::nullopt;
}

}  // namespace wattline::serve
