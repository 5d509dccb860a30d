// Chat completions answered by an upstream.
#include <array>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "serve/dispatcher.h"
#include "serve/plugins/active_plugins.h"
#include "serve/session.h"

namespace wattline::serve {

namespace {

// Whether the reply comes as a chat completion, whoever of a pool gives it.
bool replies_as_chat(const Asked* asked, const ServedModel& model) {
  if (!asked || model.builtin) return true;
  const auto own_shape = [&](const Upstream& u) {
    const auto carriage = carriage_of(asked, u.config.endpoints);
    return carriage && carriage->as_asked;
  };
  if (!model.pool) return !own_shape(*model.upstream);
  for (const auto& member : model.pool->members())
    if (own_shape(member->upstream)) return false;
  return true;
}

}  // namespace

std::string Session::new_id() {
  if (!again_id_.empty()) return std::exchange(again_id_, {});
  std::string id = "wl-0000000000000000";
  std::uint64_t n = thread_.next_id();
  for (std::size_t at = id.size(); n != 0; n >>= 4) id[--at] = "0123456789abcdef"[n & 15];
  return id;
}

Awaitable<void> Session::chat() {
  const auto refused = [this](ApiError e, std::string headers = {}) {
    gateway_.refused.fetch_add(1, std::memory_order_relaxed);
    return refuse(std::move(e), std::move(headers));
  };
  if (parser_->method() != "POST")
    return refuse(api_error(405, "POST is allowed here", "invalid_request_error", {}, "method_not_allowed"),
                  "allow: POST\r\n");
  if (info_) observe_question(asked_ ? operation_of(asked_->endpoint) : "chat");
  auto read = asked_ ? read_asked() : thread_.chat_reader.read(body_);
  if (auto* e = std::get_if<ApiError>(&read)) return refused(std::move(*e));
  request_ = std::get<ChatRequest>(std::move(read));
  route_.reset();
  look_.reset();
  router_ = nullptr;
  plugins_.reset();
  escalation_.clear();
  const ServedModel* model = gateway_.find(request_.model);
  if (model) return answer_if_admitted(*model);
  if (const Router* router = gateway_.router(request_.model)) return route(*router);
  return refused(no_model(request_.model));
}

Awaitable<void> Session::answer_if_admitted(const ServedModel& model) {
  const auto refused = [this](ApiError e, std::string headers = {}) {
    gateway_.refused.fetch_add(1, std::memory_order_relaxed);
    return refuse(std::move(e), std::move(headers));
  };
  if (!model.builtin && !carriage_of(asked_.get(), model.endpoints))
    return refused(cannot_carry(asked_.get(), model.id, model.endpoints));
  if (access_) {
    std::string headers;
    if (auto e = admit(model, headers)) return refused(std::move(*e), std::move(headers));
    if (ticket_ && ticket_.waiter()) return answer_in_turn(model);
  }
  return answer(model);
}

Awaitable<void> Session::answer(const ServedModel& model) {
  // What memory put into the request is its user's alone, and so is the answer.
  const bool cached = gateway_.cache() && !(plugins_ && plugins_->personal()) && replies_as_chat(asked_.get(), model);
  if (cached) return chat_cached(model, request_);
  const CacheUse use = gateway_.cache() ? CacheUse::bypass : CacheUse::none;
  return model.builtin ? chat_builtin(model, request_, use) : chat_upstream(model, request_, use);
}

Awaitable<void> Session::chat_model(const ServedModel& model, const ChatRequest& request, CacheUse use,
                                    CacheKeeper* keeper) {
  keeper_ = keeper;
  if (model.builtin) co_await chat_builtin(model, request, use);
  else co_await chat_upstream(model, request, use);
  keeper_ = nullptr;
  for_others_ = false;
}

Awaitable<void> Session::chat_upstream(const ServedModel& model, const ChatRequest& request, CacheUse use) {
  const bool verify = verifies() && replies_as_chat(asked_.get(), model);
  AskedEvidence evidence;
  if (verify) evidence = ask_for_evidence(body_, router_->config().verify->method);
  const ServedModel* next = co_await ask_upstream(model, request, use, verify ? &evidence : nullptr);
  if (!next) co_return;
  if (next->builtin) co_await chat_builtin(*next, request, use);
  else co_await chat_upstream(*next, request, use);
}

Awaitable<const ServedModel*> Session::ask_upstream(const ServedModel& model, const ChatRequest& request, CacheUse use,
                                                    const AskedEvidence* evidence) {
  const std::string_view body = evidence && !evidence->body.empty() ? evidence->body : body_;
  const ServedModel* next = nullptr;
  const auto dispatcher = thread_.dispatchers.make(thread_, model,
                                                   Question{request, body, new_id(), asked_.get(), ticket(), use,
                                                            route_, look_, request_id_, info_, plugins_.get()});
  dispatcher_ = dispatcher.get();
  watch_client_ = true;
  if (model.pool) co_await dispatcher->ask_pool();
  else if (Attempt* only = dispatcher->attempt_at_one()) co_await only->run();
  if (Attempt* attempt = dispatcher->attempt()) {
    // Nothing of a stream can be taken back, so that one which may not stay is read to its end first.
    if (evidence && attempt->is_stream && !attempt->failed) co_await attempt->hold();
    if (given_up() && (attempt->failed || !attempt->is_stream))
      attempt->pending.end(AnswerStatus::cancelled, 499, "the client left before the answer");
    else if (!given_up() && (next = take_further(*attempt, evidence))) {
      // Nothing of it is told.
    } else if (attempt->failed) co_await failed_reply(*attempt);
    else if (attempt->is_stream) co_await stream_reply(*attempt, request.include_usage);
    else co_await whole_reply(*attempt);
  } else if (!escalation_.empty() && another_may_answer(dispatcher->refusal())) {
    next = next_of_cascade("a cheaper model could not be asked");
  } else {
    gateway_.refused.fetch_add(1, std::memory_order_relaxed);
    if (keeper_) keeper_->fail(dispatcher->refusal());
    co_await send_error(dispatcher->refusal());
  }
  watch_client_ = false;
  dispatcher_ = nullptr;
  co_return next;
}

Awaitable<void> Session::failed_reply(Attempt& attempt) {
  if (keeper_) keeper_->fail(*attempt.failed);
  head_.clear();
  append_begun_headers(head_, attempt.pending.answer(), attempt.model.head);
  if (!attempt.retry_after.empty()) head_ += fmt::format("retry-after: {}\r\n", attempt.retry_after);
  const std::string headers = head_;
  attempt.pending.end(AnswerStatus::error, attempt.failed->status, attempt.failed->message);
  if (!attempt.own_words) co_return co_await send_error(*attempt.failed, headers);
  const std::string& body = attempt.exchange.body();
  head_.clear();
  append_status(head_, attempt.exchange.status(), thread_.date());
  head_ += headers;
  append_json_body_headers(head_, body.size());
  append_common_headers(head_);
  head_ += "\r\n";
  const std::array<std::string_view, 2> as_it_is{head_, body};
  co_await send(as_it_is);
}

void Session::settle_whole(Attempt& attempt) {
  std::string& body = attempt.exchange.body();
  const int status = attempt.exchange.status();
  attempt.pending.look(attempt.facts);
  if (plugins_) tell_plugins(attempt.pending);
  const Answer& answer = attempt.pending.settle();
  std::string &account = thread_.account, &inserted = thread_.inserted;
  account.clear();
  append_usage(account, answer);
  if (keeper_) {
    keeper_->whole(body, attempt.facts);
    keeper_->complete(answer);
  }
  if (plugins_) plugins_->restore(body);
  Injection injection = inject_account(body, account, inserted);
  if (asked_ && asked_->dialect && !attempt.carriage.as_asked) {
    body =
        asked_->dialect->reply(asked_->call, std::string(injection.before) + inserted + std::string(injection.after));
    inserted.clear();
    injection = {body, {}, 0};
  }
  head_.clear();
  append_status(head_, status, thread_.date());
  append_account_headers(head_, answer, attempt.model.head);
  append_json_body_headers(head_, injection.before.size() + inserted.size() + injection.after.size());
  append_common_headers(head_);
  head_ += "\r\n";
  // All in one piece, but for long ones.
  constexpr std::size_t copied = std::size_t{16} << 10;
  if (injection.before.size() + injection.after.size() <= copied) {
    head_.append(injection.before).append(inserted).append(injection.after);
    body.clear();
  } else {
    body.replace(injection.before.size(), injection.replaced, inserted);
  }
  attempt.pending.end(AnswerStatus::ok, status);
  ticket_.close();  // who has the answer may ask again
}

Awaitable<void> Session::whole_reply(Attempt& attempt) {
  if (plugins_) {
    plugins_->judge(attempt.exchange.body());
    if (plugins_->blocks()) {
      attempt.pending.look(attempt.facts);
      co_return co_await send_blocked(attempt.pending, attempt.model);
    }
  }
  settle_whole(attempt);
  // Behind those whose replies came at the same time: all their records go with one write().
  co_await asio::post(thread_.io, use_awaitable);
  const std::array<std::string_view, 2> pieces{head_, attempt.exchange.body()};
  const std::size_t sent = send_now(pieces), all = head_.size() + attempt.exchange.body().size();
  if (sent < all) co_await send_rest(pieces, sent);
}

Awaitable<void> Session::stream_reply(Attempt& attempt, bool tell_usage) {
  UpstreamExchange& exchange = attempt.exchange;
  PendingAnswer& pending = attempt.pending;
  SseParser& events = attempt.events;
  const auto& name = attempt.model.upstream->config.name;
  // Tells the client in its own dialect what came as a chat completion.
  std::unique_ptr<ClientStream> voice;
  if (asked_ ? !attempt.carriage.as_asked : plugins_ != nullptr) voice = new_voice();
  std::string out = std::move(attempt.ahead), account, inserted;
  bool begun = false, told_usage = false, finished = false;
  bool has_words = false;  // `out` holds an event of the answer, not comments alone
  std::optional<ApiError> failed;
  const auto tell = [&] {
    if (plugins_) tell_plugins(pending);
    account.clear();
    append_usage(account, pending.settle());
    told_usage = true;
  };
  const auto tell_usage_now = [&] {
    if (!tell_usage || told_usage) return;
    tell();
    const bool completions = asked_ && asked_->endpoint == Endpoint::completions && !voice;
    const std::string chunk = usage_chunk(pending.answer(), account, completions);
    if (voice) failed = voice->push(chunk, out);
    else out.append("data: ").append(chunk).append("\n\n");
  };
  const auto end_stream = [&](std::string_view words) {
    finished = true;
    tell_usage_now();
    if (voice) voice->finish(out);
    else out += words;
  };
  const auto take_event = [&](const SseParser::Event& event, const ReplyFacts* read) {
    if (!event.has_data) {
      out += event.raw;
      if (keeper_) keeper_->event(event.raw, nullptr);
      return;
    }
    if (event.data == "[DONE]") return end_stream(event.raw);
    ReplyFacts fresh;
    if (!read) fresh = thread_.reply_reader.read(event.data);
    const ReplyFacts& facts = read ? *read : fresh;
    pending.look(facts);
    if (facts.has_content) pending.first_token();
    if (!facts.is_object || facts.is_error) {
      failed =
          facts.is_error
              ? attempt.translated(200, facts, event.data)
              : upstream_error(502, fmt::format("the stream of upstream '{}' holds something that is not JSON", name),
                               "upstream_bad_reply");
      return;
    }
    if (keeper_) keeper_->event(event.raw, &facts);
    if (!facts.takes_account) {
      if (voice) failed = voice->push(event.data, out);
      else out += event.raw;
      has_words = true;
      finished = facts.ends;
      return;
    }
    if (!tell_usage) return;  // asked for by us, not by the client
    tell();
    const Injection i =
        inject_account(event.data, account, inserted, attempt.carriage.wire == Endpoint::responses ? "response" : "");
    if (voice) {
      failed = voice->push(std::string(i.before) + inserted + std::string(i.after), out);
      return;
    }
    if (!event.name.empty()) out.append("event: ").append(event.name).append("\n");
    out.append("data: ").append(i.before).append(inserted).append(i.after).append("\n\n");
    finished = facts.ends;
  };

  if (keeper_ && !out.empty()) keeper_->event(out, nullptr);
  if (attempt.first) take_event(*attempt.first, &attempt.facts);
  while (!given_up()) {
    if (!finished && !events.push(exchange.body()))
      failed = upstream_error(502, "an event of the upstream is too large", "upstream_reply_too_large");
    exchange.body().clear();
    while (!failed && !finished) {
      const auto event = attempt.next_event();
      if (!event) break;
      take_event(*event, nullptr);
    }
    if (!finished && !failed && exchange.done()) {
      // Some servers leave out [DONE]; a finish reason says as much.
      if (!pending.finish_reason().empty() && events.rest().empty()) {
        const bool messages = attempt.carriage.as_asked && attempt.carriage.wire == Endpoint::messages;
        if (messages) told_usage = true;  // its last event but one holds it
        end_stream(messages ? "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n" : "data: [DONE]\n\n");
      } else {
        failed = upstream_error(502, fmt::format("the stream of upstream '{}' broke off", name), "upstream_truncated");
      }
    }
    // What came before a failure is handed on first, also when both came at once. A failure before the
    // first word is told by the status instead.
    if (!begun && (has_words || (!failed && (!out.empty() || finished)))) {
      begun = true;
      head_.clear();
      append_status(head_, 200, thread_.date());
      append_begun_headers(head_, pending.answer(), attempt.model.head);
      head_ += "content-type: text/event-stream\r\ncache-control: no-store\r\nx-accel-buffering: no\r\n";
      append_stream_framing(head_);
      const std::array<std::string_view, 1> pieces{head_};
      if (!co_await send(pieces) && given_up()) break;
    }
    // Recorded before the last word is out, so that who has it can ask for the account.
    if (finished && plugins_) tell_plugins(pending);
    if (finished && keeper_) keeper_->complete(pending.settle());
    if (finished) {
      pending.end(AnswerStatus::ok, 200);
      ticket_.close();
    }
    if (begun && !out.empty() && !co_await send_chunk(out) && given_up()) break;
    out.clear();
    if (finished || failed || given_up()) break;
    failed = co_await exchange.read_more();
  }
  if (finished && pending.ended()) {
    co_await send_last_chunk();
    // The end of the chunked body may come a moment later; then the connection can be kept.
    while (!exchange.done() && !client_gone_)
      if (co_await exchange.read_more()) break;
    co_return;
  }
  if (given_up()) {
    exchange.abort();
    pending.end(AnswerStatus::cancelled, 499, "the client left in the middle of the answer");
    co_return;
  }
  if (failed) attempt.failed = failed;
  else failed = upstream_error(502, "the answer broke off", "upstream_truncated");
  if (keeper_) keeper_->fail(*failed);
  std::string headers;
  append_begun_headers(headers, pending.answer(), attempt.model.head);
  pending.end(AnswerStatus::error, begun ? 200 : failed->status, failed->message);
  if (!begun) co_return co_await send_error(*failed, headers);
  keep_alive_ = false;
  std::string last;
  if (!voice) voice = new_voice();
  if (voice) voice->fail(*failed, last);
  else last = error_event(to_json(*failed));
  if (co_await send_chunk(last)) co_await send_last_chunk();
}

}  // namespace wattline::serve
