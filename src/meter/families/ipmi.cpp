#include "meter/families/ipmi.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/ipmi.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernel/error.h"

namespace wattline::meter {
namespace {

constexpr std::uint8_t group_extension = 0x2C, get_power_reading = 0x02, dcmi = 0xDC;
constexpr int patience_ms = 2000;

struct Descriptor {
  int fd = -1;
  long questions = 0;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

std::vector<std::uint8_t> ask(Descriptor& device, std::uint8_t net_fn, std::uint8_t command,
                              std::span<const std::uint8_t> request) {
  ipmi_system_interface_addr to{};
  to.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE;
  to.channel = IPMI_BMC_CHANNEL;
  std::array<std::uint8_t, 64> data{};
  std::memcpy(data.data(), request.data(), std::min(request.size(), data.size()));
  ipmi_req question{};
  question.addr = reinterpret_cast<unsigned char*>(&to);
  question.addr_len = sizeof to;
  const long id = ++device.questions;
  question.msgid = id;
  question.msg.netfn = net_fn;
  question.msg.cmd = command;
  question.msg.data = data.data();
  question.msg.data_len = static_cast<unsigned short>(std::min(request.size(), data.size()));
  if (::ioctl(device.fd, IPMICTL_SEND_COMMAND, &question) < 0) throw errno_error("ask", "/dev/ipmi0", errno);
  // Answers to questions of before, which came too late, are passed over.
  for (int others = 0; others < 8; ++others) {
    pollfd p{device.fd, POLLIN, 0};
    const int ready = ::poll(&p, 1, patience_ms);
    if (ready <= 0) break;
    ipmi_system_interface_addr from{};
    std::array<std::uint8_t, 256> reply{};
    ipmi_recv answer{};
    answer.addr = reinterpret_cast<unsigned char*>(&from);
    answer.addr_len = sizeof from;
    answer.msg.data = reply.data();
    answer.msg.data_len = reply.size();
    if (::ioctl(device.fd, IPMICTL_RECEIVE_MSG_TRUNC, &answer) < 0 && errno != EMSGSIZE)
      throw errno_error("read the answer of", "/dev/ipmi0", errno);
    if (answer.msgid == id)
      return {reply.begin(), reply.begin() + std::min<std::ptrdiff_t>(answer.msg.data_len, reply.size())};
  }
  throw world_error("the management controller does not answer within 2 s", "/dev/ipmi0");
}

ExternalReadings power_of(const AskIpmi& ask_controller) {
  constexpr std::uint8_t request[] = {dcmi, 0x01, 0x00, 0x00};
  const DcmiReading reading = parse_dcmi_response(ask_controller(group_extension, get_power_reading, request));
  if (!reading.active)
    throw world_error("the power reading is switched off in the management controller", "/dev/ipmi0");
  ExternalReading r;
  r.watts = reading.current;
  r.watt_step = 1;
  return {r};
}

}  // namespace

DcmiReading parse_dcmi_response(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) throw world_error("the management controller's answer is empty", "DCMI");
  if (bytes[0] != 0)
    throw world_error(fmt::format("the management controller refuses (completion code 0x{:02x}{})", bytes[0],
                                  bytes[0] == 0xC1   ? ": it knows no DCMI"
                                  : bytes[0] == 0xD4 ? ": insufficient privilege"
                                                     : ""),
                      "DCMI");
  if (bytes.size() < 19 || bytes[1] != dcmi)
    throw world_error(fmt::format("{} bytes that are no power reading; 19 that begin with 00 dc are one", bytes.size()),
                      "DCMI");
  const auto u16 = [&](std::size_t at) { return static_cast<double>(bytes[at] | bytes[at + 1] << 8); };
  const auto u32 = [&](std::size_t at) {
    return static_cast<std::uint32_t>(bytes[at]) | static_cast<std::uint32_t>(bytes[at + 1]) << 8 |
           static_cast<std::uint32_t>(bytes[at + 2]) << 16 | static_cast<std::uint32_t>(bytes[at + 3]) << 24;
  };
  return {u16(2), u16(4), u16(6), u16(8), u32(10), u32(14), (bytes[18] & 0x40) != 0};
}

AskIpmi open_ipmi(const std::filesystem::path& device, int& error) {
  auto held = std::make_shared<Descriptor>();
  held->fd = ::open(device.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (held->fd < 0) {
    error = errno;
    return nullptr;
  }
  return [held](std::uint8_t net_fn, std::uint8_t command, std::span<const std::uint8_t> request) {
    return ask(*held, net_fn, command, request);
  };
}

Found find_ipmi(const Roots& roots) { return find_ipmi(roots, open_ipmi); }

Found find_ipmi(const Roots& roots, const std::function<AskIpmi(const std::filesystem::path&, int& error)>& open) {
  Found out;
  std::filesystem::path device;
  std::error_code ignored;
  for (const char* name : {"ipmi0", "ipmi/0", "ipmidev/0"})
    if (device.empty() && std::filesystem::exists(roots.dev / name, ignored)) device = roots.dev / name;
  if (device.empty()) {
    out.obstacles.push_back({"ipmi", "machine", fmt::format("there is no {}", (roots.dev / "ipmi0").string()),
                             "servers with a management controller: modprobe ipmi_devintf ipmi_si", true});
    return out;
  }
  int error = 0;
  const AskIpmi controller = open(device, error);
  if (!controller) {
    const bool denied = error == EACCES || error == EPERM;
    out.obstacles.push_back(
        {"ipmi", "machine", fmt::format("cannot open {}: {}", device.string(), std::strerror(error)),
         denied ? "a udev rule for a group of yours: KERNEL==\"ipmi*\", GROUP=\"ipmi\", MODE=\"0660\"; or `ipmitool "
                  "dcmi power reading` by root into a file, and a [[meter.source]] of type ipmitool"
                : "the driver does not answer: modprobe ipmi_si"});
    return out;
  }
  SourceInfo info;
  info.component = "machine";
  info.family = "ipmi";
  info.where = fmt::format("{} (DCMI power reading)", device.string());
  info.domain = Domain::platform;
  info.counted = false;
  info.not_counted_because = "it contains the components";
  info.gain = "meter.ipmi.gain";
  info.update = Duration(1);
  info.most = Power(100e3);
  auto poller = std::make_shared<Poller>(
      [controller](const std::function<bool()>&) {
        return Poller::Asked{power_of(controller), Duration(0)};
      },
      Duration(2), Duration(1));
  add_polled(out, poller, info);
  return out;
}

}  // namespace wattline::meter
