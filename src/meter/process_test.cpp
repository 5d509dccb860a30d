// Real processes and sockets of this machine.
#include "meter/process.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace wattline::meter {
namespace {

double cpu_seconds() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}
void burn(double seconds) {
  const double end = cpu_seconds() + seconds;
  while (cpu_seconds() < end) {}
}

class Listener {
 public:
  explicit Listener(int family) : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) return;
    sockaddr_in6 any6{};
    sockaddr_in any4{};
    any6.sin6_family = AF_INET6;
    any6.sin6_addr = in6addr_loopback;
    any4.sin_family = AF_INET;
    any4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool six = family == AF_INET6;
    if (::bind(fd_, six ? reinterpret_cast<sockaddr*>(&any6) : reinterpret_cast<sockaddr*>(&any4),
               six ? sizeof any6 : sizeof any4) != 0 ||
        ::listen(fd_, 1) != 0)
      return;
    sockaddr_in6 bound{};
    socklen_t size = sizeof bound;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size);
    port_ = ntohs(bound.sin6_port);  // at the same place in both
  }
  ~Listener() {
    if (fd_ >= 0) ::close(fd_);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

TEST(Process, FindsWhoListens) {
  std::uint16_t port = 0;
  {
    Listener here(AF_INET);
    port = here.port();
    ASSERT_NE(port, 0);
    EXPECT_EQ(process_listening_on(port), ::getpid());
  }
  EXPECT_NE(process_listening_on(port), ::getpid());
}

TEST(Process, FindsWhoListensOnIpv6) {
  Listener here(AF_INET6);
  if (here.port() == 0) GTEST_SKIP() << "no IPv6 on this machine";
  EXPECT_EQ(process_listening_on(here.port()), ::getpid());
}

TEST(Process, TheLowestProcessOfSeveralIsNamed) {
  Listener here(AF_INET);
  int gate[2];
  ASSERT_EQ(::pipe(gate), 0);
  const pid_t child = ::fork();
  if (child == 0) {  // holds the same socket until the gate closes
    ::close(gate[1]);
    char c;
    [[maybe_unused]] const auto n = ::read(gate[0], &c, 1);
    ::_exit(0);
  }
  ::close(gate[0]);
  EXPECT_EQ(process_listening_on(here.port()), std::min(child, ::getpid()));
  ::close(gate[1]);
  ::waitpid(child, nullptr, 0);
}

TEST(Process, CpuTimeOfTheTreeHoldsChildrenLivingAndWaitedFor) {
  int gate[2], ready[2];
  ASSERT_EQ(::pipe(gate), 0);
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(gate[1]);
    if (const pid_t done = ::fork(); done == 0) {
      burn(0.1);
      ::_exit(0);
    } else {
      ::waitpid(done, nullptr, 0);
    }
    if (::fork() == 0) burn(0.1);  // lives on beside its parent
    [[maybe_unused]] auto n = ::write(ready[1], "x", 1);
    char c;
    n = ::read(gate[0], &c, 1);
    ::_exit(0);
  }
  ::close(gate[0]);
  char c;
  for (int i = 0; i < 2; ++i) ASSERT_EQ(::read(ready[0], &c, 1), 1);
  const auto time = cpu_time_of_process_tree(child);
  ASSERT_TRUE(time);
  EXPECT_GE(time->base(), 0.17);  // a clock tick is 10 ms, and each of the two may lose one
  ::close(gate[1]);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(cpu_time_of_process_tree(child));
}

TEST(Process, TimesAreFinerThanTheKernelsTicks) {
  for (int i = 0; i < 5; ++i) {
    const auto before = cpu_time_of_process_tree(::getpid());
    burn(0.001);
    EXPECT_GT(*cpu_time_of_process_tree(::getpid()), *before);
  }
}

TEST(Process, NoSuchProcess) {
  EXPECT_FALSE(cpu_time_of_process_tree(0));
  EXPECT_FALSE(cpu_time_of_process_tree(-1));
  EXPECT_FALSE(cpu_time_of_process_tree(2'000'000'000));
}

}  // namespace
}  // namespace wattline::meter
