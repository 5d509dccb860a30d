#include "meter/phases/phase_reader.h"

#include <chrono>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wattline/phases.h"

extern "C" int wattline_phases_in_c(void);

namespace wattline::meter {
namespace {

using testing::HasSubstr;

Time now() { return Time{monotonic_ns()}; }

// The variables as a program has them that we run.
class Phases : public testing::Test {
 protected:
  Phases() {
    for (const auto& [name, value] : reader.environment()) ::setenv(name.c_str(), value.c_str(), 1);
    reader.start(now, [this] { ++batches; });
  }
  ~Phases() override {
    for (const char* name : {"WATTLINE_PHASE_FD", "WATTLINE_PHASE_INODE", "WATTLINE_PHASE_FILE"}) ::unsetenv(name);
  }
  void write(std::string_view text) {
    ASSERT_EQ(::write(reader.descriptor(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  PhaseReader reader;
  std::atomic<int> batches = 0;
};

TEST_F(Phases, TheHeaderSpeaksIt) {
  EXPECT_EQ(wattline_metered(), 1);
  const Time before = now();
  EXPECT_EQ(wattline_phase_begin("load"), 0);
  EXPECT_EQ(wattline_phase_end("load"), 0);
  EXPECT_EQ(wattline_phase_mark("a b"), 0);
  EXPECT_EQ(wattline_phase_begin(""), EINVAL);
  EXPECT_EQ(wattline_phase_begin(nullptr), EINVAL);
  EXPECT_EQ(wattline_phase_begin("two\nlines"), EINVAL);
  EXPECT_EQ(wattline_phase_begin(std::string(201, 'x').c_str()), ENAMETOOLONG);
  const PhaseMarks m = reader.stop();
  ASSERT_EQ(m.events.size(), 3u);
  EXPECT_EQ(m.events[0].name, "load");
  EXPECT_EQ(m.events[2].name, "a b");
  EXPECT_GE(m.events[0].at.ns, before.ns - 10'000'000);
  EXPECT_LE(m.events[0].at, m.events[1].at);
  EXPECT_EQ(m.garbage, 0u);
  EXPECT_EQ(m.mistimed, 0u);
  EXPECT_GT(batches, 0);
}

TEST_F(Phases, TheHeaderInC99) {
  EXPECT_EQ(wattline_phases_in_c(), 1) << "metered";
  EXPECT_EQ(reader.stop().events.size(), 3u);
}

TEST_F(Phases, ADescriptorThatMeansAnotherFileIsNotWrittenTo) {
  // A program that closed ours and opened its own under the number: the file in /proc still leads here.
  int other[2];
  ASSERT_EQ(::pipe(other), 0);
  ::setenv("WATTLINE_PHASE_FD", std::to_string(other[1]).c_str(), 1);
  EXPECT_EQ(wattline_phase_begin("x"), 0);
  ::close(other[1]);
  char byte;
  EXPECT_EQ(::read(other[0], &byte, 1), 0) << "nothing was written there";
  ::close(other[0]);
  EXPECT_EQ(reader.stop().events.size(), 1u);
}

TEST_F(Phases, ForkedChildrenAndThreads) {
  for (int i = 0; i < 4; ++i)
    if (::fork() == 0) {
      for (int j = 0; j < 50; ++j)
        if (wattline_phase_begin("child") != 0 || wattline_phase_end("child") != 0) ::_exit(1);
      ::_exit(0);
    }
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([] {
      for (int j = 0; j < 50; ++j) {
        EXPECT_EQ(wattline_phase_begin("thread"), 0);
        EXPECT_EQ(wattline_phase_end("thread"), 0);
      }
    });
  for (auto& t : threads) t.join();
  for (int i = 0; i < 4; ++i) {
    int status = -1;
    ::wait(&status);
    EXPECT_EQ(status, 0);
  }
  const PhaseMarks m = reader.stop();
  EXPECT_EQ(m.events.size(), 800u);
  EXPECT_EQ(m.garbage, 0u);
}

TEST_F(Phases, GarbageIsCountedAndShownSafely) {
  write("hello\x1b[31m\n\n  \nbegin x\n" + std::string(5000, 'y') + "\nend x\nbegin @5 x\nend x");
  const PhaseMarks m = reader.stop();
  EXPECT_EQ(m.events.size(), 4u) << "the last line may lack its end";
  EXPECT_EQ(m.garbage, 2u);
  EXPECT_EQ(m.first_garbage.find('\x1b'), std::string::npos);
  EXPECT_THAT(m.first_garbage, HasSubstr("hello"));
  EXPECT_EQ(m.mistimed, 1u) << "five seconds after the machine's start is no time of this run";
}

TEST_F(Phases, AFloodIsTakenAndBounded) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "begin x\nend x\n";
  for (int i = 0; i < 100; ++i) write(lines);
  const PhaseMarks m = reader.stop();
  EXPECT_EQ(m.events.size(), PhaseReader::most_marks);
  EXPECT_EQ(m.dropped, 200'000 - PhaseReader::most_marks);
}

TEST(PhaseHeader, DoesNothingWithoutUs) {
  ::unsetenv("WATTLINE_PHASE_FD");
  EXPECT_EQ(wattline_metered(), 0);
  EXPECT_EQ(wattline_phase_begin("x"), 0);
  ::setenv("WATTLINE_PHASE_FD", "77", 1);
  ::setenv("WATTLINE_PHASE_INODE", "12345", 1);
  ::setenv("WATTLINE_PHASE_FILE", "/proc/1999999999/fd/5", 1);
  EXPECT_EQ(wattline_phase_begin("x"), 0);
  for (const char* name : {"WATTLINE_PHASE_FD", "WATTLINE_PHASE_INODE", "WATTLINE_PHASE_FILE"}) ::unsetenv(name);
}

TEST(PhaseHeader, AReaderThatIsGoneIsAnErrorAndNoSignal) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  struct stat there {};
  ::fstat(pipe[1], &there);
  ::setenv("WATTLINE_PHASE_FD", std::to_string(pipe[1]).c_str(), 1);
  ::setenv("WATTLINE_PHASE_INODE", std::to_string(there.st_ino).c_str(), 1);
  ::close(pipe[0]);
  EXPECT_EQ(wattline_phase_begin("x"), EPIPE);
  ::close(pipe[1]);
  for (const char* name : {"WATTLINE_PHASE_FD", "WATTLINE_PHASE_INODE"}) ::unsetenv(name);
}

}  // namespace
}  // namespace wattline::meter
