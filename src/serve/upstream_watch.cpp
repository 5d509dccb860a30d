#include "serve/upstream_watch.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "serve/chance.h"

namespace wattline::serve {
namespace {

std::int64_t ns_of(Duration d) { return static_cast<std::int64_t>(d.base() * 1e9); }
constexpr std::size_t most_read = std::size_t{8} << 20;

}  // namespace

// One GET again and again, each within its time.
class UpstreamWatch::Poll : public Watched {
 public:
  using Taker = std::function<void(UpstreamExchange&, const std::optional<ApiError>&)>;
  Poll(IoThread& thread, Upstream& upstream, const std::string& path, Duration interval, Duration timeout, Taker take)
      : Watched(thread.upstream_deadlines),
        thread_(thread),
        upstream_(upstream),
        interval_(interval),
        timeout_(timeout),
        take_(std::move(take)),
        timer_(thread.io),
        random_(static_cast<std::uint64_t>(monotonic_ns())) {
    const auto& c = upstream.config;
    head_ = fmt::format("GET {} HTTP/1.1\r\nhost: {}\r\n", path, c.url.authority);
    if (!c.api_key.empty()) head_ += fmt::format("authorization: Bearer {}\r\n", c.api_key.reveal());
    head_ += "accept: */*\r\nuser-agent: wattline\r\ncontent-length: ";
  }

  Awaitable<void> run() {
    const std::vector<std::string_view> nothing;
    while (!stopped_) {
      {
        UpstreamExchange exchange(thread_.pools[upstream_.index], upstream_, thread_.buffers);
        exchange_ = &exchange;
        set_deadline(monotonic_ns() + ns_of(timeout_));
        auto failed = co_await exchange.begin(head_, nothing, 0);
        while (!failed && !exchange.done()) {
          failed = co_await exchange.read_more();
          if (exchange.body().size() > most_read)
            failed = upstream_error(502, "more is told than is read here", "upstream_reply_too_large");
        }
        exchange_ = nullptr;
        const bool late = expired();
        set_deadline(never);
        if (late) failed = upstream_error(504, fmt::format("nothing within {} s", timeout_.base()), "upstream_timeout");
        if (!stopped_) take_(exchange, failed);
      }
      if (stopped_) break;
      // Not all at the same moment.
      timer_.expires_after(std::chrono::nanoseconds(
          static_cast<std::int64_t>(interval_.base() * (0.9 + 0.2 * chance_of(random_)) * 1e9)));
      error_code ignored;
      co_await timer_.async_wait(into(ignored));
    }
    --thread_.background;
  }
  void stop() {
    stopped_ = true;
    timer_.cancel();
    if (exchange_) exchange_->abort();
  }

 private:
  void on_deadline() override {
    if (exchange_) exchange_->abort();
  }

  IoThread& thread_;
  Upstream& upstream_;
  const Duration interval_, timeout_;
  const Taker take_;
  Timer timer_;
  std::string head_;
  std::uint64_t random_;
  UpstreamExchange* exchange_ = nullptr;
  bool stopped_ = false;
};

UpstreamWatch::UpstreamWatch(IoThread& thread, Upstream& upstream) : thread_(thread), upstream_(upstream) {}
UpstreamWatch::~UpstreamWatch() = default;

void UpstreamWatch::start() {
  const auto& c = upstream_.config;
  if (!c.health.path.empty())
    health_ = std::make_unique<Poll>(
        thread_, upstream_, c.health.path, c.health.interval, c.health.timeout,
        [this](UpstreamExchange& e, const std::optional<ApiError>& failed) { check_health(e, failed); });
  if (!c.metrics.path.empty())
    queue_ = std::make_unique<Poll>(
        thread_, upstream_, c.metrics.path, c.metrics.interval, std::max(c.metrics.interval, Duration(2)),
        [this](UpstreamExchange& e, const std::optional<ApiError>& failed) { read_queue(e, failed); });
  for (auto* poll : {health_.get(), queue_.get()}) {
    if (!poll) continue;
    ++thread_.background;
    asio::co_spawn(
        thread_.io, [poll]() -> Awaitable<void> { co_await poll->run(); }, asio::detached);
  }
}

void UpstreamWatch::stop() {
  if (health_) health_->stop();
  if (queue_) queue_->stop();
}

void UpstreamWatch::check_health(const UpstreamExchange& exchange, const std::optional<ApiError>& failed) {
  const bool good = !failed && exchange.status() >= 200 && exchange.status() < 300;
  if (!upstream_.health.report(good, upstream_.config.health, monotonic_ns())) return;
  thread_.gateway.log(good ? fmt::format("upstream '{}' is up again", upstream_.config.name)
                           : fmt::format("upstream '{}' is down: {}", upstream_.config.name,
                                         failed ? failed->message
                                                : fmt::format("its health check gives status {}", exchange.status())));
}

void UpstreamWatch::read_queue(UpstreamExchange& exchange, const std::optional<ApiError>& failed) {
  std::optional<EngineLoad> load;
  if (!failed && exchange.status() == 200) load = read_engine_metrics(exchange.body());
  if (load) upstream_.engine.told(*load, upstream_.in_flight.load(), monotonic_ns());
  if (std::exchange(queue_told_, load.has_value()) == load.has_value()) return;
  thread_.gateway.log(load ? fmt::format("upstream '{}' tells its queue again", upstream_.config.name)
                           : fmt::format("upstream '{}' does not tell its queue at {}: {}", upstream_.config.name,
                                         upstream_.config.metrics.path,
                                         failed                     ? failed->message
                                         : exchange.status() == 200 ? "no metric of vLLM, llama.cpp or SGLang is there"
                                                                    : fmt::format("status {}", exchange.status())));
}

}  // namespace wattline::serve
