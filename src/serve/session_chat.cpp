// Chat completions answered by an upstream.
#include <array>

#include <fmt/format.h>

#include "serve/session.h"
#include "serve/sse.h"

namespace wattline::serve {
namespace {

// What a client is told when an upstream answers with a failure: its own words where it speaks
// OpenAI's shape, else ours. Its trouble with our key is ours, not the client's.
ApiError translated(const UpstreamConfig& config, int status, const ReplyFacts& facts, std::string_view body) {
  if (status == 401 || status == 403)
    return upstream_error(502, fmt::format("upstream '{}' refuses the gateway's key (status {})", config.name, status), "upstream_auth");
  std::string words = facts.error_message.empty() ? std::string(body.substr(0, 200)) : facts.error_message;
  auto e = upstream_error(status >= 400 ? status : 502, fmt::format("upstream '{}' answers {}: {}", config.name, status, words), "upstream_status");
  if (status >= 400 && status < 500) e.type = status == 429 ? "rate_limit_error" : "invalid_request_error";
  return e;
}

// Whether the words of an upstream's failure can be handed on as they are.
bool passes(int status, const ReplyFacts& facts) {
  return status >= 400 && status != 401 && status != 403 && facts.is_object && facts.is_error;
}

}  // namespace

std::string Session::new_id() { return fmt::format("wl-{:016x}", thread_.next_id()); }

Awaitable<void> Session::chat() {
  if (parser_->method() != "POST") {
    co_await send_error(api_error(405, "POST is allowed here", "invalid_request_error", {}, "method_not_allowed"), "allow: POST\r\n");
    co_return;
  }
  const auto read = thread_.chat_reader.read(body_);
  const auto* request = std::get_if<ChatRequest>(&read);
  if (!request) {
    gateway_.refused.fetch_add(1, std::memory_order_relaxed);
    co_return co_await send_error(std::get<ApiError>(read));
  }
  const ServedModel* model = gateway_.find(request->model);
  if (!model) {
    gateway_.refused.fetch_add(1, std::memory_order_relaxed);
    co_return co_await send_error(gateway_.unknown_model(request->model));
  }
  if (model->builtin) co_await chat_builtin(*model, *request);
  else co_await chat_upstream(*model, *request);
}

Awaitable<void> Session::chat_upstream(const ServedModel& model, const ChatRequest& request) {
  Upstream& upstream = *model.upstream;
  if (upstream.in_flight.load() >= upstream.config.max_in_flight) {
    gateway_.refused.fetch_add(1, std::memory_order_relaxed);
    co_return co_await send_error(api_error(429, fmt::format("upstream '{}' has {} requests under way, the most that is allowed", upstream.config.name, upstream.config.max_in_flight),
                                           "rate_limit_error", {}, "upstream_busy", 1));
  }
  PendingAnswer pending(gateway_, model, new_id(), request.stream, body_.size());
  const BodyPieces pieces = forward_body(body_, request, model.upstream_name, true);
  UpstreamExchange exchange(thread_.pools[upstream.index], upstream, thread_.buffers);
  exchange_ = &exchange;
  watch_client_ = true;
  auto failed = co_await exchange.begin(pieces.pieces, pieces.size);
  if (!failed && exchange.encoded()) failed = upstream_error(502, fmt::format("upstream '{}' compresses its reply, unasked", upstream.config.name), "upstream_bad_reply");
  if (!failed) {
    const bool is_stream = exchange.status() == 200 && exchange.content_type().starts_with("text/event-stream");
    if (is_stream) {
      co_await stream_reply(exchange, pending, model, request.include_usage);
    } else {
      co_await whole_reply(exchange, pending, model);
    }
  } else if (client_gone_) {
    if (!exchange.reached()) pending.unreached();
    pending.end(AnswerStatus::cancelled, 499, "the client left before the answer");
  } else {
    if (!exchange.reached()) pending.unreached();
    head_.clear();
    append_begun_headers(head_, pending.answer(), model.head);
    const std::string headers = head_;
    pending.end(AnswerStatus::error, failed->status, failed->message);
    co_await send_error(*failed, headers);
  }
  watch_client_ = false;
  exchange_ = nullptr;
}

Awaitable<void> Session::whole_reply(UpstreamExchange& exchange, PendingAnswer& pending, const ServedModel& model) {
  std::optional<ApiError> failed;
  while (!exchange.done() && !failed) failed = co_await exchange.read_more();
  if (client_gone_) {
    pending.end(AnswerStatus::cancelled, 499, "the client left before the answer");
    co_return;
  }
  const std::string& body = exchange.body();
  const int status = exchange.status();
  const auto& config = model.upstream->config;
  ReplyFacts facts;
  if (!failed) {
    facts = thread_.reply_reader.read(body);
    const bool good = status >= 200 && status < 300;
    if (good && !facts.is_object) failed = upstream_error(502, fmt::format("the reply of upstream '{}' is not a JSON object", config.name), "upstream_bad_reply");
    else if (!good || facts.is_error) failed = translated(config, status, facts, body);
  }
  if (failed) {
    head_.clear();
    append_begun_headers(head_, pending.answer(), model.head);
    if (!exchange.retry_after().empty()) head_ += fmt::format("retry-after: {}\r\n", exchange.retry_after());
    const std::string headers = head_;
    pending.end(AnswerStatus::error, failed->status, failed->message);
    if (!passes(status, facts)) co_return co_await send_error(*failed, headers);
    head_.clear();
    append_status(head_, status, thread_.date());
    head_ += headers;
    head_ += fmt::format("content-type: application/json\r\ncontent-length: {}\r\n", body.size());
    append_common_headers(head_);
    head_ += "\r\n";
    const std::array<std::string_view, 2> as_it_is{head_, body};
    co_await send(as_it_is);
    co_return;
  }
  pending.look(facts);
  const Answer& answer = pending.settle();
  std::string account, inserted;
  append_usage(account, answer);
  const Injection injection = inject_account(body, account, inserted);
  head_.clear();
  append_status(head_, status, thread_.date());
  append_account_headers(head_, answer, model.head);
  fmt::format_to(std::back_inserter(head_), "content-type: application/json\r\ncontent-length: {}\r\n",
                 injection.before.size() + inserted.size() + injection.after.size());
  append_common_headers(head_);
  head_ += "\r\n";
  pending.end(AnswerStatus::ok, status);
  const std::array<std::string_view, 4> pieces{head_, injection.before, inserted, injection.after};
  co_await send(pieces);
}

Awaitable<void> Session::stream_reply(UpstreamExchange& exchange, PendingAnswer& pending, const ServedModel& model, bool tell_usage) {
  SseParser events;
  std::string out, account, inserted;
  bool begun = false, told_usage = false, finished = false;
  bool has_words = false;  // `out` holds an event of the answer, not comments alone
  std::optional<ApiError> failed;
  const auto tell = [&] {
    account.clear();
    append_usage(account, pending.settle());
    told_usage = true;
  };
  const auto take_event = [&](const SseParser::Event& event) {
    if (!event.has_data) {
      out += event.raw;
      return;
    }
    if (event.data == "[DONE]") {
      finished = true;
      if (tell_usage && !told_usage) {
        tell();
        out += usage_chunk(pending.answer(), account);
      }
      out += event.raw;
      return;
    }
    const ReplyFacts facts = thread_.reply_reader.read(event.data);
    pending.look(facts);
    if (facts.has_content) pending.first_token();
    if (!facts.is_object || facts.is_error) {
      failed = facts.is_error ? translated(model.upstream->config, 200, facts, event.data)
                              : upstream_error(502, fmt::format("the stream of upstream '{}' holds something that is not JSON", model.upstream->config.name), "upstream_bad_reply");
      return;
    }
    if (!facts.usage || facts.has_choices) {
      out += event.raw;
      has_words = true;
      return;
    }
    if (!tell_usage) return;  // asked for by us, not by the client
    tell();
    const Injection i = inject_account(event.data, account, inserted);
    out.append("data: ").append(i.before).append(inserted).append(i.after).append("\n\n");
  };

  while (!finished && !failed && !client_gone_) {
    if (!events.push(exchange.body())) failed = upstream_error(502, "an event of the upstream is too large", "upstream_reply_too_large");
    exchange.body().clear();
    while (!failed && !finished) {
      const auto event = events.next();
      if (!event) break;
      take_event(*event);
    }
    if (!finished && !failed && exchange.done()) {
      // Some servers leave out [DONE]; a finish reason says as much.
      if (!pending.finish_reason().empty() && events.rest().empty()) {
        finished = true;
        if (tell_usage && !told_usage) {
          tell();
          out += usage_chunk(pending.answer(), account);
        }
        out += "data: [DONE]\n\n";
      } else {
        failed = upstream_error(502, fmt::format("the stream of upstream '{}' broke off", model.upstream->config.name), "upstream_truncated");
      }
    }
    // What came before a failure is handed on first, also when both came at once. A failure before the
    // first word is told by the status instead.
    if (!begun && (has_words || (!failed && (!out.empty() || finished)))) {
      begun = true;
      head_.clear();
      append_status(head_, 200, thread_.date());
      append_begun_headers(head_, pending.answer(), model.head);
      head_ += "content-type: text/event-stream\r\ncache-control: no-store\r\nx-accel-buffering: no\r\n";
      append_stream_framing(head_);
      const std::array<std::string_view, 1> pieces{head_};
      if (!co_await send(pieces)) break;
    }
    // Recorded before the last word is out, so that who has it can ask for the account.
    if (finished) pending.end(AnswerStatus::ok, 200);
    if (begun && !out.empty() && !co_await send_chunk(out)) break;
    out.clear();
    if (finished || failed || client_gone_) break;
    failed = co_await exchange.read_more();
  }
  if (finished) {
    co_await send_last_chunk();
    // The end of the chunked body may come a moment later; then the connection can be kept.
    while (!exchange.done() && !client_gone_)
      if (co_await exchange.read_more()) break;
    co_return;
  }
  if (client_gone_) {
    exchange.abort();
    pending.end(AnswerStatus::cancelled, 499, "the client left in the middle of the answer");
    co_return;
  }
  if (!failed) failed = upstream_error(502, "the answer broke off", "upstream_truncated");
  std::string headers;
  append_begun_headers(headers, pending.answer(), model.head);
  pending.end(AnswerStatus::error, begun ? 200 : failed->status, failed->message);
  if (!begun) co_return co_await send_error(*failed, headers);
  keep_alive_ = false;
  if (co_await send_chunk(error_event(to_json(*failed)))) co_await send_last_chunk();
}

}  // namespace wattline::serve
