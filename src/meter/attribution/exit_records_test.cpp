#include "meter/attribution/exit_records.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <gtest/gtest.h>
#include <linux/acct.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meter/attribution/exit_listener.h"

namespace wattline::meter {
namespace {

constexpr std::uint16_t family = 31;

// As the kernel lays messages out.
class Message {
 public:
  template <class T>
  std::size_t put(const T& value) {
    const std::size_t at = bytes.size();
    bytes.resize(at + NLMSG_ALIGN(sizeof value));
    std::memcpy(bytes.data() + at, &value, sizeof value);
    return at;
  }
  std::size_t open(std::uint16_t type) { return put(nlattr{0, type}); }
  void close(std::size_t at) {
    const auto length = static_cast<std::uint16_t>(bytes.size() - at);
    std::memcpy(bytes.data() + at, &length, sizeof length);
  }
  Message(std::uint16_t type, std::uint8_t command) {
    nlmsghdr head{};
    head.nlmsg_type = type;
    put(head);
    put(genlmsghdr{command, 1, 0});
  }
  void stats(std::uint16_t kind, const taskstats& s, std::size_t length = sizeof(taskstats)) {
    const auto outer = open(kind);
    const auto inner = open(TASKSTATS_TYPE_STATS);
    const std::size_t at = bytes.size();
    bytes.resize(at + NLA_ALIGN(length));
    std::memcpy(bytes.data() + at, &s, std::min(length, sizeof s));
    close(inner);
    close(outer);
  }
  std::span<const std::byte> done() {
    const auto length = static_cast<std::uint32_t>(bytes.size());
    std::memcpy(bytes.data(), &length, sizeof length);
    return bytes;
  }
  std::vector<std::byte> bytes;
};

taskstats last_thread(std::uint32_t pid, const char* name, std::uint64_t ns) {
  taskstats s{};
  s.version = 13;
  s.ac_flag = AGROUP;
  s.ac_pid = s.ac_tgid = pid;
  s.ac_ppid = 7;
  s.ac_uid = 1000;
  s.cpu_run_virtual_total = ns;
  std::strncpy(s.ac_comm, name, sizeof s.ac_comm - 1);
  return s;
}

TEST(ExitRecords, AProcessOfOneThread) {
  Message m(family, TASKSTATS_CMD_NEW);
  m.stats(TASKSTATS_TYPE_AGGR_PID, last_thread(42, "cc1\x1b", 1'500'000'000));
  bool old = false;
  const auto records = parse_exit_message(m.done(), family, old);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].pid, 42);
  EXPECT_EQ(records[0].parent, 7);
  EXPECT_EQ(records[0].user, 1000u);
  EXPECT_EQ(records[0].name, "cc1?");
  EXPECT_DOUBLE_EQ(records[0].seconds, 1.5);
  EXPECT_FALSE(old);
  EXPECT_TRUE(parse_exit_message(m.done(), family + 1, old).empty());
}

TEST(ExitRecords, OfSeveralThreadsTheLastTellsTheirSum) {
  Message one(family, TASKSTATS_CMD_NEW);
  taskstats thread = last_thread(50, "pool", 1'000'000'000);
  thread.ac_flag = 0;
  one.stats(TASKSTATS_TYPE_AGGR_PID, thread);
  bool old = false;
  EXPECT_TRUE(parse_exit_message(one.done(), family, old).empty());
  Message last(family, TASKSTATS_CMD_NEW);
  thread = last_thread(51, "pool", 1'000'000'000);
  thread.ac_tgid = 50;
  last.stats(TASKSTATS_TYPE_AGGR_PID, thread);
  last.stats(TASKSTATS_TYPE_AGGR_TGID, last_thread(50, "", 9'000'000'000));
  const auto records = parse_exit_message(last.done(), family, old);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].pid, 50);
  EXPECT_DOUBLE_EQ(records[0].seconds, 9);
}

TEST(ExitRecords, KernelsThatCountInTicksAndThoseThatAreOld) {
  taskstats s = last_thread(42, "x", 0);
  s.ac_utime = 200'000;
  s.ac_stime = 50'000;
  Message m(family, TASKSTATS_CMD_NEW);
  m.stats(TASKSTATS_TYPE_AGGR_PID, s, sizeof(taskstats) + 64);  // of a newer kernel: longer than we know
  bool old = false;
  ASSERT_EQ(parse_exit_message(m.done(), family, old).size(), 1u);
  EXPECT_DOUBLE_EQ(parse_exit_message(m.done(), family, old)[0].seconds, 0.25);
  s.version = 9;
  Message before(family, TASKSTATS_CMD_NEW);
  before.stats(TASKSTATS_TYPE_AGGR_PID, s, 328);
  EXPECT_TRUE(parse_exit_message(before.done(), family, old).empty());
  EXPECT_TRUE(old);
}

TEST(ExitRecords, CutMessagesGiveNothing) {
  Message m(family, TASKSTATS_CMD_NEW);
  m.stats(TASKSTATS_TYPE_AGGR_PID, last_thread(42, "x", 5));
  const auto whole = m.done();
  bool old = false;
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_TRUE(parse_exit_message(whole.first(n), family, old).empty());
  int error = 0;
  EXPECT_FALSE(parse_family(whole, error));
  EXPECT_EQ(error, 0);
}

TEST(ExitRecords, TheNumberOfTheFamilyAndRefusals) {
  Message m(GENL_ID_CTRL, CTRL_CMD_NEWFAMILY);
  const auto at = m.open(CTRL_ATTR_FAMILY_ID);
  m.put(std::uint16_t{31});
  m.close(at);
  int error = 0;
  EXPECT_EQ(parse_family(m.done(), error), 31);
  std::vector<std::byte> refusal(sizeof(nlmsghdr) + sizeof(nlmsgerr));
  nlmsghdr head{};
  head.nlmsg_len = static_cast<std::uint32_t>(refusal.size());
  head.nlmsg_type = NLMSG_ERROR;
  std::memcpy(refusal.data(), &head, sizeof head);
  const int code = -EPERM;
  std::memcpy(refusal.data() + sizeof head, &code, sizeof code);
  EXPECT_FALSE(parse_family(refusal, error));
  EXPECT_EQ(error, EPERM);
}

TEST(ExitListener, HearsOfProcessesThatEnd) {
  std::string why;
  const auto listener = listen_to_exits(Roots{}, why);
  if (!listener) GTEST_SKIP() << why;
  const int child = ::fork();
  if (child == 0) {
    double x = 1;
    for (int i = 0; i < 20'000'000; ++i) x = x * 1.0000001 + 1e-9;
    ::_exit(x > 0 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  std::vector<ExitRecord> records;
  listener->drain(records);
  const auto r = std::find_if(records.begin(), records.end(), [&](const ExitRecord& e) { return e.pid == child; });
  ASSERT_NE(r, records.end());
  EXPECT_EQ(r->parent, ::getpid());
  EXPECT_GT(r->seconds, 0.001);
}

TEST(ExitListener, OfAMadeUpTreeThereIsNone) {
  std::string why;
  EXPECT_FALSE(listen_to_exits(Roots{"/nowhere/sys", "/nowhere/proc"}, why));
  EXPECT_FALSE(why.empty());
}

}  // namespace
}  // namespace wattline::meter
