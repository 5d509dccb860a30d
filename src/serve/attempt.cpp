#include "serve/attempt.h"

#include <fmt/format.h>

#include "serve/json_text.h"
#include "serve/plugins/active_plugins.h"

namespace wattline::serve {

Attempt::Attempt(IoThread& thread, const ServedModel& served, const Question& question)
    : model(served),
      pending(thread.gateway, served, question.id, question.request.stream,
              question.asked ? question.asked->body.size() : question.body.size(), question.ticket),
      exchange(thread.pools[served.upstream->index], *served.upstream, thread.buffers),
      thread_(thread),
      question_(question) {
  pending.cache_use(question.cache);
  if (question.route) pending.routed(question.route);
  if (question.look) pending.looked(question.look);
  if (!question.request_id.empty()) {
    headers_.reserve(16 + question.request_id.size());
    headers_.append("x-request-id: ").append(question.request_id).append("\r\n");
  }
  TraceContext own;
  if (question.info && thread.gateway.tracing()) {
    own = question.info->context;
    own.span = thread.new_span();
    append_trace_headers(headers_, own, question.info->trace_state);
  }
  pending.observe(question.request_id, question.info, own.span);
  if (question.plugins) question.plugins->change_headers(headers_);
}

// What a client is told when an upstream answers with a failure: its own words where it speaks
// OpenAI's shape, else ours. Its trouble with our key is ours, not the client's.
ApiError Attempt::translated(int status, const ReplyFacts& said, std::string_view body) const {
  const auto& name = model.upstream->config.name;
  if (status == 401 || status == 403)
    return upstream_error(502, fmt::format("upstream '{}' refuses the gateway's key (status {})", name, status),
                          "upstream_auth");
  std::string words = said.error_message.empty() ? std::string(body.substr(0, 200)) : said.error_message;
  auto e = upstream_error(status >= 400 ? status : 502,
                          fmt::format("upstream '{}' answers {}: {}", name, status, words), "upstream_status");
  if (status >= 400 && status < 500) e.type = status == 429 ? "rate_limit_error" : "invalid_request_error";
  return e;
}

bool Attempt::prepare() {
  const Upstream& upstream = *model.upstream;
  const auto found = carriage_of(question_.asked, upstream.config.endpoints);
  if (!found) {
    failed = cannot_carry(question_.asked, model.id, upstream.config.endpoints);
    return false;
  }
  carriage = *found;
  head_ = upstream.heads[static_cast<std::size_t>(carriage.wire)];
  if (carriage.dialect) {
    auto told = carriage.dialect->request(question_.body, model.upstream_name, upstream.config.max_tokens);
    if (auto* e = std::get_if<ApiError>(&told)) {
      failed = std::move(*e);
      return false;
    }
    own_body_ = std::move(std::get<std::string>(told));
    body_.add(own_body_);
  } else if (question_.asked && carriage.as_asked) {
    const Asked& asked = *question_.asked;
    body_ =
        forward_body(asked.body, asked.request, model.upstream_name, carriage.wire == Endpoint::completions, inserted_);
    if (!asked.headers.empty()) {
      const std::size_t line = head_.find('\n') + 1;
      own_head_.append(head_.substr(0, line)).append(asked.headers).append(head_.substr(line));
      head_ = own_head_;
    }
  } else {
    if (question_.asked && upstream.config.completion_limit) own_body_ = with_completion_limit(question_.body);
    body_ = forward_body(own_body_.empty() ? question_.body : own_body_, question_.request, model.upstream_name, true,
                         inserted_);
  }
  return true;
}

std::optional<SseParser::Event> Attempt::next_event() {
  if (held && !held->told()) return held->next();
  return read_event();
}

std::optional<SseParser::Event> Attempt::read_event() {
  if (!carriage.dialect) return events.next();
  if (!translator_) translator_ = carriage.dialect->stream(Time::now().ns / 1'000'000'000);
  while (next_chunk_ == chunks_.size()) {
    const auto event = events.next();
    if (!event) return std::nullopt;
    if (!event->has_data || check_json_object(event->data, "an event")) return event;
    chunks_.clear();
    next_chunk_ = 0;
    translator_->push(event->data, chunks_);
  }
  const std::string& chunk = chunks_[next_chunk_++];
  raw_ = "data: " + chunk + "\n\n";
  SseParser::Event told;
  told.raw = raw_;
  told.data = chunk;
  told.has_data = true;
  return told;
}

Failure Attempt::failure() const {
  const bool told = exchange.replied() && (exchange.status() < 200 || exchange.status() >= 300);
  return {exchange.reached(), told ? exchange.status() : failed->status, told, sent};
}

Awaitable<void> Attempt::run() {
  sent = prepare();
  if (sent) failed = co_await exchange.begin(head_, body_.pieces(), body_.size, headers_);
  if (!failed && exchange.encoded())
    failed =
        upstream_error(502, fmt::format("upstream '{}' compresses its reply, unasked", model.upstream->config.name),
                       "upstream_bad_reply");
  if (!failed) {
    is_stream = exchange.status() == 200 && exchange.content_type().starts_with("text/event-stream");
    if (is_stream) co_await read_first_event();
    while (!is_stream && !failed && !exchange.done()) failed = co_await exchange.read_more();
    if (!is_stream && !failed) judge_whole();
  }
  if (!failed) co_return;
  if (!exchange.reached()) pending.unreached();
  else if (!failure().told) pending.prompt_read();
}

void Attempt::judge_whole() {
  const int status = exchange.status();
  facts = thread_.reply_reader.read(exchange.body());
  const bool good = status >= 200 && status < 300;
  if (good && !facts.is_object)
    failed =
        upstream_error(502, fmt::format("the reply of upstream '{}' is not a JSON object", model.upstream->config.name),
                       "upstream_bad_reply");
  else if (!good || facts.is_error) failed = translated(status, facts, exchange.body());
  if (!failed && carriage.dialect) {
    auto told = carriage.dialect->reply(exchange.body(), Time::now().ns / 1'000'000'000);
    if (auto* e = std::get_if<ApiError>(&told)) failed = std::move(*e);
    else exchange.body() = std::move(std::get<std::string>(told));
  }
  if (!failed) return;
  own_words = carriage.as_asked && status >= 400 && status != 401 && status != 403 && facts.is_object && facts.is_error;
  retry_after = exchange.retry_after();
}

Awaitable<void> Attempt::read_first_event() {
  const auto& name = model.upstream->config.name;
  // Comments show that someone works; an error may still follow. Where others could be asked then, the first of
  // them are held back until something else comes.
  int comments = model.pool ? 2 : 1;
  while (!first) {
    const std::size_t before = ahead.size();
    if (!events.push(exchange.body()))
      failed = upstream_error(502, "an event of the upstream is too large", "upstream_reply_too_large");
    exchange.body().clear();
    while (!failed && !first) {
      const auto event = read_event();
      if (!event) break;
      if (event->has_data) first = event;
      else ahead += event->raw;
    }
    if (first || failed || (ahead.size() > before && --comments == 0)) break;
    if (exchange.done())
      failed = upstream_error(502, fmt::format("the stream of upstream '{}' broke off", name), "upstream_truncated");
    else failed = co_await exchange.read_more();
    if (failed) break;
  }
  if (failed || !first || first->data == "[DONE]") co_return;
  facts = thread_.reply_reader.read(first->data);
  if (facts.is_error) failed = translated(200, facts, first->data);
  else if (!facts.is_object)
    failed = upstream_error(502, fmt::format("the stream of upstream '{}' holds something that is not JSON", name),
                            "upstream_bad_reply");
}

Awaitable<void> Attempt::hold() {
  const auto& name = model.upstream->config.name;
  held.emplace();
  bool room = true, finished = false, ended = false;
  const auto keep = [&](const SseParser::Event& event) {
    room = held->keep(event);
    if (!event.has_data) return;
    finished = event.data == "[DONE]";
    if (finished) return;
    const ReplyFacts said = thread_.reply_reader.read(event.data);
    ended = ended || !said.finish_reason.empty();
    if (said.is_error) failed = translated(200, said, event.data);
    else if (!said.is_object)
      failed = upstream_error(502, fmt::format("the stream of upstream '{}' holds something that is not JSON", name),
                              "upstream_bad_reply");
  };
  // Its views would not outlive the next event.
  if (first) keep(*first);
  first.reset();
  while (!failed && room && !finished) {
    if (!events.push(exchange.body()))
      failed = upstream_error(502, "an event of the upstream is too large", "upstream_reply_too_large");
    exchange.body().clear();
    while (!failed && room && !finished) {
      const auto event = read_event();
      if (!event) break;
      keep(*event);
    }
    if (failed || !room || finished) break;
    if (exchange.done()) {
      // Some servers leave out [DONE]; a finish reason says as much.
      if (!ended || !events.rest().empty())
        failed = upstream_error(502, fmt::format("the stream of upstream '{}' broke off", name), "upstream_truncated");
      break;
    }
    failed = co_await exchange.read_more();
  }
}

}  // namespace wattline::serve
