// Plugins of a decision where a request meets them: before it is sent, in its answer, and in place of one.
#include <array>

#include "serve/plugins/active_plugins.h"
#include "serve/session.h"

namespace wattline::serve {

std::unique_ptr<ActivePlugins> Session::run_plugins(const Router::Chosen& chosen, Gateway& gateway,
                                                    std::string_view body, const std::string& owner) {
  if (!chosen.model) return nullptr;
  auto plugins = std::make_unique<ActivePlugins>(*chosen.plugins, owner, gateway.plugin_memory());
  plugins->on_request(body);
  return plugins;
}

void Session::tell_plugins(PendingAnswer& pending) {
  route_ = plugins_->told(*route_, true);
  pending.routed(route_);
  if (keeper_ && plugins_->failed()) keeper_->spoil();
}

Awaitable<void> Session::send_blocked(PendingAnswer& pending, const ServedModel& model) {
  const ApiError blocked = plugins_->blocked();
  if (keeper_) keeper_->fail(blocked);
  route_ = plugins_->told(*route_, true);
  pending.routed(route_);
  head_.clear();
  append_begun_headers(head_, pending.answer(), model.head);
  const std::string headers = head_;
  pending.end(AnswerStatus::error, blocked.status, blocked.message);
  co_await send_error(blocked, headers);
}

Awaitable<void> Session::fast_reply(const Router& router, Router::Chosen chosen) {
  const ServedModel& self = *gateway_.self(router);
  const bool stream = request_.stream, tell_usage = request_.include_usage;
  const std::string& message = chosen.plugins->fast_response->message;
  auto told = std::make_shared<RouteTold>(*chosen.told);
  told->plugins.push_back({policy::to_string(policy::PluginKind::fast_response), "answered without a model"});
  PendingAnswer pending(gateway_, self, new_id(), stream, body_.size());
  pending.routed(std::move(told));
  if (access_.key) pending.asked_by(access_.key->requester);
  pending.unreached();
  pending.observe(request_id_, info_, info_ ? thread_.new_span() : std::array<std::uint8_t, 8>{});
  ReplyFacts facts;
  facts.finish_reason = "stop";
  pending.look(facts);
  pending.first_token();
  const Answer& answer = pending.settle();
  std::string account, inserted, body;
  append_usage(account, answer);
  const auto voice = new_voice();
  if (stream) {
    const auto say = [&](const std::string& chunk) {
      if (voice) voice->push(chunk, body);
      else body.append("data: ").append(chunk).append("\n\n");
    };
    say(own_chunk(answer, "{\"role\":\"assistant\",\"content\":\"\"}", ""));
    say(own_chunk(answer, content_delta(message), ""));
    say(own_chunk(answer, "{}", "stop"));
    if (tell_usage) say(usage_chunk(answer, account));
    if (voice) voice->finish(body);
    else body += "data: [DONE]\n\n";
  } else {
    const std::string bare = own_completion(answer, message);
    const Injection i = inject_account(bare, account, inserted);
    body = std::string(i.before) + inserted + std::string(i.after);
    if (asked_ && asked_->dialect) body = asked_->dialect->reply(asked_->call, body);
  }
  head_.clear();
  append_status(head_, 200, thread_.date());
  append_account_headers(head_, answer, self.head);
  if (stream) {
    head_ += "content-type: text/event-stream\r\ncache-control: no-store\r\nx-accel-buffering: no\r\n";
    append_stream_framing(head_);
  } else {
    append_json_body_headers(head_, body.size());
    append_common_headers(head_);
    head_ += "\r\n";
  }
  pending.end(AnswerStatus::ok, 200);
  if (stream) {
    const std::array<std::string_view, 1> head{head_};
    if (co_await send(head) && co_await send_chunk(body)) co_await send_last_chunk();
  } else {
    const std::array<std::string_view, 2> pieces{head_, body};
    co_await send(pieces);
  }
}

}  // namespace wattline::serve
