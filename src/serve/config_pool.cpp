// What the configuration says of pools: balance, retries, hedges, health checks, breakers.
#include <fmt/format.h>

#include "serve/config_parts.h"

namespace wattline::serve {
namespace {

constexpr Duration shortest{1e-3}, longest{86400};

void read_path(TomlTable& t, std::string& out) {
  std::string path;
  t.read("path", path);
  if (path.empty()) {
    if (!t.has("path") || t.is_text("path"))
      t.fault("path", "is missing: a path of the upstream, for example \"/health\"");
    return;
  }
  bool good = path.front() == '/' && path.size() <= 512;
  for (unsigned char c : path) good = good && c > ' ' && c < 0x7f && c != '#';
  if (good) out = path;
  else
    t.fault("path", fmt::format("is \"{}\"; a path from the root of the upstream, like \"/health\", is allowed",
                                path.substr(0, 80)));
}

void read_health(TomlTable t, HealthConfig& out) {
  read_path(t, out.path);
  read_duration(t, "interval", out.interval);
  read_duration(t, "timeout", out.timeout);
  t.read("healthy_after", out.healthy_after, 1, 1000);
  t.read("unhealthy_after", out.unhealthy_after, 1, 1000);
  t.finish();
}

void read_breaker(TomlTable t, BreakerConfig& out) {
  t.read("failures", out.failures, 0, 1'000'000);
  t.read("error_rate", out.error_rate, 0, 1);
  t.read("requests", out.requests, 1, 1'000'000);
  read_duration(t, "window", out.window);
  read_duration(t, "open_for", out.open_for);
  read_duration(t, "open_most", out.open_most);
  t.read("probes", out.probes, 1, 1000);
  if (out.open_most < out.open_for) t.fault("open_most", "is shorter than open_for");
  t.finish();
}

void read_metrics(TomlTable t, EngineMetricsConfig& out) {
  read_path(t, out.path);
  read_duration(t, "interval", out.interval);
  t.finish();
}

void read_hedge(TomlTable t, HedgeConfig& out) {
  out.enabled = true;
  t.read("enabled", out.enabled);
  t.read("quantile", out.quantile, 0.5, 0.9999);
  read_duration(t, "at_least", out.at_least);
  t.read("budget", out.budget, 0, 1);
  t.finish();
}

}  // namespace

void read_duration(TomlTable& t, std::string_view key, Duration& out) { t.read(key, out, "s", shortest, longest); }

void read_place_in_pool(TomlTable& t, double& weight, int& tier) {
  t.read("weight", weight, 0.001, 1e6);
  t.read("tier", tier, 0, 1000);
}

void read_balance(TomlTable& t, std::string_view policy_key, BalanceConfig& out) {
  int policy = static_cast<int>(out.policy);
  t.read_choice(policy_key, policy, {"least_outstanding", "weighted", "latency"});
  out.policy = static_cast<BalancePolicy>(policy);
  if (t.has("retries")) {
    int most = 0;
    t.read("retries", most, 0, 20);
    out.retry.most = most;
  }
  t.read("retry_budget", out.retry.budget, 0, 1);
  read_duration(t, "backoff", out.retry.backoff);
  read_duration(t, "backoff_most", out.retry.backoff_most);
  if (out.retry.backoff_most < out.retry.backoff) t.fault("backoff_most", "is shorter than backoff");
  t.read("retry_after_most", out.retry.retry_after_most, "s", Duration(0), longest);
  if (auto hedge = t.table("hedge")) read_hedge(std::move(*hedge), out.hedge);
}

void read_watch(TomlTable& t, UpstreamConfig& out) {
  read_place_in_pool(t, out.weight, out.tier);
  if (auto health = t.table("health")) read_health(std::move(*health), out.health);
  if (auto breaker = t.table("breaker")) read_breaker(std::move(*breaker), out.breaker);
  if (auto metrics = t.table("metrics")) read_metrics(std::move(*metrics), out.metrics);
  t.read("warm_up", out.warm_up, "s", Duration(0), longest);
  t.read("drain", out.drain);
}

std::vector<ModelConfig> read_model_tables(TomlTable& root, const BalanceConfig& usual) {
  std::vector<ModelConfig> out;
  for (auto& t : root.tables("model")) {
    ModelConfig m;
    m.where = t.where();
    m.balance = usual;
    t.read("id", m.id);
    if (m.id.empty() && (!t.has("id") || t.is_text("id"))) t.fault("id", "is missing: the name that clients ask for");
    read_balance(t, "balance", m.balance);
    t.finish();
    if (!m.id.empty()) out.push_back(std::move(m));
  }
  return out;
}

}  // namespace wattline::serve
