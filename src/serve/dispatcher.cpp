#include "serve/dispatcher.h"

#include <bit>
#include <cmath>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

namespace wattline::serve {
namespace {

double seconds_since(std::int64_t ns) { return static_cast<double>(monotonic_ns() - ns) * 1e-9; }

ApiError busy(const UpstreamConfig& c) {
  return api_error(
      429, fmt::format("upstream '{}' has {} requests under way, the most that is allowed", c.name, c.max_in_flight),
      "rate_limit_error", {}, "upstream_busy", 1);
}

}  // namespace

// Two attempts at once. It outlives the dispatcher, as the loser's end may come later.
struct Dispatcher::Race {
  explicit Race(IoThread& t) : thread(t), wake(t.io) {}
  struct Runner {
    std::shared_ptr<Attempt> attempt;
    Choice choice;
    std::int64_t begun_ns = 0;
    double seconds = 0;
    bool ended = false;
    bool good() const { return ended && !attempt->failed; }
  };
  IoThread& thread;
  Timer wake;
  Runner runners[2];

  static void start(const std::shared_ptr<Race>& race, int i) {
    ++race->thread.background;
    race->runners[i].begun_ns = monotonic_ns();
    asio::co_spawn(
        race->thread.io,
        [race, i]() -> Awaitable<void> {
          Runner& r = race->runners[i];
          const auto attempt = r.attempt;
          co_await attempt->run();
          r.seconds = seconds_since(r.begun_ns);
          r.ended = true;
          race->wake.cancel();
          --race->thread.background;
        },
        asio::detached);
  }
};

Dispatcher::Dispatcher(IoThread& thread, const ServedModel& model, Question question)
    : thread_(thread), model_(model), question_(std::move(question)) {}

Dispatcher::~Dispatcher() {
  if (!choice_) return;
  if (attempt_->failed && !aborted_) model_.pool->failed(*choice_, attempt_->failure(), monotonic_ns());
  else model_.pool->succeeded(*choice_, monotonic_ns());
}

void Dispatcher::abort() {
  aborted_ = true;
  if (attempt_) attempt_->abort();
  if (pause_) pause_->cancel();
  if (!race_) return;
  for (auto& r : race_->runners)
    if (r.attempt) r.attempt->abort();
  race_->wake.cancel();
}

Attempt* Dispatcher::attempt_at_one() {
  const Upstream& upstream = *model_.upstream;
  if (upstream.drained)
    refusal_ = api_error(503, fmt::format("upstream '{}' is drained by an administrator", upstream.config.name),
                         "server_error", {}, "upstream_drained", 30);
  else if (upstream.in_flight.load() >= upstream.config.max_in_flight) refusal_ = busy(upstream.config);
  else attempt_ = &own_.emplace(thread_, model_, question_);
  return attempt_;
}

Awaitable<void> Dispatcher::ask_pool() {
  ModelPool& pool = *model_.pool;
  const std::int64_t begun = monotonic_ns();
  pool.retry_budget.deposit();
  if (pool.balance().hedge.enabled) pool.hedge_budget.deposit();
  const bool stream = question_.request.stream;
  // Members that cannot be asked this at all count as tried.
  std::uint64_t unable = 0;
  for (std::size_t i = 0; i < pool.members().size(); ++i)
    if (!carriage_of(question_.asked, pool.members()[i]->upstream.config.endpoints)) unable |= std::uint64_t{1} << i;
  if (std::popcount(unable) == static_cast<int>(pool.members().size())) {
    refusal_ = cannot_carry(question_.asked, pool.id(), model_.endpoints);
    co_return;
  }
  std::uint64_t tried = unable;
  auto choice = pool.choose(seat(), tried, stream, begun);
  if (!choice) {
    // Where all of them rest for a moment, that moment is waited for.
    const auto rest = pool.nobody(begun).rest;
    if (rest && *rest <= pool.balance().retry.retry_after_most) {
      co_await pause(*rest);
      if (!aborted_) choice = pool.choose(seat(), tried, stream, monotonic_ns());
    }
  }
  if (!choice) {
    pool.nobody_there.fetch_add(1, std::memory_order_relaxed);
    refusal_ = nobody();
    co_return;
  }
  for (int tries = 0;; ++tries) {
    tried |= std::uint64_t{1} << choice->at;
    co_await ask(*choice, tried);
    if (aborted_) co_return;
    if (!attempt_->failed) {
      choice_ = choice;
      co_return;
    }
    Duration wait{0};
    if (seconds_since(begun) > choice->member->upstream.config.total_timeout.base()) co_return;
    auto again = next(*attempt_, tried, unable, tries, wait);
    if (!again) co_return;
    pool.retried.fetch_add(1, std::memory_order_relaxed);
    attempt_->pending.set_aside("retried", ++set_aside_);
    attempt_->pending.end(AnswerStatus::error, attempt_->failed->status, attempt_->failed->message);
    if (wait.base() > 0) co_await pause(wait);
    if (aborted_) {
      again->member->breaker.forget(again->ticket);
      co_return;
    }
    choice = again;
  }
}

std::optional<ModelPool::Choice> Dispatcher::next(const Attempt& failed, std::uint64_t& tried, std::uint64_t unable,
                                                  int tries, Duration& wait) {
  ModelPool& pool = *model_.pool;
  const auto& rules = pool.balance().retry;
  if (tries >= pool.retries() || failed.failed->code == "upstream_reply_too_large" || !worth_another(failed.failure()))
    return std::nullopt;
  const std::int64_t now = monotonic_ns();
  auto choice = pool.choose(seat(), tried, question_.request.stream, now);
  if (!choice) {
    // Everyone was asked: once more, after a while.
    if (refuses_key(failed.failure())) return std::nullopt;
    wait = backoff(rules, tries, seat().random);
    if (const auto told = read_retry_after(failed.retry_after, Time::now().ns / 1'000'000'000)) {
      if (*told > rules.retry_after_most) return std::nullopt;
      wait = std::max(wait, *told);
    }
    tried = unable;
    choice = pool.choose(seat(), tried, question_.request.stream, now + static_cast<std::int64_t>(wait.base() * 1e9));
  }
  if (choice && !pool.retry_budget.withdraw(now)) {
    choice->member->breaker.forget(choice->ticket);
    return std::nullopt;
  }
  return choice;
}

void Dispatcher::learn(const Choice& choice, Attempt& attempt, double seconds) {
  ModelPool& pool = *model_.pool;
  const std::int64_t now = monotonic_ns();
  const bool stream = question_.request.stream;
  if (!attempt.failed) return pool.answered(choice, stream, seconds, now);
  if (aborted_) return pool.given_up(choice, stream, seconds, now);
  if (pool.failed(choice, attempt.failure(), now))
    thread_.gateway.log(fmt::format(
        "upstream '{}' is left out of the pool of '{}' for {:.1f} s: {}", choice.member->upstream.config.name,
        pool.id(), static_cast<double>(choice.member->breaker.open_until_ns() - now) * 1e-9, attempt.failed->message));
  if (const auto rest = read_retry_after(attempt.retry_after, Time::now().ns / 1'000'000'000))
    pool.rest(choice, *rest, now);
}

ApiError Dispatcher::nobody() {
  const ModelPool& pool = *model_.pool;
  const auto why = pool.nobody(monotonic_ns());
  if (why.rest) {
    const int seconds = std::max(1, static_cast<int>(std::ceil(why.rest->base())));
    return api_error(
        429, fmt::format("every upstream of '{}' has asked to be left alone, for {} s more", pool.id(), seconds),
        "rate_limit_error", {}, "upstream_busy", seconds);
  }
  if (why.full && pool.members().size() == 1) return busy(pool.members()[0]->upstream.config);
  if (why.full)
    return api_error(429,
                     fmt::format("every upstream of '{}' has as many requests under way as are allowed", pool.id()),
                     "rate_limit_error", {}, "upstream_busy", 1);
  return api_error(503, fmt::format("every upstream of '{}' is being drained", pool.id()), "server_error", {},
                   "no_upstream");
}

Awaitable<void> Dispatcher::pause(Duration d) {
  Timer timer(thread_.io);
  timer.expires_after(std::chrono::nanoseconds(static_cast<std::int64_t>(d.base() * 1e9)));
  pause_ = &timer;
  error_code ignored;
  if (!aborted_) co_await timer.async_wait(into(ignored));
  pause_ = nullptr;
}

Awaitable<void> Dispatcher::ask(Choice& choice, std::uint64_t& tried) {
  if (const auto delay = model_.pool->hedge_delay(question_.request.stream)) {
    co_await race(choice, tried, *delay);
    co_return;
  }
  const std::int64_t begun = monotonic_ns();
  other_.reset();
  attempt_ = &own_.emplace(thread_, choice.member->model, question_);
  co_await attempt_->run();
  learn(choice, *attempt_, seconds_since(begun));
}

Awaitable<void> Dispatcher::race(Choice& choice, std::uint64_t& tried, Duration delay) {
  ModelPool& pool = *model_.pool;
  const auto race = race_ = std::make_shared<Race>(thread_);
  auto& first = race->runners[0];
  auto& second = race->runners[1];
  error_code ec;
  attempt_ = nullptr;
  first.attempt = std::make_shared<Attempt>(thread_, choice.member->model, question_);
  first.choice = choice;
  race->wake.expires_after(std::chrono::nanoseconds(static_cast<std::int64_t>(delay.base() * 1e9)));
  Race::start(race, 0);
  bool over = false;
  while (!first.ended && !aborted_ && !over) {
    co_await race->wake.async_wait(into(ec));
    over = !ec;
  }
  if (!first.ended && !aborted_ && pool.hedge_budget.withdraw(monotonic_ns())) {
    if (const auto beside = pool.choose(seat(), tried, question_.request.stream, monotonic_ns(), false)) {
      pool.hedged.fetch_add(1, std::memory_order_relaxed);
      tried |= std::uint64_t{1} << beside->at;
      second.attempt = std::make_shared<Attempt>(thread_, beside->member->model, question_);
      second.choice = *beside;
      Race::start(race, 1);
    }
  }
  race->wake.expires_at(Timer::time_point::max());
  const auto open = [&] {
    return !first.good() && !second.good() && !(first.ended && (second.ended || !second.attempt));
  };
  while (open() && !aborted_) co_await race->wake.async_wait(into(ec));

  const bool second_counts =
      second.attempt && (second.good() || (second.ended && !first.good() && first.ended)) && !first.good();
  auto& winner = second_counts ? second : first;
  auto& loser = second_counts ? first : second;
  if (second_counts && second.good()) pool.hedges_won.fetch_add(1, std::memory_order_relaxed);
  if (loser.attempt) {
    Attempt& lost = *loser.attempt;
    const bool failed = loser.ended && lost.failed;
    if (loser.ended) {
      learn(loser.choice, lost, loser.seconds);
    } else {
      pool.given_up(loser.choice, question_.request.stream, seconds_since(loser.begun_ns), monotonic_ns());
      if (lost.exchange.reached()) lost.pending.prompt_read();
      else lost.pending.unreached();
    }
    if (loser.ended && !failed) lost.pending.look(lost.facts);
    lost.pending.set_aside(failed ? "retried" : "hedged", ++set_aside_);
    if (failed) lost.pending.end(AnswerStatus::error, lost.failed->status, lost.failed->message);
    else
      lost.pending.end(AnswerStatus::cancelled, 499,
                       aborted_ ? "the client left before the answer" : "another upstream answered first");
    if (!loser.ended) lost.abort();
    loser.attempt.reset();
  }
  choice = winner.choice;
  other_ = std::move(winner.attempt);
  attempt_ = other_.get();
  if (winner.ended) {
    learn(winner.choice, *attempt_, winner.seconds);
  } else {
    pool.given_up(winner.choice, question_.request.stream, seconds_since(winner.begun_ns), monotonic_ns());
    if (attempt_->exchange.reached()) attempt_->pending.prompt_read();
    else attempt_->pending.unreached();
  }
  race_.reset();
}

}  // namespace wattline::serve
