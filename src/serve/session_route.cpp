// Requests to a virtual model: the router chooses who answers, and they go on as if that model had been asked for.
#include "serve/attempt.h"
#include "serve/plugins/active_plugins.h"
#include "serve/plugins/plugin_memory.h"
#include "serve/session.h"

namespace wattline::serve {

Awaitable<void> Session::route(const Router& router) {
  // Plugins read all of a body, and to choose among tools takes an encoder: not where other connections wait.
  constexpr std::size_t long_body = std::size_t{128} << 10;
  const auto takes_long = [&] { return body_.size() > long_body || body_.find("\"tools\"") != std::string::npos; };
  if (router.may_be_slow() || (router.has_plugins() && takes_long())) return route_slowly(router);
  Router::Seat& seat = thread_.router_seats[router.index()];
  seat.view = view_of_asker(router);
  seat.reader.read(body_, seat.view);
  if (router.adapts()) seat.user = pseudonym(seat.reader.user());
  Router::Chosen chosen = router.choose(seat, may_use());
  auto plugins = chosen.plugins ? run_plugins(chosen, gateway_, body_, owner_of(access_)) : nullptr;
  return go_on(router, std::move(chosen), std::move(plugins));
}

// What is known before the request itself is read: who asks, of which session, and the world.
policy::RequestView Session::view_of_asker(const Router& router) {
  policy::RequestView v;
  if (const GridNow* grid = gateway_.grid()) v.world = grid->world();
  parser_->for_each_field([&](std::string_view name, std::string_view value) {
    if (boost::beast::iequals(name, "x-session-id")) v.session = value;
  });
  if (!access_) return v;
  v.tenant = access_.tenant->name();
  if (access_.key) {
    v.user = access_.key->id;
    v.roles = access_.key->role_names;
    v.groups = access_.key->group_names;
  }
  if (router.asks_for_budget()) v.world.budget_left = access_.tenant->energy_left(Time::now());
  return v;
}

// Whether the key of this request may use a model, and the model can be asked in this dialect.
Router::MayUse Session::may_use() {
  return [this, governor = access_ ? gateway_.governor() : nullptr](const ServedModel& m) {
    return (!governor || governor->may_use(access_, m.id)) &&
           (m.builtin || carriage_of(asked_.get(), m.endpoints).has_value());
  };
}

std::string Session::pseudonym(std::string_view user) {
  const AdaptationStore* store = gateway_.adaptation();
  if (!store) return {};
  return access_.key ? store->pseudonym(access_.tenant->name(), access_.key->id, user) : store->pseudonym({}, {}, user);
}

Awaitable<void> Session::go_on(const Router& router, Router::Chosen chosen, std::unique_ptr<ActivePlugins> plugins) {
  if (chosen.plugins && chosen.plugins->fast_response) return fast_reply(router, std::move(chosen));
  if (!chosen.model) {
    gateway_.refused.fetch_add(1, std::memory_order_relaxed);
    return refuse(api_error(503,
                            std::string("the router '") + router.id() +
                                "' found no model for this request: " + std::string(chosen.told->reason),
                            "server_error", "model", "no_route"));
  }
  route_ = std::move(chosen.told);
  router_ = &router;
  escalation_ = std::move(chosen.escalation);
  plugins_ = std::move(plugins);
  if (plugins_) {
    route_ = plugins_->told(*route_);
    // What is logged of a request is what leaves, where personal data is taken out of it.
    if (info_ && plugins_->redacts() && !info_->prompt.empty() && !plugins_->body().empty())
      info_->prompt = plugins_->body();
    if (asked_ && plugins_->needs_chat()) asked_->rewritten = true;
    if (!plugins_->body().empty()) body_ = std::move(plugins_->body());
  }
  return answer_if_admitted(*chosen.model);
}

Awaitable<void> Session::route_slowly(const Router& router) {
  auto done = std::make_shared<Mailbox>(thread_.io.get_executor());
  auto seat = std::make_shared<Router::Seat>(router);
  auto chosen = std::make_shared<Router::Chosen>();
  seat->view = view_of_asker(router);
  auto plugins = std::make_shared<std::unique_ptr<ActivePlugins>>();
  seat->reader.read(body_, seat->view);
  if (router.adapts()) seat->user = pseudonym(seat->reader.user());
  const auto choose = [this, &router, seat, chosen, plugins, may = may_use(), owner = owner_of(access_)](bool learned) {
    *chosen = router.choose(*seat, may, learned);
    if (chosen->plugins) *plugins = run_plugins(*chosen, gateway_, body_, owner);
  };
  const bool taken = thread_.workers.submit([self = shared_from_this(), choose, done] {
    choose(true);
    done->close();
  });
  // Where nobody has time for learned signals, a decision is made without them.
  if (taken) co_await done->wait(std::chrono::hours(24));
  else choose(false);
  co_await go_on(router, std::move(*chosen), std::move(*plugins));
}

// What is wrong with the request would be with any model.
bool Session::another_may_answer(const ApiError& e) { return e.status >= 500 || e.status == 408 || e.status == 429; }

const ServedModel* Session::take_further(Attempt& attempt, const AskedEvidence* asked) {
  if (escalation_.empty()) return nullptr;
  if (attempt.failed) {
    if (!another_may_answer(*attempt.failed)) return nullptr;
    if (attempt.held) look_at_held(attempt);
    return go_further(attempt.pending, attempt.failed->status, "a cheaper model failed", attempt.failed->message);
  }
  if (!asked) return nullptr;
  std::string& whole = attempt.exchange.body();
  const std::string streamed = attempt.held ? attempt.held->reply() : std::string();
  policy::Evidence evidence = evidence_of(attempt.held ? streamed : whole, asked->wants_json);
  if (plugins_ && plugins_->checks()) {
    plugins_->judge(attempt.held ? streamed : whole);
    evidence.format_ok = evidence.format_ok.value_or(true) && !plugins_->failed();
  }
  // One that was too long to be held back has not come to its end, and stays.
  const bool cut = attempt.held && !attempt.held->whole();
  if (!cut && policy::judge(*router_->config().verify, evidence) != policy::Verdict::accept) {
    if (attempt.held) look_at_held(attempt);
    else attempt.pending.look(attempt.facts);
    return go_further(attempt.pending);
  }
  if (!asked->added_logprobs) return nullptr;
  if (attempt.held) attempt.held->drop_logprobs();
  else whole = without_logprobs(whole);
  return nullptr;
}

void Session::look_at_held(Attempt& attempt) {
  while (const auto event = attempt.held->next())
    if (event->has_data && event->data != "[DONE]") attempt.pending.look(thread_.reply_reader.read(event->data));
}

const ServedModel* Session::escalate(const policy::Evidence& evidence, PendingAnswer& pending) {
  if (policy::judge(*router_->config().verify, evidence) == policy::Verdict::accept) return nullptr;
  return go_further(pending);
}

const ServedModel* Session::next_of_cascade(std::string_view reason) {
  const ServedModel* next = escalation_.front();
  escalation_.erase(escalation_.begin());
  // The router's own energy is in the first attempt.
  auto told = std::make_shared<RouteTold>(*route_);
  ++told->attempts;
  told->cpu = Duration(0);
  told->reason = reason;
  route_ = std::move(told);
  look_.reset();
  return next;
}

const ServedModel* Session::go_further(PendingAnswer& pending, int status, std::string_view reason, std::string error) {
  const ServedModel* next = next_of_cascade(reason);
  // The next attempt is for the same answer. Tries at upstreams count from 1, so these count from 101.
  again_id_ = pending.answer().id;
  pending.set_aside("escalated", 100 + route_->attempts - 1);
  pending.end(AnswerStatus::error, status, std::move(error));
  return next;
}

}  // namespace wattline::serve
