#include "serve/pending_answer.h"

#include <algorithm>

#include <fmt/format.h>

namespace wattline::serve {
namespace {

constexpr std::size_t bytes_per_token = 4;

std::int64_t tokens_of(std::size_t bytes) {
  return static_cast<std::int64_t>((bytes + bytes_per_token - 1) / bytes_per_token);
}

}  // namespace

double PendingAnswer::now_s() const { return static_cast<double>(monotonic_ns()) * 1e-9; }

PendingAnswer::PendingAnswer(Gateway& gateway, const ServedModel& model, std::string id, bool streamed,
                             std::size_t body_bytes, Ticket* ticket)
    : gateway_(gateway), model_(model), charged_(ticket), body_bytes_(body_bytes), begun_ns_(monotonic_ns()) {
  answer_.id = std::move(id);
  answer_.begin = answer_.end = Time::now();
  answer_.basis = model.basis;
  answer_.streamed = streamed;
  if (charged_) answer_.requester = charged_->requester();
  if (!model.upstream) return;
  batch_at_begin_ = model.upstream->in_flight.fetch_add(1) + 1;
  if (!model.upstream->share && !model.upstream->metered) return;
  const double now = now_s();
  if (model.upstream->share) ticket_ = model.upstream->share->begin(now);
  if (model.upstream->metered) metered_ = model.upstream->metered->begin(now);
  ticket_open_ = true;
}

PendingAnswer::~PendingAnswer() {
  if (!ended_) end(AnswerStatus::error, 500, "given up");
}

void PendingAnswer::set_aside(std::string_view attempt, int n) {
  answer_.attempt = attempt;
  answer_.of = answer_.id;
  answer_.id += fmt::format("-{}", n);
}

void PendingAnswer::observe(std::string_view request_id, std::shared_ptr<RequestInfo> info,
                            const std::array<std::uint8_t, 8>& span) {
  answer_.request_id = request_id;
  answer_.span = span;
  info_ = std::move(info);
}

void PendingAnswer::first_token() {
  if (!answer_.first_token) answer_.first_token = Duration(static_cast<double>(monotonic_ns() - begun_ns_) * 1e-9);
}

void PendingAnswer::look(const ReplyFacts& f) {
  if (f.has_content) ++content_chunks_;
  content_bytes_ += f.content_bytes;
  if (!f.finish_reason.empty()) answer_.finish_reason = f.finish_reason;
  if (f.usage) {
    // Some streams count what was read when they begin and what was written when they end.
    auto& t = spent_.tokens;
    t = {std::max(t.in, f.usage->in), std::max(t.out, f.usage->out), std::max(t.cached, f.usage->cached)};
    has_usage_ = has_usage_ || !f.partial_usage;
  }
}

void PendingAnswer::generated(const lm::Generation& g) {
  spent_.tokens = {g.prompt_tokens, g.completion_tokens, 0};
  spent_.prefill_cpu = g.prefill_cpu;
  spent_.decode_cpu = g.decode_cpu;
  has_usage_ = true;
  if (g.finish != lm::Generation::cancelled) answer_.finish_reason = to_string(g.finish);
  // What it waited for its turn comes before the first token too.
  if (!answer_.first_token && g.completion_tokens > 0)
    answer_.first_token =
        Duration(static_cast<double>(monotonic_ns() - begun_ns_) * 1e-9) - (g.total - g.time_to_first_token);
}

const Answer& PendingAnswer::settle() {
  answer_.latency = Duration(static_cast<double>(monotonic_ns() - begun_ns_) * 1e-9);
  answer_.end = answer_.begin + answer_.latency;
  if (settled_) return answer_;
  settled_ = true;
  if (!has_usage_ && (content_chunks_ > 0 || content_bytes_ > 0 || (prompt_read_ && spent_.reached))) {
    if (spent_.tokens.in == 0) spent_.tokens.in = tokens_of(body_bytes_);
    // Servers send about a token a chunk.
    spent_.tokens.out = answer_.streamed ? content_chunks_ : tokens_of(content_bytes_);
    answer_.tokens_estimated = true;
  }
  answer_.tokens_in = spent_.tokens.in;
  answer_.tokens_out = spent_.tokens.out;
  if (model_.upstream) spent_.batch = std::max(1.0, (batch_at_begin_ + model_.upstream->in_flight.load()) / 2.0);
  if (ticket_open_) {
    const double now = now_s();
    if (model_.upstream->share) spent_.cpu = model_.upstream->share->end(ticket_, now);
    if (model_.upstream->metered && spent_.reached) spent_.metered = model_.upstream->metered->end(metered_, now);
    else if (model_.upstream->metered) model_.upstream->metered->drop(metered_, now);
    ticket_open_ = false;
  }
  gateway_.settle(answer_, model_, spent_);
  return answer_;
}

void PendingAnswer::end(AnswerStatus status, int http_status, std::string error) {
  if (ended_) return;
  ended_ = true;
  settle();
  answer_.status = status;
  answer_.http_status = http_status;
  answer_.error = std::move(error);
  if (model_.upstream) model_.upstream->in_flight.fetch_sub(1);
  if (charged_) charged_->charge(answer_);
  const AnswerPtr told = gateway_.record(std::move(answer_), model_);
  if (info_) note_answer(gateway_, info_, told);
}

}  // namespace wattline::serve
