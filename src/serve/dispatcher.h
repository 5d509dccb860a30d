// From a question to a reply that has begun, or to the error that the client is told: which upstream is
// asked. Of one thread, for one question.
#pragma once

#include <optional>

#include "serve/attempt.h"

namespace wattline::serve {

class Dispatcher {
 public:
  Dispatcher(IoThread&, const ServedModel&, Question);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Asks. Afterwards there is an attempt, which has failed or not, or a refusal.
  Awaitable<void> begin();
  // The client has left: what is under way ends.
  void abort();

  // The one whose reply the client gets; null when no upstream was asked.
  Attempt* attempt() { return attempt_ ? &*attempt_ : nullptr; }
  // Why none was.
  const ApiError& refusal() const { return *refusal_; }

 private:
  IoThread& thread_;
  const ServedModel& model_;
  Question question_;
  std::optional<Attempt> attempt_;
  std::optional<ApiError> refusal_;
};

}  // namespace wattline::serve
