// Chat completions in whose answering the cache has a say: given again, shared while they are made, or kept.
#include <array>

#include <fmt/format.h>

#include "serve/plugins/active_plugins.h"
#include "serve/replay.h"
#include "serve/session.h"

namespace wattline::serve {
namespace {

// What the client's headers say of the cache.
std::optional<ApiError> wish_of(const RequestParser& request, CacheWish& wish) {
  std::optional<ApiError> wrong;
  request.for_each_field([&](std::string_view name, std::string_view value) {
    constexpr std::string_view standard = "cache-control", ours = "x-wattline-cache";
    const auto is = [&](std::string_view lower) {
      return name.size() == lower.size() && std::equal(name.begin(), name.end(), lower.begin(), [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b;
             });
    };
    if (is(standard)) read_cache_control(wish, value);
    else if (is(ours) && !wrong) wrong = read_wattline_cache(wish, value);
  });
  return wrong;
}

// Nothing at the model's device.
void spend_looking(Answer& a, const ServedModel& model, const CpuEnergy& cpu) {
  const Duration chosen = a.route ? a.route->cpu : Duration(0), looked = a.look ? a.look->cpu : Duration(0);
  a.routing = cpu.of(chosen);
  a.looking = cpu.of(looked);
  a.energy = Estimate<Energy>::with_sd(a.routing + a.looking, cpu.sd_of(chosen + looked), a.basis->energy.method, {});
  a.latency = Time::now() - a.begin;
  a.end = a.begin + a.latency;
  model.footprint->apply(a);
}

void repeat(Answer& a, const ServedModel& model, const StoredReply& reply, const CpuEnergy& cpu) {
  a.finish_reason = reply.finish_reason;
  a.tokens_in = reply.tokens_in;
  a.tokens_out = reply.tokens_out;
  a.tokens_estimated = reply.tokens_estimated;
  a.saved = reply.joules;
  a.saved_from = reply.answer_id;
  spend_looking(a, model, cpu);
}

}  // namespace

std::unique_ptr<ClientStream> Session::new_voice() const {
  auto own = asked_ && asked_->dialect ? asked_->dialect->stream(asked_->call) : nullptr;
  return plugins_ ? plugins_->voice(std::move(own)) : std::move(own);
}

Answer Session::new_repeat(const ServedModel& model, bool stream, CacheUse use) {
  Answer a;
  a.id = new_id();
  a.begin = a.end = Time::now();
  a.basis = route_ || look_ ? model.found_basis : model.repeat_basis;
  a.route = route_;
  a.look = look_;
  a.streamed = stream;
  a.cache = use;
  a.request_id = request_id_;
  if (ticket_) a.requester = ticket_.requester();
  return a;
}

void Session::end_repeat(Answer&& a, const ServedModel& model, AnswerStatus status, int http_status,
                         std::string error) {
  if (status != AnswerStatus::ok) spend_looking(a, model, gateway_.cpu_energy());
  a.status = status;
  a.http_status = http_status;
  a.error = std::move(error);
  if (ticket_) ticket_.charge(a);
  const AnswerPtr told = gateway_.record(std::move(a), model);
  if (info_) note_answer(gateway_, info_, told);
}

Awaitable<void> Session::chat_cached(const ServedModel& model, const ChatRequest& request) {
  AnswerCache& cache = *gateway_.cache();
  CacheWish wish;
  if (const auto wrong = wish_of(*parser_, wish)) {
    gateway_.refused.fetch_add(1, std::memory_order_relaxed);
    co_return co_await send_error(*wrong);
  }
  const auto* tenant = ticket_ && ticket_.requester() ? ticket_.requester().get() : nullptr;
  const CachePlan plan =
      cache.plan(body_, tenant ? std::string_view(tenant->tenant) : std::string_view(), wish, model.builtin != nullptr);
  if (!plan.why_not.empty()) {
    if (wish.only_if_cached)
      co_return co_await send_error(api_error(504, fmt::format("no answer to this request is kept: {}", plan.why_not),
                                              "invalid_request_error", {}, "not_cached"));
    co_return co_await chat_model(model, request, CacheUse::bypass, nullptr);
  }
  std::optional<ApiError> failed;
  SingleFlight::Follow run;
  std::shared_ptr<SemanticCache::Look> look;
  for (int failures = 0; true;) {
    if (wish.look) {
      const auto found = cache.store.find(plan.key, monotonic_ns(), wish.max_age_ns);
      if (found.reply) co_return co_await kept_reply(model, request, *found.reply, found.age_ns);
    }
    if (cache.semantic && !look) {
      look = co_await look_for_similar(model, wish);
      if (look->reply && !look->audit)
        co_return co_await kept_reply(model, request, *look->reply, look->age_ns, look.get());
    }
    if (wish.only_if_cached)
      co_return co_await send_error(
          api_error(504, "no answer to this request is kept", "invalid_request_error", {}, "not_cached"));
    SingleFlight::Joined joined;
    auto bell = std::make_shared<Mailbox>(thread_.io.get_executor());
    if (wish.look && cache.shares)
      joined = cache.flights.join(
          plan.key, plan.stream, [bell] { bell->push("!"); }, &run);
    if (!joined.follow) {
      CacheKeeper keeper(cache, plan, std::move(joined.lead));
      if (look) keep_for_similar(keeper, look);
      const CacheUse use = look && look->audit ? CacheUse::audit : CacheUse::miss;
      co_return co_await chat_model(model, request, use, &keeper);
    }
    run = std::move(joined.follow);
    failed = co_await follow(model, request, run, std::move(bell), failures > 0);
    if (!failed) co_return;
    // A run that was ended says nothing of the upstream; one that failed is tried once more.
    if (failed->code != flight_ended) ++failures;
  }
}

Awaitable<void> Session::kept_reply(const ServedModel& model, const ChatRequest& request, const StoredReply& reply,
                                    std::int64_t age_ns, const SemanticCache::Look* similar) {
  Answer a = new_repeat(model, request.stream, similar ? CacheUse::similar : CacheUse::hit);
  repeat(a, model, reply, gateway_.cpu_energy());
  if (similar) gateway_.cache()->semantic->gave(*similar, a.id);
  const std::string age = fmt::format("age: {}\r\n", age_ns / 1'000'000'000);
  if (!request.stream) co_return co_await send_repeat(std::move(a), model, reply, age);
  std::string out;
  const auto voice = new_voice();
  Replay replay(thread_.reply_reader, request.include_usage, voice.get());
  replay.take(reply.body, out);
  replay.end(a, out);
  head_.clear();
  append_status(head_, 200, thread_.date());
  append_account_headers(head_, a, model.head);
  head_ += age;
  head_ += "content-type: text/event-stream\r\ncache-control: no-store\r\nx-accel-buffering: no\r\n";
  append_stream_framing(head_);
  a.first_token = a.latency;
  end_repeat(std::move(a), model, AnswerStatus::ok, 200);
  const std::array<std::string_view, 1> pieces{head_};
  if (co_await send(pieces) && co_await send_chunk(out)) co_await send_last_chunk();
}

Awaitable<void> Session::send_repeat(Answer&& a, const ServedModel& model, const StoredReply& reply,
                                     std::string_view age) {
  std::string account, inserted, told, mine;
  append_usage(account, a);
  // What is kept holds no values of anybody: each gets his own.
  const bool restores = plugins_ && plugins_->restores();
  if (restores) plugins_->restore(mine = reply.body);
  Injection injection = inject_account(restores ? mine : reply.body, account, inserted);
  if (asked_ && asked_->dialect) {
    told =
        asked_->dialect->reply(asked_->call, std::string(injection.before) + inserted + std::string(injection.after));
    inserted.clear();
    injection = {told, {}, 0};
  }
  head_.clear();
  append_status(head_, 200, thread_.date());
  append_account_headers(head_, a, model.head);
  head_ += age;
  fmt::format_to(std::back_inserter(head_), "content-type: application/json\r\ncontent-length: {}\r\n",
                 injection.before.size() + inserted.size() + injection.after.size());
  append_common_headers(head_);
  head_ += "\r\n";
  end_repeat(std::move(a), model, AnswerStatus::ok, 200);
  const std::array<std::string_view, 4> pieces{head_, injection.before, inserted, injection.after};
  co_await send(pieces);
}

Awaitable<std::optional<ApiError>> Session::follow(const ServedModel& model, const ChatRequest& request,
                                                   SingleFlight::Follow& run, std::shared_ptr<Mailbox> bell,
                                                   bool last_try) {
  Answer a = new_repeat(model, request.stream, CacheUse::shared);
  const auto voice = new_voice();
  Replay replay(thread_.reply_reader, request.include_usage, voice.get());
  std::string events, out;
  bool begun = false, told = false, closed = false;
  bell_ = bell;
  watch_client_ = true;
  FlightView seen;
  while (true) {
    seen = run.look(events);
    if (request.stream) replay.take(std::exchange(events, {}), out);
    const bool whole = seen.state == FlightView::complete;
    if (client_gone_ || seen.state == FlightView::failed) break;
    if (whole) {
      repeat(a, model, *seen.reply, gateway_.cpu_energy());
      if (!request.stream) break;
      replay.end(a, out);
    }
    if (!out.empty()) {
      if (!begun) {
        begun = true;
        head_.clear();
        append_status(head_, 200, thread_.date());
        append_begun_headers(head_, a, model.head);
        head_ += "content-type: text/event-stream\r\ncache-control: no-store\r\nx-accel-buffering: no\r\n";
        append_stream_framing(head_);
        a.first_token = Time::now() - a.begin;
        const std::array<std::string_view, 1> pieces{head_};
        co_await send(pieces);
      }
      told = whole;
      if (told) end_repeat(std::move(a), model, AnswerStatus::ok, 200);
      co_await send_chunk(out);
      out.clear();
    }
    if (whole) break;
    co_await bell->wait(std::chrono::hours(24));
    bell->take(closed);
  }
  watch_client_ = false;
  bell_.reset();
  if (seen.state == FlightView::failed && !client_gone_ && !begun && (!last_try || seen.error.code == flight_ended))
    co_return std::move(seen.error);
  run.leave();
  if (told) {
    co_await send_last_chunk();
  } else if (client_gone_) {
    end_repeat(std::move(a), model, AnswerStatus::cancelled, 499, "the client left before the answer was whole");
  } else if (seen.state == FlightView::complete) {
    co_await send_repeat(std::move(a), model, *seen.reply, {});
  } else {
    end_repeat(std::move(a), model, AnswerStatus::error, begun ? 200 : seen.error.status, seen.error.message);
    if (begun) {
      keep_alive_ = false;
      if (voice) voice->fail(seen.error, out);
      else out = error_event(to_json(seen.error));
      if (co_await send_chunk(out)) co_await send_last_chunk();
    } else {
      co_await send_error(seen.error);
    }
  }
  co_return std::nullopt;
}

}  // namespace wattline::serve
