#include "meter/agent/privileges.h"

#include <cerrno>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/command_testing.h"
#include "kernel/error.h"

namespace wattline::meter {
namespace {

// A system in which who one is can be looked at.
struct FakeSystem {
  uid_t user = 0;
  std::vector<std::string> calls;
  std::string fails;
  bool root_again = false;

  PrivilegeCalls all() {
    PrivilegeCalls c;
    const auto call = [this](const std::string& name) {
      calls.push_back(name);
      if (name == fails) {
        errno = EPERM;
        return -1;
      }
      return 0;
    };
    c.effective_user = [this] { return user; };
    c.find = [](const std::string& name, Account& a) {
      if (name == "toor") return a = {0, 0, name}, true;
      if (name == "watt") return a = {77, 88, name}, true;
      if (name == "nobody") return a = {65534, 65534, name}, true;
      return false;
    };
    c.set_only_group = [call](gid_t g) { return call("groups " + std::to_string(g)); };
    c.set_group = [call](gid_t g) { return call("group " + std::to_string(g)); };
    c.set_user = [call](uid_t u) { return call("user " + std::to_string(u)); };
    c.drop_capabilities = [call] { return call("capabilities"); };
    c.become_root = [this] { return root_again ? 0 : -1; };
    return c;
  }
  std::string drop(const std::string& name) {
    return wattline::tests::message_of([&] { drop_privileges(name, all()); });
  }
};

TEST(Privileges, RootBecomesTheUserGroupsFirst) {
  FakeSystem s;
  EXPECT_EQ(s.drop("watt"), "no error");
  EXPECT_EQ(s.calls, (std::vector<std::string>{"groups 88", "group 88", "user 77", "capabilities"}));
}

TEST(Privileges, RootBecomesNobodyWhenNobodyIsNamed) {
  FakeSystem s;
  EXPECT_EQ(s.drop(""), "no error");
  EXPECT_EQ(s.calls.at(2), "user 65534");
}

TEST(Privileges, RootDoesNotStayRoot) {
  FakeSystem s;
  EXPECT_NE(s.drop("toor").find("root"), std::string::npos);
  EXPECT_NE(s.drop("nosuch").find("useradd"), std::string::npos);
  s.root_again = true;
  EXPECT_NE(s.drop("watt").find("again"), std::string::npos);
}

TEST(Privileges, AnyStepThatFailsEndsIt) {
  for (const char* step : {"groups 88", "group 88", "user 77", "capabilities"}) {
    FakeSystem s;
    s.fails = step;
    EXPECT_NE(s.drop("watt").find("cannot"), std::string::npos) << step;
    EXPECT_EQ(s.calls.back(), step);
  }
}

TEST(Privileges, OthersGiveUpCapabilitiesAndBecomeNobodyElse) {
  FakeSystem s;
  s.user = 77;
  EXPECT_EQ(s.drop(""), "no error");
  EXPECT_EQ(s.drop("watt"), "no error");
  EXPECT_EQ(s.calls, (std::vector<std::string>{"capabilities", "capabilities"}));
  EXPECT_NE(s.drop("nobody").find("only root"), std::string::npos);
}

// For real, in a child: what was opened before stays readable, and nothing else of root's does.
TEST(Privileges, ForRealAFileOpenedBeforeStaysOpen) {
  if (::geteuid() != 0) GTEST_SKIP() << "skipped: not root";
  char path[] = "/tmp/wattline-root-XXXXXX";
  const int fd = ::mkstemp(path);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::write(fd, "42", 2), 2);
  ASSERT_EQ(::fchmod(fd, 0400), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 1;
    try {
      drop_privileges("");
      char byte = 0;
      const bool still = ::pread(fd, &byte, 1, 0) == 1 && byte == '4';
      const bool closed = ::open(path, O_RDONLY) < 0;
      const bool nobody = ::geteuid() != 0 && ::getuid() != 0 && ::getegid() != 0 && ::setuid(0) != 0;
      code = still && closed && nobody ? 0 : 2;
    } catch (const Error&) {}
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(fd);
  ::unlink(path);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace wattline::meter
