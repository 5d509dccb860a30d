// From a question to a reply that has begun, or to the error that the client is told: which upstream is
// asked, who is asked next when it fails, and who beside it when it is slow. Of one thread, for one
// question.
//
// As long as the client was told nothing (attempt.h), a failure that another try may mend is tried again,
// at another member of the pool first and within the pool's budget. What was spent on it is recorded as
// waste. A reply that has begun is never begun again.
#pragma once

#include <memory>
#include <optional>

#include "serve/attempt.h"
#include "serve/pool.h"

namespace wattline::serve {

class Dispatcher {
 public:
  Dispatcher(IoThread&, const ServedModel&, Question);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Of a model with one upstream: the attempt to run, or null with a refusal.
  Attempt* attempt_at_one();
  // Of a pool: asks. Afterwards there is an attempt, which has failed or not, or a refusal.
  Awaitable<void> ask_pool();
  // The client has left: what is under way ends.
  void abort();

  // The one whose reply the client gets; null when no upstream was asked. One that breaks off while it is
  // handed on gets `failed`.
  Attempt* attempt() { return attempt_; }
  // Why none was.
  const ApiError& refusal() const { return *refusal_; }

 private:
  struct Race;
  using Choice = ModelPool::Choice;
  // Runs the attempt at `choice`, and one beside it if it is slow. `choice` becomes that of the one that
  // counts.
  Awaitable<void> ask(Choice& choice, std::uint64_t& tried);
  Awaitable<void> race(Choice& choice, std::uint64_t& tried, Duration delay);
  Awaitable<void> pause(Duration);
  void learn(const Choice&, Attempt&, double seconds);
  // The next to ask after a failure, and how long to wait before; nothing: the failure stands.
  std::optional<Choice> next(const Attempt&, std::uint64_t& tried, std::uint64_t unable, int tries, Duration& wait);
  ApiError nobody();
  ModelPool::Seat& seat() { return thread_.seats[model_.pool->index()]; }

  IoThread& thread_;
  const ServedModel& model_;
  const Question question_;
  std::optional<Attempt> own_;  // without a race
  std::shared_ptr<Attempt> other_;  // the winner of one
  std::shared_ptr<Race> race_;
  Attempt* attempt_ = nullptr;
  std::optional<Choice> choice_;  // of a reply that has begun
  std::optional<ApiError> refusal_;
  Timer* pause_ = nullptr;
  int set_aside_ = 0;
  bool aborted_ = false;
};

}  // namespace wattline::serve
