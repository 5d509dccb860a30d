#include "serve/dispatcher.h"

#include <fmt/format.h>

namespace wattline::serve {

Dispatcher::Dispatcher(IoThread& thread, const ServedModel& model, Question question)
    : thread_(thread), model_(model), question_(std::move(question)) {}

void Dispatcher::abort() {
  if (attempt_) attempt_->abort();
}

Awaitable<void> Dispatcher::begin() {
  const Upstream& upstream = *model_.upstream;
  if (upstream.drained) {
    refusal_ = api_error(503, fmt::format("upstream '{}' is drained by an administrator", upstream.config.name), "server_error", {}, "upstream_drained", 30);
    co_return;
  }
  if (upstream.in_flight.load() >= upstream.config.max_in_flight) {
    refusal_ = api_error(429, fmt::format("upstream '{}' has {} requests under way, the most that is allowed", upstream.config.name, upstream.config.max_in_flight),
                         "rate_limit_error", {}, "upstream_busy", 1);
    co_return;
  }
  attempt_.emplace(thread_, model_, question_);
  co_await attempt_->run();
}

}  // namespace wattline::serve
