// Texts from other threads to a coroutine of an io thread: the built-in model's pieces, events.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/post.hpp>

#include "serve/io.h"

namespace wattline::serve {

class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  explicit Mailbox(Executor executor, std::size_t limit = std::size_t{1} << 22)
      : executor_(executor), timer_(executor), limit_(limit) {}

  // From any thread. False when so much waits already that this was left out.
  bool push(std::string_view text) {
    {
      std::lock_guard lock(mutex_);
      if (text_.size() + text.size() > limit_) return false;
      text_ += text;
    }
    wake();
    return true;
  }
  // From any thread: nothing more will come.
  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    wake();
  }

  // On the io thread. Waits until there is something, it is closed, or `limit` is over.
  Awaitable<void> wait(std::chrono::nanoseconds limit) {
    error_code ignored;
    const auto until = std::chrono::steady_clock::now() + limit;
    while (!ready() && std::chrono::steady_clock::now() < until) {
      timer_.expires_at(until);
      co_await timer_.async_wait(into(ignored));
    }
  }
  // Takes what has come; `closed` is then true when nothing more will.
  std::string take(bool& closed) {
    std::lock_guard lock(mutex_);
    closed = closed_;
    return std::exchange(text_, {});
  }

 private:
  bool ready() {
    std::lock_guard lock(mutex_);
    return closed_ || !text_.empty();
  }
  void wake() {
    asio::post(executor_, [self = shared_from_this()] { self->timer_.cancel(); });
  }
  Executor executor_;
  Timer timer_;
  std::size_t limit_;
  std::mutex mutex_;
  std::string text_;
  bool closed_ = false;
};

}  // namespace wattline::serve
