#include <charconv>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/host_check.h"
#include "meter/agent/door.h"

namespace wattline::meter {

bool DoorAddress::loopback() const { return names_this_machine(host); }

std::string DoorAddress::text() const {
  return host.find(':') == host.npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

DoorAddress parse_door_address(std::string_view text, std::string_view where) {
  const auto refuse = [&] {
    return bad_input(fmt::format("'{}' is not HOST:PORT", text.substr(0, 80)), std::string(where),
                     "as in 127.0.0.1:9460, [::1]:9460 or 0.0.0.0:9460");
  };
  DoorAddress out;
  std::string_view port = text;
  if (text.starts_with('[')) {
    const auto close = text.find("]:");
    if (close == text.npos) throw refuse();
    out.host = std::string(text.substr(1, close - 1));
    port = text.substr(close + 2);
  } else if (const auto colon = text.rfind(':'); colon != text.npos) {
    if (colon > 0) out.host = std::string(text.substr(0, colon));
    port = text.substr(colon + 1);
    if (out.host.find(':') != out.host.npos) throw refuse();
  }
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (failed != std::errc() || end != port.data() + port.size() || port.empty() || out.host.empty()) throw refuse();
  for (const unsigned char c : out.host)
    if (c <= 0x20 || c >= 0x7f || c == '/' || c == '[' || c == ']') throw refuse();
  return out;
}

}  // namespace wattline::meter
