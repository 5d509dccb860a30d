// Figures for Prometheus (text exposition format 0.0.4): counters of answers, tokens, energy, carbon,
// water and times by model, and the state of the gateway. Adding is lock-free.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/account.h"
#include "serve/answer.h"

namespace wattline::serve {

// Text as the value of a label.
std::string label_value(std::string_view);

class Histogram {
 public:
  static constexpr std::array<double, 14> bounds = {0.001, 0.005, 0.01, 0.02, 0.04,  0.08,  0.16,
                                                    0.32,  0.64,  1.28, 2.56, 10.24, 40.96, 163.84};
  void add(double seconds);
  void write(std::string& out, std::string_view name, std::string_view labels) const;

 private:
  std::array<std::atomic<std::uint64_t>, bounds.size() + 1> counts_{};
  std::atomic<double> sum_{0};
};

class ModelMetrics {
 public:
  ModelMetrics(std::string model, std::string upstream);
  void add(const Answer&);
  struct Totals {
    std::int64_t answers = 0, failed = 0, tokens_in = 0, tokens_out = 0;
    double energy_j = 0, carbon_g = 0, water_l = 0;
  };
  Totals totals() const;

 private:
  friend std::string render_metrics(const std::vector<const ModelMetrics*>&, const struct GatewayState&);
  std::string labels_;  // model="...",upstream="..."
  std::array<std::atomic<std::uint64_t>, 3> answers_{};  // by AnswerStatus
  std::atomic<std::uint64_t> tokens_in_{0}, tokens_out_{0};
  std::array<std::atomic<double>, 3> joules_{};  // by Method
  std::atomic<double> wasted_j_{0}, carbon_g_{0}, water_l_{0};
  std::array<std::atomic<std::uint64_t>, 7> cache_{};  // by CacheUse
  std::array<std::atomic<double>, 3> saved_j_{};  // by the cache, by sharing a run, by a similar answer
  Histogram latency_, first_token_;
};

struct CacheState {
  std::uint64_t entries = 0, bytes = 0, capacity = 0, stored = 0, evicted = 0, expired = 0, runs = 0, followers = 0;
};

struct GatewayState {
  std::string version;
  double uptime_s = 0, cpu_s = 0;
  std::uint64_t resident_bytes = 0;
  std::int64_t connections = 0, requests = 0, refused = 0;
  AccountBacklog ledger;
  std::string configuration;
  std::int64_t reloads_taken = 0, reloads_refused = 0;
  bool last_reload_taken = true;
  double grid_g_per_kwh = 0;
  std::vector<std::pair<std::string, std::int64_t>> in_flight;  // by upstream
  std::optional<CacheState> cache;
  std::optional<std::pair<std::uint64_t, std::uint64_t>> access_log,
      spans;  // written and lost; handed over and dropped
  double started_s = 0;  // Unix time
};
std::string render_metrics(const std::vector<const ModelMetrics*>&, const GatewayState&);

}  // namespace wattline::serve
