// Chat completions answered by a model inside this program.
#include <array>

#include <fmt/format.h>

#include "serve/plugins/active_plugins.h"
#include "serve/session.h"

namespace wattline::serve {
namespace {

constexpr std::chrono::hours no_limit{24};

struct Shared {
  std::mutex mutex;
  GenerationOutcome outcome;
};

}  // namespace

Awaitable<void> Session::chat_builtin(const ServedModel& model, const ChatRequest& request, CacheUse use) {
  auto read = read_chat_options(body_);
  if (auto* e = std::get_if<ApiError>(&read)) {
    gateway_.refused.fetch_add(1, std::memory_order_relaxed);
    co_return co_await send_error(*e);
  }
  auto& options = std::get<ChatOptions>(read);
  GenerationTask task;
  task.prompt = question_of(options);
  const auto& limits = gateway_.config().builtin;
  task.model = model.builtin;
  task.options.max_tokens =
      static_cast<int>(std::min<std::int64_t>(options.max_tokens > 0 ? options.max_tokens : 256, limits.max_tokens));
  task.options.temperature = options.temperature;
  task.options.top_p = options.top_p;
  task.options.seed = options.seed.value_or(0);
  task.options.stop = std::move(options.stop);
  const bool verify = verifies();
  task.options.score = verify;
  generation_ = std::stop_source();
  task.stop = generation_.get_token();

  PendingAnswer pending(gateway_, model, new_id(), request.stream, body_.size(), ticket());
  pending.cache_use(use);
  if (route_) pending.routed(route_);
  if (look_) pending.looked(look_);
  pending.observe(request_id_, info_, info_ ? thread_.new_span() : std::array<std::uint8_t, 8>{});
  auto box = std::make_shared<Mailbox>(thread_.io.get_executor());
  auto shared = std::make_shared<Shared>();
  if (request.stream && !verify) task.on_piece = [box](std::string_view piece) { return box->push(piece); };
  task.on_done = [box, shared](GenerationOutcome outcome) {
    {
      std::lock_guard lock(shared->mutex);
      shared->outcome = std::move(outcome);
    }
    box->close();
  };
  if (!gateway_.generator().submit(std::move(task))) {
    pending.end(AnswerStatus::error, 429, "the queue of the built-in models is full");
    const ApiError full = api_error(429, "the queue of the built-in models is full", "rate_limit_error", {}, "busy", 1);
    if (keeper_) keeper_->fail(full);
    co_return co_await send_error(full);
  }
  watch_client_ = true;
  bool begun = false, closed = false;
  // Tells the client in its own dialect.
  std::unique_ptr<ClientStream> voice = new_voice();
  std::string out;
  const auto say = [&](const std::string& chunk, bool keep = true) {
    if (voice) voice->push(chunk, out);
    else out.append("data: ").append(chunk).append("\n\n");
    if (!keeper_ || !keep) return;
    const ReplyFacts facts = thread_.reply_reader.read(chunk);
    keeper_->event("data: " + chunk + "\n\n", &facts);
  };
  const auto say_failure = [&](const ApiError& e) {
    out.clear();
    if (voice) voice->fail(e, out);
    else out = error_event(to_json(e));
  };
  const auto begin_stream = [&] {
    begun = true;
    head_.clear();
    append_status(head_, 200, thread_.date());
    append_begun_headers(head_, pending.answer(), model.head);
    head_ += "content-type: text/event-stream\r\ncache-control: no-store\r\nx-accel-buffering: no\r\n";
    append_stream_framing(head_);
  };
  std::string text;
  while (!closed) {
    co_await box->wait(no_limit);
    text = box->take(closed);
    if (!request.stream || text.empty() || given_up()) continue;
    pending.first_token();
    if (!begun) {
      begin_stream();
      const std::array<std::string_view, 1> pieces{head_};
      if (!co_await send(pieces) && given_up()) continue;
      say(own_chunk(pending.answer(), "{\"role\":\"assistant\",\"content\":\"\"}", ""));
    }
    say(own_chunk(pending.answer(), content_delta(text), ""));
    co_await send_chunk(out);
    out.clear();
  }
  watch_client_ = false;
  const GenerationOutcome& outcome = shared->outcome;
  if (!outcome.error.empty()) {
    const ApiError e = outcome.bad_request ? invalid_request(outcome.error, "messages")
                                           : api_error(503, outcome.error, "server_error");
    pending.end(AnswerStatus::error, e.status, e.message);
    if (keeper_) keeper_->fail(e);
    if (!begun) co_return co_await send_error(e);
    keep_alive_ = false;
    say_failure(e);
    if (co_await send_chunk(out)) co_await send_last_chunk();
    co_return;
  }
  pending.generated(outcome.generation);
  if (plugins_ && outcome.generation.finish != lm::Generation::cancelled)
    plugins_->judge_text(outcome.generation.text, pending.finish_reason());
  if (outcome.generation.finish == lm::Generation::cancelled) {
    pending.end(AnswerStatus::cancelled, 499,
                client_gone_ ? "the client left in the middle of the answer" : "the server stopped");
    keep_alive_ = false;
    say_failure(api_error(503, "the server stopped", "server_error"));
    if (begun && co_await send_chunk(out)) co_await send_last_chunk();
    co_return;
  }
  if (verify) {
    policy::Evidence evidence;
    evidence.avg_logprob = outcome.generation.mean_logprob;
    evidence.format_ok = !outcome.generation.text.empty() && !(plugins_ && plugins_->failed());
    if (const ServedModel* next = escalate(evidence, pending)) {
      if (next->builtin) co_await chat_builtin(*next, request, use);
      else co_await chat_upstream(*next, request, use);
      co_return;
    }
  }
  if (plugins_) {
    if (!request.stream && plugins_->blocks()) co_return co_await send_blocked(pending, model);
    tell_plugins(pending);
  }
  const Answer& answer = pending.settle();
  if (!request.stream) {
    std::string bare = own_completion(answer, outcome.generation.text);
    if (keeper_) {
      keeper_->whole(bare, thread_.reply_reader.read(bare));
      keeper_->complete(answer);
    }
    if (plugins_) plugins_->restore(bare);
    std::string account, inserted;
    append_usage(account, answer);
    const Injection injection = inject_account(bare, account, inserted);
    std::string body = std::string(injection.before) + inserted + std::string(injection.after);
    if (asked_ && asked_->dialect) body = asked_->dialect->reply(asked_->call, body);
    head_.clear();
    append_status(head_, 200, thread_.date());
    append_account_headers(head_, answer, model.head);
    append_json_body_headers(head_, body.size());
    append_common_headers(head_);
    head_ += "\r\n";
    pending.end(AnswerStatus::ok, 200);
    ticket_.close();
    const std::array<std::string_view, 2> pieces{head_, body};
    co_await send(pieces);
    co_return;
  }
  if (verify) {
    say(own_chunk(answer, "{\"role\":\"assistant\",\"content\":\"\"}", ""));
    say(own_chunk(answer, content_delta(outcome.generation.text), ""));
  }
  say(own_chunk(answer, "{}", answer.finish_reason));
  if (keeper_) keeper_->complete(answer);
  if (request.include_usage) {
    std::string account;
    append_usage(account, answer);
    say(usage_chunk(answer, account), false);
  }
  if (voice) voice->finish(out);
  else out += "data: [DONE]\n\n";
  if (!begun) {
    begin_stream();
    const std::array<std::string_view, 1> pieces{head_};
    co_await send(pieces);
  }
  pending.end(AnswerStatus::ok, 200);
  ticket_.close();
  if (co_await send_chunk(out)) co_await send_last_chunk();
}

}  // namespace wattline::serve
