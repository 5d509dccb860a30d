// Work that takes longer than a request: started, watched, cancelled, kept a while, forgotten.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "kernel/context.h"
#include "kernel/error.h"
#include "kernel/result.h"

namespace wattline {

enum class JobState { queued, running, done, failed, cancelled };
std::string_view to_string(JobState);

struct JobStatus {
  std::string id;
  JobState state = JobState::queued;
  double progress = 0;
  std::string what;
  std::optional<Result> result;  // when done
  std::optional<Error> error;  // when failed
};

// A small pool. Thread-safe. Destruction cancels what runs and waits for it.
class Jobs {
 public:
  struct Limits {
    std::size_t workers = 2;  // at once
    std::size_t queued = 32;  // waiting; beyond: Error
    std::size_t kept = 100;  // finished ones remembered, oldest forgotten first
  };
  explicit Jobs(Limits limits);
  Jobs() : Jobs(Limits{}) {}
  ~Jobs();
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // `base` gives the shared parts, log and seed; progress and stop are the job's own.
  std::string start(Context base, std::function<Result(Context&)> work);
  std::optional<JobStatus> status(const std::string& id) const;
  bool cancel(const std::string& id);  // false: unknown
  // Waits until the job has ended or the time is over; the status then.
  std::optional<JobStatus> wait(const std::string& id, std::chrono::milliseconds limit) const;

 private:
  struct Job;
  void work();

  Limits limits_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<Job>> jobs_;
  std::vector<std::shared_ptr<Job>> queue_;
  std::vector<std::string> finished_;  // oldest first
  std::uint64_t next_ = 1;
  bool closing_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace wattline
