// Meters that take their time (a plug by HTTP, a management controller) are asked on a thread of their own, so that
// reading them costs a run nothing; each reading keeps the age it has. The thread has no capabilities unless it is root's.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "meter/families/readings.h"

namespace wattline::meter {

class Poller {
 public:
  struct Asked {
    ExternalReadings readings;
    Duration age{0};  // that they had already
  };
  // Asks the meter; throws Error where it does not answer. May run until its own deadline, or till `cancelled`.
  using Ask = std::function<Asked(const std::function<bool()>& cancelled)>;

  // Asks each `every`, and never twice within `least_gap`; a meter that does not answer more and more rarely, down to
  // once a minute. Begins at once.
  Poller(Ask ask, Duration every, Duration least_gap);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  struct Latest {
    ExternalReadings readings;
    Duration age{0};
    std::string trouble;  // of the last question; "" it was answered
    bool any = false;  // there was an answer once
  };
  Latest latest();  // waits for the first question to end
  void hurry();  // asks now if the gap allows it, and waits for the answer; not of one that has never answered
  Duration every() const { return every_; }

 private:
  void run();

  const Ask ask_;
  const Duration every_, least_gap_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Latest latest_;
  std::int64_t taken_ = 0;  // ns of CLOCK_BOOTTIME, of the latest readings
  std::int64_t asked_ = 0;  // of the last question
  std::size_t questions_ = 0;  // that ended
  std::size_t failures_ = 0;  // the last so many of them
  bool hurry_ = false, stopping_ = false;
  std::thread thread_;
};

// A source for each watt and joule figure of the poller's first answer, made like `like`: parts and their counters get
// names of their own. Where the meter does not answer it is an obstacle; with `expected`, what such a meter tells, its
// sources are there all the same and read nothing until it answers.
void add_polled(Found&, const std::shared_ptr<Poller>&, const SourceInfo& like, const std::string& mend = {},
                const ExternalReadings& expected = {});

// How long to wait for the next question after so many failures in a row.
Duration wait_after(std::size_t failures, Duration every);

}  // namespace wattline::meter
