// What the kernel writes in /proc and /sys, taken apart: text in, numbers out, no file is opened here.
// A text that is not as the kernel writes it gives nothing; these functions never throw.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "kernel/quantity.h"

namespace wattline::meter {

// One whole number and perhaps a newline, as sysfs attributes hold ("262143328850\n").
std::optional<std::uint64_t> parse_whole(std::string_view text);
std::optional<std::int64_t> parse_signed(std::string_view text);
// The text without the newline and blanks around it; empty when it holds anything unprintable.
std::string parse_name(std::string_view text);

// "0-3,8,10-11" (cpu/online, PMU cpumask): how many there are.
std::optional<int> count_cpu_list(std::string_view text);

// The first processor of /proc/cpuinfo.
struct CpuInfo {
  std::string name;  // "model name"; on ARM "Model" or implementer and part; "" unknown
  int threads = 0;  // of one package ("siblings"), 0 unknown
  int cores = 0;  // of one package ("cpu cores"), 0 unknown
  bool virtual_machine = false;  // the flag "hypervisor"
};
CpuInfo parse_cpuinfo(std::string_view text);

std::optional<Bytes> parse_memory_total(std::string_view meminfo);

// The line "cpu" of /proc/stat, in clock ticks. `guest` time is inside `user` already.
struct CpuTicks {
  std::uint64_t busy = 0;  // user, nice, system, irq, softirq (stolen time ran elsewhere)
  std::uint64_t idle = 0;  // idle, iowait
};
std::optional<CpuTicks> parse_cpu_ticks(std::string_view stat);

// /proc/PID/stat: fields 2, 4, 14 to 17 and 22. The name (field 2) may hold spaces and brackets: it ends at
// the last ')'.
struct ProcessStat {
  int pid = 0, parent = 0;
  std::uint64_t own_ticks = 0;  // user and system
  std::uint64_t waited_ticks = 0;  // of children that ended and were waited for
  std::uint64_t start_ticks = 0;  // after boot: tells a number given anew from the old process
  std::string name;  // what is not printable is "?"
};
std::optional<ProcessStat> parse_process_stat(std::string_view text);

// The effective user of /proc/PID/status.
std::optional<std::uint32_t> parse_effective_user(std::string_view status);

// The number given last to a process or thread (/proc/loadavg, last field).
std::optional<int> parse_last_pid(std::string_view loadavg);

// Inodes of the sockets in /proc/net/tcp or tcp6 that listen on the port.
std::set<std::uint64_t> listening_inodes(std::string_view tcp_table, std::uint16_t port);

}  // namespace wattline::meter
