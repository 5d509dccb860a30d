#include "kernel/jobs.h"

#include <atomic>

#include <gtest/gtest.h>

namespace wattline {
namespace {

using namespace std::chrono_literals;

Result titled(std::string title) {
  Result r;
  r.title = std::move(title);
  return r;
}

TEST(Jobs, RunAndAreRemembered) {
  Jobs jobs;
  const auto id = jobs.start({}, [](Context& c) {
    c.progress(0.5, "half");
    return titled("done");
  });
  const auto s = jobs.wait(id, 5s);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->state, JobState::done);
  EXPECT_EQ(s->result->title, "done");
  EXPECT_EQ(s->progress, 1);
  EXPECT_FALSE(jobs.status("job-999"));
}

TEST(Jobs, CancelStopsALongOne) {
  Jobs jobs;
  std::atomic<bool> started = false;
  const auto id = jobs.start({}, [&](Context& c) -> Result {
    started = true;
    for (;;) {
      c.check_cancelled();
      std::this_thread::sleep_for(1ms);
    }
  });
  while (!started) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(jobs.cancel(id));
  EXPECT_EQ(jobs.wait(id, 5s)->state, JobState::cancelled);
  EXPECT_FALSE(jobs.cancel("job-999"));
}

TEST(Jobs, FailuresAreKeptAsErrors) {
  Jobs jobs;
  const auto bad = jobs.start({}, [](Context&) -> Result { throw bad_input("no such column"); });
  const auto fault = jobs.start({}, [](Context&) -> Result { throw std::runtime_error("oops"); });
  EXPECT_EQ(jobs.wait(bad, 5s)->state, JobState::failed);
  EXPECT_EQ(jobs.wait(bad, 5s)->error->message(), "no such column");
  EXPECT_EQ(jobs.wait(fault, 5s)->error->message(), "internal fault: oops");
}

TEST(Jobs, TheQueueAndTheMemoryAreBounded) {
  Jobs jobs({.workers = 1, .queued = 2, .kept = 3});
  std::atomic<bool> go = false;
  const auto waits = [&](Context& c) {
    while (!go) {
      c.check_cancelled();
      std::this_thread::sleep_for(1ms);
    }
    return titled("x");
  };
  const auto first = jobs.start({}, waits);
  while (jobs.status(first)->state != JobState::running) std::this_thread::sleep_for(1ms);
  jobs.start({}, waits);
  const auto third = jobs.start({}, waits);
  EXPECT_THROW(jobs.start({}, waits), Error);
  go = true;
  jobs.wait(third, 5s);
  for (int i = 0; i < 3; ++i) jobs.wait(jobs.start({}, waits), 5s);
  EXPECT_FALSE(jobs.status(first));
}

TEST(Jobs, DestructionDoesNotHang) {
  Jobs jobs;
  for (int i = 0; i < 5; ++i)
    jobs.start({}, [](Context& c) -> Result {
      for (;;) {
        c.check_cancelled();
        std::this_thread::sleep_for(1ms);
      }
    });
}

}  // namespace
}  // namespace wattline
