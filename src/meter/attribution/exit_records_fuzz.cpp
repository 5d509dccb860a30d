#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <linux/acct.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>

#include "meter/attribution/exit_records.h"

// Broken messages give less, never a crash; what comes out is printable and not negative.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::meter;
  const std::span<const std::byte> message(reinterpret_cast<const std::byte*>(data), size);
  bool old = false;
  for (const auto& r : parse_exit_message(message, 31, old)) {
    if (r.pid <= 0 || r.parent < 0 || !(r.seconds >= 0)) __builtin_trap();
    for (const char c : r.name)
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) __builtin_trap();
  }
  int error = 0;
  parse_family(message, error);
  if (error < 0) __builtin_trap();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  const auto bytes = [](const auto& value) { return std::string(reinterpret_cast<const char*>(&value), sizeof value); };
  const auto attribute = [&](std::uint16_t type, const std::string& content) {
    return bytes(nlattr{static_cast<std::uint16_t>(sizeof(nlattr) + content.size()), type}) + content;
  };
  const auto message = [&](std::uint16_t type, const std::string& content) {
    const std::string body = bytes(genlmsghdr{1, 1, 0}) + content;
    nlmsghdr head{};
    head.nlmsg_len = static_cast<std::uint32_t>(sizeof head + body.size());
    head.nlmsg_type = type;
    return bytes(head) + body;
  };
  taskstats s{};
  s.version = 13;
  s.ac_flag = AGROUP;
  s.ac_pid = s.ac_tgid = 42;
  s.cpu_run_virtual_total = 1'000'000;
  std::memcpy(s.ac_comm, "sh", 2);
  const std::string stats = attribute(TASKSTATS_TYPE_STATS, bytes(s));
  const std::string exit =
      message(31, attribute(TASKSTATS_TYPE_AGGR_PID, stats) + attribute(TASKSTATS_TYPE_AGGR_TGID, stats));
  return {exit, exit + exit, message(GENL_ID_CTRL, attribute(CTRL_ATTR_FAMILY_ID, bytes(std::uint16_t{31})) + "\0\0")};
}
