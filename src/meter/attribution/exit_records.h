// What the kernel tells of each process as it ends (taskstats over generic netlink): how much CPU time it used in all,
// also of those that came and went between two looks at /proc. Messages in, records out; no socket is opened here.
//
// Layouts: linux/taskstats.h, from version 12 on (kernel 5.19), which tells the last thread of a process from others.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace wattline::meter {

struct ExitRecord {
  int pid = 0, parent = 0;
  std::uint32_t user = 0;
  std::string name;
  double seconds = 0;  // of all its threads, since it began; without its last stretch of up to a tick of the kernel's
  double elapsed = 0;  // s by the clock since it began; 0: not told
  double delayed = 0;  // s of it ready to run and without a processor, its last thread
};

// The records of whole processes in a message, which may hold several; what else is there is passed over. `too_old` is
// set where the kernel's version says too little.
std::vector<ExitRecord> parse_exit_message(std::span<const std::byte> message, std::uint16_t family, bool& too_old);

// The number of the family in an answer to CTRL_CMD_GETFAMILY; an error's number (errno) in `error`.
std::optional<std::uint16_t> parse_family(std::span<const std::byte> message, int& error);

}  // namespace wattline::meter
