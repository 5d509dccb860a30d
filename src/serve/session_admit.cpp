// Whose request it is, and whether it may be asked now.
#include <fmt/format.h>

#include "serve/api_key.h"
#include "serve/session.h"

namespace wattline::serve {

std::optional<ApiError> Session::identify(std::string_view path) {
  if (!needs_key(path)) return std::nullopt;
  auto who = gateway_.governor()->identify(thread_.keys, last_key_, presented_key(parser_->authorization(), {}), [&] {
    error_code ec;
    const auto from = socket_.remote_endpoint(ec);
    return ec ? std::string() : from.address().to_string();
  });
  if (auto* refused = std::get_if<ApiError>(&who)) return std::move(*refused);
  access_ = std::get<Access>(who);
  return std::nullopt;
}

ApiError Session::no_model(std::string_view id) {
  if (access_ && !gateway_.governor()->may_use(access_, id)) return gateway_.governor()->not_allowed(access_, id);
  return gateway_.unknown_model(id);
}

std::optional<ApiError> Session::admit(const ServedModel& model, std::string& headers) {
  Governor& governor = *gateway_.governor();
  if (!governor.may_use(access_, model.id)) return governor.not_allowed(access_, model.id);
  TokenEstimate estimate;
  if (governor.wants_estimate(access_, *model.governed)) estimate = thread_.token_estimator.read(body_);
  auto admitted = governor.admit(access_, *model.governed, estimate);
  ticket_ = std::move(admitted.ticket);
  headers = std::move(admitted.headers);
  return std::move(admitted.refused);
}

Awaitable<void> Session::answer_in_turn(const ServedModel& model) {
  Governor& governor = *gateway_.governor();
  turn_ = std::make_shared<Mailbox>(thread_.io.get_executor());
  ticket_.waiter()->when_decided([turn = turn_] { turn->close(); });
  watch_client_ = true;
  co_await turn_->wait(
      std::chrono::nanoseconds(static_cast<std::int64_t>(governor.longest_wait(*model.governed).base() * 1e9)));
  watch_client_ = false;
  turn_.reset();
  if (client_gone_) co_return;
  if (const auto refused = governor.turn(ticket_)) {
    gateway_.refused.fetch_add(1, std::memory_order_relaxed);
    co_return co_await send_error(*refused);
  }
  co_await answer(model);
}

}  // namespace wattline::serve
