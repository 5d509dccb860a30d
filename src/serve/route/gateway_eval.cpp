// POST /api/v1/eval: what a router would do with a request, without asking any model.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "serve/gateway.h"
#include "serve/governor.h"
#include "serve/route/eval_view.h"

namespace wattline::serve {
namespace {

constexpr std::size_t longest_text = 100'000;  // of the text that is told back

}  // namespace

HttpReply Gateway::evaluate_request(const HttpRequest& r) {
  if (r.method != "POST") {
    auto reply = to_reply(api_error(405, "POST is allowed here", "invalid_request_error", {}, "method_not_allowed"));
    reply.headers.emplace_back("allow", "POST");
    return reply;
  }
  EvalAsk ask = read_eval(r.body);
  const Router* asked = ask.model.empty() && !routers_.empty() ? routers_.front().get() : router(ask.model);
  if (!asked) {
    std::vector<std::string> ids;
    for (const auto& known : routers_)
      if (!known->is_variant()) ids.push_back(known->id());
    if (ids.empty())
      return to_reply(api_error(404, "no router is configured here: add [[router]]", "invalid_request_error", "model",
                                "no_router"));
    return to_reply(api_error(
        404, fmt::format("'{}' is no router; {} can be evaluated", ask.model.substr(0, 100), fmt::join(ids, ", ")),
        "invalid_request_error", "model", "router_not_found"));
  }
  Router::Seat seat(*asked);
  if (grid_) seat.view.world = grid_->world();
  if (r.access) seat.view.tenant = r.access.tenant->name();
  if (r.access.key) {
    seat.view.user = r.access.key->id;
    seat.view.roles = r.access.key->role_names;
    seat.view.groups = r.access.key->group_names;
  }
  seat.reader.read(ask.chat, seat.view);
  const auto may_use = [&](const ServedModel& m) {
    return !r.access || !lasting_->governor || lasting_->governor->may_use(r.access, m.id);
  };
  const Router::Chosen chosen = asked->choose(seat, may_use, true, true);
  EvalView view;
  view.engine = &asked->engine();
  view.scratch = seat.scratch.get();
  view.text = seat.view.query().substr(0, longest_text);
  view.requested_model = ask.model;
  view.told = chosen.told.get();
  if (chosen.model) view.selected_model = chosen.model->id;
  return {200, "application/json", {}, eval_json(view)};
}

}  // namespace wattline::serve
