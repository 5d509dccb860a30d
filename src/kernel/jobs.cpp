#include "kernel/jobs.h"

#include <algorithm>

#include <fmt/format.h>

namespace wattline {

std::string_view to_string(JobState s) {
  switch (s) {
    case JobState::queued: return "queued";
    case JobState::running: return "running";
    case JobState::done: return "done";
    case JobState::failed: return "failed";
    case JobState::cancelled: return "cancelled";
  }
  return "failed";
}

struct Jobs::Job {
  JobStatus status;
  Context context;
  std::function<Result(Context&)> run;
  std::stop_source stop;
};

Jobs::Jobs(Limits limits) : limits_(limits) {}

Jobs::~Jobs() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    for (auto& [id, job] : jobs_) job->stop.request_stop();
  }
  changed_.notify_all();
  for (auto& t : workers_) t.join();
}

std::string Jobs::start(Context base, std::function<Result(Context&)> run) {
  auto job = std::make_shared<Job>();
  std::lock_guard lock(mutex_);
  if (queue_.size() >= limits_.queued)
    throw world_error(fmt::format("{} jobs are waiting already", queue_.size()), {}, "try again later, or cancel one");
  job->status.id = fmt::format("job-{}", next_++);
  job->context = std::move(base);
  job->context.stop = job->stop.get_token();
  // The job outlives neither the pool nor its entry: a plain pointer is enough here.
  job->context.on_progress = [this, j = job.get()](double fraction, std::string_view what) {
    std::lock_guard inner(mutex_);
    j->status.progress = std::clamp(fraction, 0.0, 1.0);
    if (!what.empty()) j->status.what = what;
  };
  job->run = std::move(run);
  jobs_[job->status.id] = job;
  queue_.push_back(job);
  // Threads are made when first needed: most runs of the program have no job.
  if (workers_.size() < limits_.workers) workers_.emplace_back([this] { work(); });
  changed_.notify_all();
  return job->status.id;
}

void Jobs::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return closing_ || !queue_.empty(); });
    if (closing_) return;
    auto job = queue_.front();
    queue_.erase(queue_.begin());
    if (job->stop.stop_requested()) {
      job->status.state = JobState::cancelled;
    } else {
      job->status.state = JobState::running;
      lock.unlock();
      std::optional<Result> result;
      std::optional<Error> error;
      try {
        result = job->run(job->context);
      } catch (const Error& e) {
        error = e;
      } catch (const std::exception& e) {
        error = Error(ErrorKind::world, fmt::format("internal fault: {}", e.what()));
      }
      lock.lock();
      if (result) {
        job->status.result = std::move(result);
        job->status.progress = 1;
        job->status.state = JobState::done;
      } else {
        job->status.state = error->kind() == ErrorKind::cancelled ? JobState::cancelled : JobState::failed;
        job->status.error = std::move(error);
      }
    }
    // What the work captured (uploads, options) is not kept with the answer.
    job->run = nullptr;
    finished_.push_back(job->status.id);
    if (finished_.size() > limits_.kept) {
      jobs_.erase(finished_.front());
      finished_.erase(finished_.begin());
    }
    changed_.notify_all();
  }
}

std::optional<JobStatus> Jobs::status(const std::string& id) const {
  std::lock_guard lock(mutex_);
  const auto it = jobs_.find(id);
  if (it == jobs_.end()) return std::nullopt;
  return it->second->status;
}

bool Jobs::cancel(const std::string& id) {
  std::shared_ptr<Job> job;
  {
    std::lock_guard lock(mutex_);
    const auto it = jobs_.find(id);
    if (it == jobs_.end()) return false;
    job = it->second;
  }
  job->stop.request_stop();
  return true;
}

std::optional<JobStatus> Jobs::wait(const std::string& id, std::chrono::milliseconds limit) const {
  std::unique_lock lock(mutex_);
  const auto it = jobs_.find(id);
  if (it == jobs_.end()) return std::nullopt;
  const auto job = it->second;
  changed_.wait_for(lock, limit,
                    [&] { return job->status.state != JobState::queued && job->status.state != JobState::running; });
  return job->status;
}

}  // namespace wattline
