// Who may ask: Host and Origin (a page of another site must not reach a server on loopback by a name
// that resolves to it: DNS rebinding), and what a key is needed for; whose it is the governor knows.
//
// On loopback Host must name this machine or be one of allowed_hosts. An Origin (browsers send it
// with what a page asks) must be the server itself or one of allowed_origins.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/api_error.h"
#include "serve/config.h"

namespace wattline::serve {

struct Caller {
  std::string_view path;  // decoded
  std::string_view host, origin;  // "" when not sent
  bool has_host = false, has_origin = false;
};

class Admission {
 public:
  explicit Admission(const ServerConfig&);
  std::optional<ApiError> refuse(const Caller&) const;
  // Whether the page at `origin` is another one that may call: it gets CORS headers.
  bool allowed_origin(std::string_view origin) const;

 private:
  bool loopback_;
  std::vector<std::string> hosts_, origins_;
};

// Whether a key is needed where keys are asked for: for all but the page's files, which hold nothing and
// have a field for it, and the health checks.
bool needs_key(std::string_view path);
// Whether a key that sees its own tenant only may ask for it. What the program tells of itself and its
// other rooms (figures, the account, capabilities) is everybody's, so that is not for one tenant.
bool shows_own_only(std::string_view path);
// Compares in a time that does not tell where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);
// "localhost:8080" -> "localhost", "[::1]:80" -> "::1".
std::string_view host_without_port(std::string_view authority);

}  // namespace wattline::serve
