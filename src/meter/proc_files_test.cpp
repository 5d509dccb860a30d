#include "meter/proc_files.h"

#include <gtest/gtest.h>

namespace wattline::meter {
namespace {

TEST(ProcFiles, WholeNumbers) {
  EXPECT_EQ(parse_whole("262143328850\n"), 262143328850u);
  EXPECT_EQ(parse_whole("18446744073709551615"), UINT64_MAX);
  for (const char* bad : {"", "\n", "-1", "12x", "1 2", "18446744073709551616", "0x10", "1e3"})
    EXPECT_FALSE(parse_whole(bad)) << bad;
  EXPECT_EQ(parse_signed("-12500000\n"), -12500000);
  EXPECT_EQ(parse_name("package-0\n"), "package-0");
  EXPECT_EQ(parse_name("pack\x1b[31m"), "");
  EXPECT_EQ(parse_name(std::string(300, 'x')), "");
}

TEST(ProcFiles, CpuLists) {
  EXPECT_EQ(count_cpu_list("0\n"), 1);
  EXPECT_EQ(count_cpu_list("0-3,8,10-11\n"), 7);
  for (const char* bad : {"", "3-0", "a", "0-", "-1", "0-99999999", ","}) EXPECT_FALSE(count_cpu_list(bad)) << bad;
}

TEST(ProcFiles, CpuInfoOfServersBoardsAndVirtualMachines) {
  const auto xeon = parse_cpuinfo(
      "processor\t: 0\nmodel name\t: Intel(R) Xeon(R) CPU E5-2683 v4 @ 2.10GHz\nsiblings\t: 32\ncpu cores\t: 16\n"
      "flags\t\t: fpu vme ht\n\nprocessor\t: 1\nmodel name\t: other\nsiblings\t: 1\nflags\t\t: hypervisor\n");
  EXPECT_EQ(xeon.name, "Intel(R) Xeon(R) CPU E5-2683 v4 @ 2.10GHz");
  EXPECT_EQ(xeon.threads, 32);
  EXPECT_EQ(xeon.cores, 16);
  EXPECT_FALSE(xeon.virtual_machine);
  EXPECT_TRUE(parse_cpuinfo("model name : x\nflags : fpu hypervisor\n").virtual_machine);
  EXPECT_EQ(
      parse_cpuinfo("processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0b\n\nModel\t\t: Raspberry Pi 5\n").name,
      "Raspberry Pi 5");
  EXPECT_EQ(parse_cpuinfo("processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n").name,
            "CPU implementer 0x41 part 0xd0c");
  EXPECT_EQ(parse_cpuinfo("").name, "");
  EXPECT_EQ(parse_cpuinfo("siblings : -4\ncpu cores : many").threads, 0);
}

TEST(ProcFiles, Memory) {
  EXPECT_DOUBLE_EQ(parse_memory_total("MemTotal:       16384 kB\nMemFree: 1 kB\n")->base(), 16384.0 * 1024);
  for (const char* bad : {"", "MemTotal: lots kB\n", "MemTotal: 5\n", "MemFree: 5 kB\n"})
    EXPECT_FALSE(parse_memory_total(bad)) << bad;
}

TEST(ProcFiles, CpuTicksLeaveGuestAndStolenTimeOut) {
  const auto t = parse_cpu_ticks("cpu  100 20 30 4000 50 6 7 800 90 10\ncpu0 1 1 1 1\n");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->busy, 100u + 20 + 30 + 6 + 7);
  EXPECT_EQ(t->idle, 4050u);
  EXPECT_EQ(parse_cpu_ticks("cpu 1 2 3 4\n")->busy, 6u);  // before kernel 2.6
  for (const char* bad : {"", "cpu\n", "cpu 1 2 3\n", "cpu0 1 2 3 4 5\n", "cpu a b c d\n"})
    EXPECT_FALSE(parse_cpu_ticks(bad)) << bad;
}

TEST(ProcFiles, ProcessNamesMayHoldAnything) {
  const auto stat =
      parse_process_stat("42 (a) R (b) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 20 -3 20 0 1 0 987654 0 0\n");
  // The name ends at the last bracket: this one is "a) R (b".
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->pid, 42);
  EXPECT_EQ(stat->name, "a) R (b");
  EXPECT_EQ(stat->parent, 7);
  EXPECT_EQ(stat->own_ticks, 200u);
  EXPECT_EQ(stat->waited_ticks, 20u);
  EXPECT_EQ(stat->start_ticks, 987654u);
  for (const char* bad : {"", "42", "42 (a", "42 a) S 7", ")(", "x (a) S 7 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
                          "42 (a) S 7 42 42 0 -1 1 1 2 3 4 150"})
    EXPECT_FALSE(parse_process_stat(bad)) << bad;
}

TEST(ProcFiles, WhoseAProcessIs) {
  EXPECT_EQ(parse_effective_user("Name:\tsudo\nUid:\t1000\t0\t0\t0\nGid:\t5\t5\t5\t5\n"), 0u);
  EXPECT_EQ(parse_effective_user("Uid:\t4294967294\t4294967294\t1\t1\n"), 4294967294u);
  for (const char* bad : {"", "Uid:\n", "Uid:\t0\n", "Uid:\t0\t-1\n", "Uid:\t0\troot\n", "Gid:\t0\t0\n"})
    EXPECT_FALSE(parse_effective_user(bad)) << bad;
}

TEST(ProcFiles, TheLastNumberGiven) {
  EXPECT_EQ(parse_last_pid("2.45 1.45 1.59 6/114 26051\n"), 26051);
  for (const char* bad : {"", "2.45 1.45 1.59 6/114\n", "a b c d e\n", "1 1 1 1/1 0\n", "1 1 1 1/1 -4\n"})
    EXPECT_FALSE(parse_last_pid(bad)) << bad;
}

TEST(ProcFiles, ListeningSockets) {
  const char* table =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 100\n"
      "   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 4243 1 0 100\n"
      "   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0 100\n"
      "  truncated: 0100\n";
  EXPECT_EQ(listening_inodes(table, 8080), std::set<std::uint64_t>{4242});
  EXPECT_EQ(listening_inodes(table, 22), std::set<std::uint64_t>{77});
  EXPECT_TRUE(listening_inodes(table, 23).empty());
  EXPECT_TRUE(listening_inodes("", 23).empty());
}

}  // namespace
}  // namespace wattline::meter
