#include <atomic>

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/thread_rights.h"
#include "meter/families/poller.h"

namespace wattline::meter {
namespace {

constexpr unsigned reads_all = 1u << CAP_DAC_READ_SEARCH;

// Of this thread: what it may do, and what it could take.
bool has_rights() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return true;
  return data[0].effective | data[0].permitted | data[0].inheritable | data[1].effective | data[1].permitted;
}

// Somebody who is not root and was given one right, as by a unit's AmbientCapabilities.
bool become_nobody_with_a_right() {
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || ::setresuid(65534, 65534, 65534) != 0) return false;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  data[0].effective = data[0].permitted = data[0].inheritable = reads_all;
  return ::syscall(SYS_capset, &header, data) == 0 &&
         ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0) == 0;
}

// In a child, which ends with what `check` says; 77: this cannot be tried here.
int in_a_child(int (*check)()) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(become_nobody_with_a_right() ? check() : 77);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Poller, AsksWithoutCapabilitiesThatWereGivenToOthersThanRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "skipped: not root";
  const int code = in_a_child([] {
    if (!has_rights()) return 1;
    std::atomic<bool> asked_with{true};
    Poller p(
        [&](const std::function<bool()>&) {
          asked_with = has_rights();
          return Poller::Asked{};
        },
        Duration(3600), Duration(0.1));
    p.latest();
    if (asked_with) return 2;
    return has_rights() ? 0 : 3;  // the one that opens counters has them still
  });
  if (code == 77) GTEST_SKIP() << "skipped: rights cannot be given here";
  EXPECT_EQ(code, 0);
}

TEST(ThreadRights, AreGivenUpForGood) {
  if (::geteuid() != 0) GTEST_SKIP() << "skipped: not root";
  const int code = in_a_child([] {
    drop_capabilities_of_others_than_root();
    return has_rights() || become_nobody_with_a_right() ? 1 : 0;
  });
  if (code == 77) GTEST_SKIP() << "skipped: rights cannot be given here";
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace wattline::meter
