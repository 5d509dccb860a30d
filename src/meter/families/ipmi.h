// Power of the machine by its management controller: DCMI's Get Power Reading (NetFn 0x2C, command 0x02, request
// DC 01 00 00), by /dev/ipmi0. 1 W steps, renewed about each second.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "meter/families/poller.h"
#include "meter/source.h"

namespace wattline::meter {

struct DcmiReading {
  double current = 0, least = 0, most = 0, mean = 0;  // W
  std::uint32_t timestamp = 0;  // s since 1970 by the controller's clock
  std::uint32_t period_ms = 0;  // over which least, most and mean are
  bool active = false;
};
// The response's bytes, its completion code first. Error where it is a refusal or is cut short.
DcmiReading parse_dcmi_response(std::span<const std::uint8_t>);

// One question to the controller and its answer, completion code first; Error where none comes in time.
using AskIpmi = std::function<std::vector<std::uint8_t>(std::uint8_t net_fn, std::uint8_t command,
                                                        std::span<const std::uint8_t> request)>;
// nullptr with `error` (errno) set where the device cannot be opened.
AskIpmi open_ipmi(const std::filesystem::path& device, int& error);

Found find_ipmi(const Roots&);
Found find_ipmi(const Roots&, const std::function<AskIpmi(const std::filesystem::path&, int& error)>& open);

}  // namespace wattline::meter
