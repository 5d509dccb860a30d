#include "serve/attempt.h"

#include <fmt/format.h>

namespace wattline::serve {

Attempt::Attempt(IoThread& thread, const ServedModel& served, const Question& question)
    : model(served),
      pending(thread.gateway, served, question.id, question.request.stream, question.body.size()),
      exchange(thread.pools[served.upstream->index], *served.upstream, thread.buffers),
      thread_(thread),
      question_(question) {}

// What a client is told when an upstream answers with a failure: its own words where it speaks
// OpenAI's shape, else ours. Its trouble with our key is ours, not the client's.
ApiError Attempt::translated(int status, const ReplyFacts& said, std::string_view body) const {
  const auto& name = model.upstream->config.name;
  if (status == 401 || status == 403)
    return upstream_error(502, fmt::format("upstream '{}' refuses the gateway's key (status {})", name, status), "upstream_auth");
  std::string words = said.error_message.empty() ? std::string(body.substr(0, 200)) : said.error_message;
  auto e = upstream_error(status >= 400 ? status : 502, fmt::format("upstream '{}' answers {}: {}", name, status, words), "upstream_status");
  if (status >= 400 && status < 500) e.type = status == 429 ? "rate_limit_error" : "invalid_request_error";
  return e;
}

Awaitable<void> Attempt::run() {
  const BodyPieces body = forward_body(question_.body, question_.request, model.upstream_name, true);
  failed = co_await exchange.begin(body.pieces, body.size);
  if (!exchange.reached()) pending.unreached();
  if (failed) co_return;
  if (exchange.encoded()) {
    failed = upstream_error(502, fmt::format("upstream '{}' compresses its reply, unasked", model.upstream->config.name), "upstream_bad_reply");
    co_return;
  }
  is_stream = exchange.status() == 200 && exchange.content_type().starts_with("text/event-stream");
  if (is_stream) co_await read_first_event();
  else co_await read_whole();
}

Awaitable<void> Attempt::read_whole() {
  while (!exchange.done() && !failed) failed = co_await exchange.read_more();
  if (failed) co_return;
  const int status = exchange.status();
  facts = thread_.reply_reader.read(exchange.body());
  const bool good = status >= 200 && status < 300;
  if (good && !facts.is_object)
    failed = upstream_error(502, fmt::format("the reply of upstream '{}' is not a JSON object", model.upstream->config.name), "upstream_bad_reply");
  else if (!good || facts.is_error)
    failed = translated(status, facts, exchange.body());
  if (!failed) co_return;
  own_words = status >= 400 && status != 401 && status != 403 && facts.is_object && facts.is_error;
  retry_after = exchange.retry_after();
}

Awaitable<void> Attempt::read_first_event() {
  const auto& name = model.upstream->config.name;
  while (!first && ahead.empty()) {
    if (!events.push(exchange.body())) failed = upstream_error(502, "an event of the upstream is too large", "upstream_reply_too_large");
    exchange.body().clear();
    while (!failed && !first) {
      const auto event = events.next();
      if (!event) break;
      if (event->has_data) first = event;
      else ahead += event->raw;
    }
    if (first || failed || !ahead.empty()) break;
    if (exchange.done()) failed = upstream_error(502, fmt::format("the stream of upstream '{}' broke off", name), "upstream_truncated");
    else failed = co_await exchange.read_more();
    if (failed) break;
  }
  if (failed || !first || first->data == "[DONE]") co_return;
  facts = thread_.reply_reader.read(first->data);
  if (facts.is_error) failed = translated(200, facts, first->data);
  else if (!facts.is_object)
    failed = upstream_error(502, fmt::format("the stream of upstream '{}' holds something that is not JSON", name), "upstream_bad_reply");
}

}  // namespace wattline::serve
