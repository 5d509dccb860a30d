// Who a request is, and who is told of it: its id, its place in a trace, its line in the access log.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "serve/session.h"

namespace wattline::serve {

void append_trace_headers(std::string& out, const TraceContext& context, std::string_view trace_state) {
  out += "traceparent: ";
  append_traceparent(out, context);
  out += "\r\n";
  if (!trace_state.empty()) out.append("tracestate: ").append(trace_state).append("\r\n");
}

void note_answer(Gateway& gateway, const std::shared_ptr<RequestInfo>& info, const AnswerPtr& answer) {
  if (!info->over) info->answers.push_back(answer);
  if (auto* tracing = gateway.tracing(); tracing && info->context.sampled && !answer->repeats())
    tracing->push({info, answer});
}

namespace {

// Of 60 bits, so that it fits where a string holds its text itself.
void append_request_id(std::string& out, std::uint64_t n) {
  char text[15] = {'r', 'q', '-'};
  for (int i = 14; i >= 3; --i, n >>= 5) text[i] = "0123456789abcdefghjkmnpqrstvwxyz"[n & 31];
  out.append(text, sizeof text);
}

}  // namespace

void Session::take_request_id() {
  const std::string_view given = parser_->request_id();
  if (sane_request_id(given)) request_id_ = given;
  else append_request_id(request_id_, thread_.next_id());
}

void Session::begin_observing(std::string_view path) {
  info_ = std::make_shared<RequestInfo>();
  RequestInfo& info = *info_;
  info.id = request_id_;
  info.begin = Time::now();
  info.method = parser_->method();
  info.path = path;
  info.bytes_in = body_.size();
  error_code ec;
  const auto peer = socket_.remote_endpoint(ec);
  if (!ec) info.client = peer.address().to_string();
  sent_before_ = sent_;
  if (auto* tracing = gateway_.tracing()) {
    auto& own = info.context;
    if (const auto parent = parse_traceparent(parser_->traceparent())) {
      own = *parent;
      info.parent = parent->span;
      const std::string_view state = parser_->tracestate();
      constexpr std::size_t longest_state = 512;
      if (state.size() <= longest_state &&
          std::all_of(state.begin(), state.end(), [](char c) { return c >= ' ' && c <= '~'; }))
        info.trace_state = state;
    } else {
      const auto high = thread_.new_span(), low = thread_.new_span();
      std::copy(high.begin(), high.end(), own.trace.begin());
      std::copy(low.begin(), low.end(), own.trace.begin() + 8);
      own.sampled = in_sample(own.trace, tracing->sample());
    }
    own.span = thread_.new_span();
  }
}

void Session::observe_question(std::string_view operation) {
  info_->operation = operation;
  if (auto* log = gateway_.access_log(); log && log->wants_prompts())
    info_->prompt = asked_ && !asked_->body.empty() ? asked_->body : body_;
}

void Session::end_observing() {
  const auto info = std::exchange(info_, nullptr);
  info->end = Time::now();
  info->over = true;
  if (access_ && access_.key) {
    info->tenant = access_.tenant->name();
    info->key = access_.key->id;
  }
  info->bytes_out = sent_ - sent_before_;
  constexpr std::size_t status_at = 9;  // after "HTTP/1.1 "
  if (info->bytes_out > 0 && head_.size() > status_at) info->status = std::atoi(head_.c_str() + status_at);
  if (auto* log = gateway_.access_log()) log->write(*info, gateway_.config().version);
  if (auto* tracing = gateway_.tracing(); tracing && info->context.sampled && !info->operation.empty())
    tracing->push({info, nullptr});
}

}  // namespace wattline::serve
