// The built-in models at work: a few threads that generate, a bounded queue before them.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "lm/generate.h"

namespace wattline::serve {

struct GenerationOutcome {
  lm::Generation generation;
  std::string error;  // why there is none; "" when there is
  bool bad_request = false;  // the error is the request's
};

struct GenerationTask {
  std::shared_ptr<const lm::Model> model;
  std::string prompt;
  lm::GenerateOptions options;
  std::stop_token stop;
  // From a worker's thread; false stops.
  std::function<bool(std::string_view piece)> on_piece;
  std::function<void(GenerationOutcome)> on_done;
};

class Generator {
 public:
  Generator(std::size_t workers, std::size_t queue);
  // Cancels what waits and what runs, and waits for the threads.
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  // False: the queue is full.
  bool submit(GenerationTask);
  int under_way() const;

 private:
  void work(std::stop_token);
  std::size_t queue_limit_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<GenerationTask> queue_;
  int running_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace wattline::serve
