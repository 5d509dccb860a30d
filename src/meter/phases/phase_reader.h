// The way in for marks: a pipe that the program inherits, read by a thread of ours for as long as it runs.
//
// What the program writes is always taken, so that it never waits for us; of a flood the first hundred thousand marks
// are kept and the rest is counted.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "kernel/time.h"
#include "meter/phases/phase_timeline.h"

namespace wattline::meter {

struct PhaseMarks {
  std::vector<PhaseEvent> events;
  std::size_t dropped = 0;  // beyond those that are kept
  std::size_t garbage = 0;  // lines that are no marks
  std::string first_garbage;  // shown safely
  std::size_t mistimed = 0;  // stamps of no time in the run: the time they came was taken
};

class PhaseReader {
 public:
  static constexpr std::size_t most_marks = 100'000;

  // Error world when there is no pipe to be had.
  PhaseReader();
  ~PhaseReader();
  PhaseReader(const PhaseReader&) = delete;
  PhaseReader& operator=(const PhaseReader&) = delete;

  // What the program is told: its variables, and the descriptor that it inherits.
  std::vector<std::pair<std::string, std::string>> environment() const;
  int descriptor() const { return pipe_[1]; }

  // `clock`: the time of the marks; `marked`: called after each batch of them, from the thread.
  void start(std::function<Time()> clock, std::function<void()> marked);
  // What was written until now is taken, what comes later is not.
  PhaseMarks stop();

 private:
  void run();
  bool take_what_is_there();  // false: nothing was
  struct Instant {
    Time time;
    std::int64_t monotonic = 0;  // ns
  };
  Instant this_instant() const;
  void take(std::string_view line, const Instant& now);

  int pipe_[2] = {-1, -1}, wake_[2] = {-1, -1};
  std::function<Time()> clock_;
  std::function<void()> marked_;
  Time begin_;
  std::string pending_;
  bool skipping_ = false;  // in a line that is too long
  PhaseMarks marks_;
  std::thread thread_;
};

}  // namespace wattline::meter
