#include "serve/generator.h"

#include <algorithm>

#include "kernel/error.h"

namespace wattline::serve {

Generator::Generator(std::size_t workers, std::size_t queue) : queue_limit_(queue) {
  for (std::size_t i = 0; i < std::max<std::size_t>(workers, 1); ++i)
    threads_.emplace_back([this](std::stop_token stop) { work(stop); });
}

Generator::~Generator() {
  for (auto& t : threads_) t.request_stop();
  threads_.clear();
  GenerationOutcome outcome;
  outcome.error = "the server is stopping";
  for (auto& task : queue_)
    if (task.on_done) task.on_done(outcome);
}

bool Generator::submit(GenerationTask task) {
  {
    std::lock_guard lock(mutex_);
    // What a free thread will take at once does not wait.
    if (queue_.size() >= queue_limit_ + (threads_.size() - static_cast<std::size_t>(running_))) return false;
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

int Generator::under_way() const {
  std::lock_guard lock(mutex_);
  return running_ + static_cast<int>(queue_.size());
}

void Generator::work(std::stop_token stop) {
  while (true) {
    GenerationTask task;
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [&] { return !queue_.empty(); })) return;
      if (stop.stop_requested()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
      ++running_;
    }
    GenerationOutcome outcome;
    try {
      // Stops when the reader left or the server stops.
      std::stop_source either;
      std::stop_callback on_reader(task.stop, [&] { either.request_stop(); });
      std::stop_callback on_server(stop, [&] { either.request_stop(); });
      outcome.generation = lm::generate(*task.model, task.prompt, task.options, task.on_piece, either.get_token());
    } catch (const Error& e) {
      outcome.error = e.what();
      outcome.bad_request = e.kind() == ErrorKind::bad_input;
    } catch (const std::exception& e) {
      outcome.error = e.what();
    }
    {
      std::lock_guard lock(mutex_);
      --running_;
    }
    if (task.on_done) task.on_done(std::move(outcome));
  }
}

}  // namespace wattline::serve
