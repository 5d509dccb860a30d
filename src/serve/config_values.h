// Values of the configuration that several of its parts use: addresses, secrets, the environment.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/secret.h"

namespace wattline::serve {

struct ListenAddress {
  std::string host = "127.0.0.1";  // "localhost", an IPv4 or IPv6 address
  std::uint16_t port = 8080;  // 0: any free one
  bool loopback() const;
  std::string text() const;  // "127.0.0.1:8080", "[::1]:8080"
};
// "127.0.0.1:8080", "[::1]:8080", ":8080", "8080".
ListenAddress parse_listen(std::string_view text, std::string_view where);

struct BaseUrl {
  bool tls = false;
  std::string host;  // without brackets
  std::uint16_t port = 80;
  std::string path;  // "/v1", no trailing slash
  std::string authority;  // for the Host header
  bool loopback() const;
};
BaseUrl parse_base_url(std::string_view text, std::string_view where);

using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

class TomlTable;
// The key whose variable `api_key_env` names, where the table gives one; that it is not set is a fault.
void read_key_of_environment(TomlTable&, const Environment&, std::string& name, Secret& out);

}  // namespace wattline::serve
