#include "meter/run_nesting.h"

#include <cstdlib>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meter/proc_files.h"
#include "meter/roots.h"

namespace wattline::meter {
namespace {

class RunNesting : public testing::Test {
 protected:
  void set(const std::string& mark) { ::setenv("WATTLINE_RUN", mark.c_str(), 1); }
  void TearDown() override { ::unsetenv("WATTLINE_RUN"); }
};

TEST_F(RunNesting, AChildOfAMarkedRunKnowsItAndOneThatOutlivesItDoesNot) {
  const auto [name, mark] = mark_of_this_run();
  EXPECT_EQ(name, "WATTLINE_RUN");
  set(mark);
  EXPECT_FALSE(outer_run()) << "a run is not inside itself";
  const pid_t self = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    const bool known = outer_run() == self;
    // The same number, of a process that began at another time.
    set(mark + "1");
    ::_exit(known && !outer_run() ? 0 : 1);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(RunNesting, ARunThatHasEndedIsNone) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string mark = mark_of_this_run().second;
    ::_exit(::write(pipe[1], mark.data(), mark.size()) == static_cast<ssize_t>(mark.size()) ? 0 : 1);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  char mark[100] = {};
  ASSERT_GT(::read(pipe[0], mark, sizeof mark - 1), 2);
  set(mark);
  EXPECT_FALSE(outer_run());
}

TEST_F(RunNesting, WhatIsNoMarkSaysNothing) {
  EXPECT_FALSE(outer_run());
  for (const char* text : {"", " ", "1", "1 ", "-1 5", "x y", "1 99999999999999999999999", "99999999999999999999 1"}) {
    set(text);
    EXPECT_FALSE(outer_run()) << text;
  }
}

}  // namespace
}  // namespace wattline::meter
