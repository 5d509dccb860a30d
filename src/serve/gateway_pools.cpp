// Which upstreams make a pool, and what is told of it.
#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "kernel/json.h"
#include "serve/gateway.h"
#include "serve/pool.h"

namespace wattline::serve {
namespace {

std::string_view to_string(BalancePolicy p) {
  switch (p) {
    case BalancePolicy::least_outstanding: return "least_outstanding";
    case BalancePolicy::weighted: return "weighted";
    case BalancePolicy::latency: return "latency";
  }
  return "weighted";
}

void append_agent(JsonWriter& w, const Upstream& u, std::int64_t now_ns) {
  const auto feed = u.agent->state();
  const auto share = u.metered->state(static_cast<double>(now_ns) * 1e-9);
  w.key("agent").begin_object().member("name", u.config.metered.agent).member("host", feed.host);
  w.member("answers", feed.answers).member("used", share.known);
  w.member("energy_method", to_string(share.known && share.measured ? Method::measured : Method::modelled));
  const auto known = [&](const char* name, double v) {
    w.key(name);
    std::isfinite(share.age) ? w.value(v) : w.null();
  };
  known("age_s", share.age);
  known("power_w", share.watts);
  w.member("charged_j", share.charged).member("owed_j", share.owed).member("unsettled_j", share.unsettled);
  w.member("elsewhere_j", share.elsewhere);
  w.member("trouble", feed.trouble.empty() ? share.trouble : feed.trouble).end_object();
}

}  // namespace

void Gateway::make_pools() {
  std::map<std::string_view, std::vector<ServedModel*>> by_name;
  std::vector<std::string_view> order;
  for (const auto& m : models_) {
    if (!m->upstream) continue;
    auto& all = by_name[m->id];
    if (all.empty()) order.push_back(m->id);
    all.push_back(m.get());
  }
  for (const auto id : order) {
    const auto& all = by_name[id];
    Endpoints served;
    for (const ServedModel* m : all) served.add(m->upstream->config.endpoints);
    for (ServedModel* m : all) m->endpoints = served;
    const auto told =
        std::find_if(config_.models.begin(), config_.models.end(), [&](const ModelConfig& m) { return m.id == id; });
    const bool own = told != config_.models.end();
    const BalanceConfig& balance = own ? told->balance : config_.balance;
    // A single upstream of which nothing of all this was asked needs no pool, and costs nothing.
    const bool drained =
        std::any_of(all.begin(), all.end(), [](const ServedModel* m) { return m->upstream->config.drain; });
    if (all.size() < 2 && !own && balance.retry.most <= 0 && !drained) continue;
    auto pool = std::make_unique<ModelPool>(std::string(id), pools_.size(), balance);
    for (ServedModel* m : all) {
      const auto& models = m->upstream->config.models;
      const auto it = std::find_if(models.begin(), models.end(), [&](const UpstreamModel& u) { return u.id == id; });
      pool->add(*m, *m->upstream, it->weight, it->tier);
      m->pool = pool.get();
    }
    pools_.push_back(std::move(pool));
  }
}

void Gateway::append_pools(JsonWriter& w) const {
  const std::int64_t now = monotonic_ns();
  w.key("upstreams").begin_array();
  for (const auto& u : upstreams_) {
    w.begin_object().member("name", u->config.name).member("up", u->health.up()).member("draining", u->drained.load());
    w.member("under_way", u->in_flight.load()).member("health_checks", u->health.checks());
    if (const auto e = u->engine.last()) {
      w.key("engine").begin_object().member("waiting", e->waiting).member("running", e->running);
      w.key("cache_used");
      e->cache_used ? w.value(*e->cache_used) : w.null();
      w.member("age_s", static_cast<double>(now - e->told_ns) * 1e-9).end_object();
    }
    if (u->metered) append_agent(w, *u, now);
    w.end_object();
  }
  w.end_array().key("pools").begin_array();
  for (const auto& p : pools_) {
    w.begin_object().member("id", p->id()).member("balance", to_string(p->balance().policy));
    w.member("retries", p->retried.load())
        .member("hedges", p->hedged.load())
        .member("hedges_won", p->hedges_won.load());
    w.member("unserved", p->nobody_there.load()).key("members").begin_array();
    for (const auto& m : p->members()) {
      w.begin_object().member("upstream", m->upstream.config.name).member("weight", m->weight).member("tier", m->tier);
      w.member("breaker", to_string(m->breaker.state(now))).member("opened", m->breaker.opened());
      w.member("asked", m->asked.load()).member("failed", m->failed.load());
      const auto seconds = [&](const char* name, const PeakEwma& e) {
        w.key(name);
        const auto v = e.value(now);
        v ? w.value(*v) : w.null();
      };
      seconds("first_byte_s", m->stream_first_byte);
      seconds("whole_s", m->whole);
      w.member("rests_s", std::max(0.0, static_cast<double>(m->rests_until_ns.load() - now) * 1e-9)).end_object();
    }
    w.end_array().end_object();
  }
  w.end_array();
}

void Gateway::append_pool_metrics(std::string& out) const {
  const std::int64_t now = monotonic_ns();
  auto to = std::back_inserter(out);
  const auto head = [&](std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(to, "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  };
  const auto each_upstream = [&](std::string_view name, std::string_view help, auto&& value) {
    head(name, "gauge", help);
    for (const auto& u : upstreams_)
      if (const std::optional<double> v = value(*u))
        fmt::format_to(to, "{}{{upstream=\"{}\"}} {}\n", name, label_value(u->config.name), *v);
  };
  if (!upstreams_.empty()) {
    each_upstream("wattline_upstream_up", "Whether its health checks find it up (1 where it has none).",
                  [](const Upstream& u) { return u.health.up() ? 1.0 : 0.0; });
    each_upstream("wattline_upstream_draining", "Whether it gets no new requests.",
                  [](const Upstream& u) { return u.drained ? 1.0 : 0.0; });
    const auto engine = [](auto member) {
      return [member](const Upstream& u) -> std::optional<double> {
        const auto e = u.engine.last();
        if (!e) return std::nullopt;
        return member(*e);
      };
    };
    each_upstream("wattline_upstream_engine_waiting", "Requests that wait in its engine, as it tells.",
                  engine([](const auto& e) { return std::optional(e.waiting); }));
    each_upstream("wattline_upstream_engine_running", "Requests that its engine works at, as it tells.",
                  engine([](const auto& e) { return std::optional(e.running); }));
    each_upstream("wattline_upstream_engine_cache_used", "Share of its engine's cache of keys and values in use.",
                  engine([](const auto& e) { return e.cache_used; }));
    const auto metered = [now](auto value) {
      return [value, now](const Upstream& u) -> std::optional<double> {
        if (!u.metered) return std::nullopt;
        return value(u.metered->state(static_cast<double>(now) * 1e-9));
      };
    };
    using Metered = AgentShare::State;
    if (std::any_of(upstreams_.begin(), upstreams_.end(), [](const auto& u) { return u->metered != nullptr; })) {
      each_upstream("wattline_upstream_agent_used", "Whether its answers are charged as its machine's agent tells.",
                    metered([](const Metered& s) { return std::optional(s.known ? 1.0 : 0.0); }));
      each_upstream(
          "wattline_upstream_agent_age_seconds", "Since the end of the last interval that the agent told.",
          metered([](const Metered& s) { return std::isfinite(s.age) ? std::optional(s.age) : std::nullopt; }));
      each_upstream(
          "wattline_upstream_agent_watts", "Drawn in it by what works for the upstream.",
          metered([](const Metered& s) { return std::isfinite(s.age) ? std::optional(s.watts) : std::nullopt; }));
    }
  }
  if (pools_.empty()) return;
  const auto each_member = [&](std::string_view name, std::string_view type, std::string_view help, auto&& value) {
    head(name, type, help);
    for (const auto& p : pools_)
      for (const auto& m : p->members())
        if (const auto v = value(*m))
          fmt::format_to(to, "{}{{model=\"{}\",upstream=\"{}\"}} {}\n", name, label_value(p->id()),
                         label_value(m->upstream.config.name), *v);
  };
  each_member("wattline_upstream_breaker_state", "gauge", "0 closed, 1 half open, 2 open.", [&](const PoolMember& m) {
    const auto s = m.breaker.state(now);
    return std::optional(s == CircuitBreaker::State::closed ? 0 : s == CircuitBreaker::State::half_open ? 1 : 2);
  });
  each_member("wattline_upstream_breaker_opened_total", "counter", "How often its breaker opened.",
              [](const PoolMember& m) { return std::optional(m.breaker.opened()); });
  each_member("wattline_upstream_requests_total", "counter", "Requests sent to it.",
              [](const PoolMember& m) { return std::optional(m.asked.load()); });
  each_member("wattline_upstream_failures_total", "counter", "Of those, failures that speak against it.",
              [](const PoolMember& m) { return std::optional(m.failed.load()); });
  each_member("wattline_upstream_first_byte_seconds", "gauge", "Its streams' time to the first event, lately.",
              [&](const PoolMember& m) { return m.stream_first_byte.value(now); });
  each_member("wattline_upstream_whole_seconds", "gauge", "Its whole replies' time, lately.",
              [&](const PoolMember& m) { return m.whole.value(now); });
  const auto each_pool = [&](std::string_view name, std::string_view help,
                             std::atomic<std::int64_t> ModelPool::*member) {
    head(name, "counter", help);
    for (const auto& p : pools_)
      fmt::format_to(to, "{}{{model=\"{}\"}} {}\n", name, label_value(p->id()), ((*p).*member).load());
  };
  each_pool("wattline_retries_total", "Tries after one that failed.", &ModelPool::retried);
  each_pool("wattline_hedges_total", "Tries beside one that was slow.", &ModelPool::hedged);
  each_pool("wattline_hedges_won_total", "Of those, the ones that answered first.", &ModelPool::hedges_won);
  each_pool("wattline_unserved_total", "Requests for which no upstream could be asked.", &ModelPool::nobody_there);
}

}  // namespace wattline::serve
