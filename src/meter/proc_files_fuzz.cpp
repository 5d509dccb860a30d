#include <cstdint>
#include <string>
#include <vector>

#include "meter/proc_files.h"

// What the kernel writes is taken apart without crash or overflow, whatever is there instead.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::meter;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (parse_whole(text) && text.empty()) __builtin_trap();
  parse_signed(text);
  for (const char c : parse_name(text))
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) __builtin_trap();
  if (const auto n = count_cpu_list(text); n && *n <= 0) __builtin_trap();
  const CpuInfo cpu = parse_cpuinfo(text);
  if (cpu.threads < 0 || cpu.cores < 0) __builtin_trap();
  if (const auto memory = parse_memory_total(text); memory && memory->base() < 0) __builtin_trap();
  parse_cpu_ticks(text);
  if (const auto stat = parse_process_stat(text))
    for (const char c : stat->name)
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) __builtin_trap();
  parse_effective_user(text);
  if (const auto pid = parse_last_pid(text); pid && *pid <= 0) __builtin_trap();
  listening_inodes(text, 8080);
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"262143328850\n",
          "0-3,8,10-11\n",
          "processor\t: 0\nmodel name\t: AMD EPYC 7763\nsiblings\t: 128\ncpu cores\t: 64\nflags\t: fpu hypervisor\n\n",
          "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n\nModel\t: Board\n",
          "MemTotal:       16384 kB\n",
          "Name:\tsh\nUid:\t1000\t0\t0\t0\n",
          "2.45 1.45 1.59 6/114 26051\n",
          "cpu  100 20 30 4000 50 6 7 800 90 10\ncpu0 1 1 1 1\n",
          "42 (a) R (b) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 20 -3 20 0 1 0 987654 0 0\n",
          "  sl  local_address rem_address   st\n   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 "
          "00000000  1000        0 4242 1\n"};
}
