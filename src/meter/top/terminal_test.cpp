// The screen on a real pseudo terminal: whichever way its holder ends, the terminal is as it was.
#include "meter/top/terminal.h"

#include <csignal>
#include <cstdlib>
#include <functional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "kernel/error.h"

namespace wattline::meter {
namespace {

class Pty {
 public:
  Pty() : master_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    if (master_ >= 0 && ::grantpt(master_) == 0 && ::unlockpt(master_) == 0)
      slave_ = ::open(::ptsname(master_), O_RDWR | O_NOCTTY);
  }
  ~Pty() {
    ::close(slave_);
    ::close(master_);
  }
  bool there() const { return slave_ >= 0; }
  int slave() const { return slave_; }
  int master() const { return master_; }
  bool as_at_first() const {
    termios t{};
    return ::tcgetattr(slave_, &t) == 0 && (t.c_lflag & ECHO) && (t.c_lflag & ICANON) && (t.c_lflag & ISIG);
  }
  std::string said() const {
    std::string out;
    char buffer[4096];
    pollfd p{master_, POLLIN, 0};
    while (::poll(&p, 1, 200) > 0) {
      const auto n = ::read(master_, buffer, sizeof buffer);
      if (n <= 0) break;
      out.append(buffer, static_cast<std::size_t>(n));
    }
    return out;
  }

 private:
  int master_ = -1, slave_ = -1;
};

// What a child leaves behind that holds the screen and ends by `end`.
void expect_given_back(const std::function<void(Screen&)>& end) {
  Pty pty;
  if (!pty.there()) GTEST_SKIP() << "skipped: no pseudo terminals here";
  ASSERT_TRUE(pty.as_at_first());
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    try {
      Screen s(pty.slave(), pty.slave());
      s.show({"hello"});
      end(s);
    } catch (int) {}
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(pty.as_at_first());
  const auto said = pty.said();
  EXPECT_NE(said.find("\x1b[?1049h"), std::string::npos);
  EXPECT_NE(said.find("hello"), std::string::npos);
  EXPECT_TRUE(said.ends_with("\x1b[?25h\x1b[?1049l")) << said;
}

TEST(Screen, IsGivenBackAtTheEnd) {
  expect_given_back([](Screen&) {});
}
TEST(Screen, IsGivenBackAfterAnException) {
  expect_given_back([](Screen&) { throw 7; });
}
TEST(Screen, IsGivenBackWhenASignalEndsIt) {
  for (const int signal : {SIGABRT, SIGSEGV, SIGQUIT, SIGHUP})
    expect_given_back([signal](Screen&) { ::raise(signal); });
}

TEST(Screen, KnowsItsSizeAndWhatIsTyped) {
  Pty pty;
  if (!pty.there()) GTEST_SKIP() << "skipped: no pseudo terminals here";
  const winsize w{1, 1, 0, 0}, none{0, 0, 0, 0};
  ::ioctl(pty.master(), TIOCSWINSZ, &w);
  Screen s(pty.slave(), pty.slave());
  EXPECT_EQ(s.size().width, 1u);
  EXPECT_EQ(s.size().height, 1u);
  ::ioctl(pty.master(), TIOCSWINSZ, &none);
  EXPECT_EQ(s.size().width, 80u) << "a terminal that does not know";
  bool gone = false;
  ASSERT_EQ(::write(pty.master(), "\x1b[A\x03", 4), 4);
  EXPECT_EQ(s.wait(10'000, gone), "\x1b[A\x03") << "^C is a key here, and no signal";
  EXPECT_EQ(s.wait(0, gone), "");
  EXPECT_FALSE(gone);
}

TEST(Screen, AFullLineKeepsItsLastCharacter) {
  Pty pty;
  if (!pty.there()) GTEST_SKIP() << "skipped: no pseudo terminals here";
  const winsize w{2, 5, 0, 0};
  ::ioctl(pty.master(), TIOCSWINSZ, &w);
  std::string said;
  {
    Screen s(pty.slave(), pty.slave());
    s.show({"12345", "abcde"});
    said = pty.said();
  }
  EXPECT_NE(said.find("12345\r"), std::string::npos) << "nothing is erased behind it";
  EXPECT_TRUE(said.ends_with("abcde"));
}

TEST(Screen, WhatIsNoTerminalIsLeftAlone) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_THROW(Screen(ends[0], ends[1]), Error);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Terminal, NoColorAndDumbAreKeptTo) {
  ::setenv("TERM", "xterm", 1);
  ::unsetenv("NO_COLOR");
  EXPECT_TRUE(terminal_colours());
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(terminal_colours());
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(terminal_colours());
  EXPECT_FALSE(terminal_has_screen());
}

}  // namespace
}  // namespace wattline::meter
