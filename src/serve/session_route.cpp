// Requests to a virtual model: the router chooses who answers, and they go on as if that model had been asked for.
#include "serve/session.h"

namespace wattline::serve {

Awaitable<void> Session::route(const Router& router) {
  Router::Seat& seat = thread_.router_seats[router.index()];
  seat.view = {};
  seat.reader.read(body_, seat.view);
  Governor* governor = access_ ? gateway_.governor() : nullptr;
  const auto chosen = router.choose(seat, [&](const ServedModel& m) {
    return (!governor || governor->may_use(access_, m.id)) &&
           (m.builtin || carriage_of(asked_.get(), m.endpoints).has_value());
  });
  if (!chosen.model) {
    gateway_.refused.fetch_add(1, std::memory_order_relaxed);
    return refuse(api_error(503, std::string("the router '") + router.id() + "' found no model for this request: " +
                                     std::string(chosen.told->reason),
                            "server_error", "model", "no_route"));
  }
  route_ = chosen.told;
  request_.model = chosen.model->id;
  return answer_if_admitted(*chosen.model);
}

}  // namespace wattline::serve
