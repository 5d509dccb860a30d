// A tenant at work: its rates, budgets and usage under one short lock. Thread-safe. Tenants live as long as
// the governor, so that what points to one never dangles; one that is gone has no keys any more.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/api_error.h"
#include "serve/gates.h"
#include "serve/token_bucket.h"
#include "serve/usage.h"

namespace wattline::serve {

// Why a request of a tenant was not let in.
enum class Refusal { model, budget, requests, tokens, queue_full, queue_time, pushed_out };
inline constexpr std::size_t refusal_count = 7;
std::string_view to_string(Refusal);

// By Resource, in its unit.
using Amounts = std::array<double, resource_count>;

// What the headers of an answer tell of its tenant's limits.
struct LimitFigures {
  struct Rate {
    bool limited = false;
    double limit = 0, left = 0, reset_s = 0;
  };
  Rate requests, tokens;
  // The budget that is nearest to its end, where one is beyond its soft limit.
  struct Soft {
    Resource resource;
    Window window;
    double used, limit;
    Time resets;
  };
  std::optional<Soft> soft;
};
// x-ratelimit-limit-requests: .. and so on, as OpenAI sends them; x-wattline-budget, x-wattline-prefer.
void append_headers(std::string& out, const LimitFigures&);
// "1s", "6m0s", "20ms": as in those headers.
std::string reset_text(double seconds);

class Tenant {
 public:
  Tenant(TenantConfig, Gates&, Time now, std::int64_t now_ns);

  const std::string& name() const { return name_; }
  bool sees_all() const { return sees_all_.load(std::memory_order_relaxed); }
  // Whether it has rates or budgets, so that an estimate of tokens is worth to make.
  bool limited() const { return limited_.load(std::memory_order_relaxed); }
  GateFlow& flow() { return flow_; }

  TenantConfig config() const;
  // Other limits: what was used stays used.
  void set(TenantConfig, Time now, std::int64_t now_ns);
  bool may_use(std::string_view model) const;

  struct Refused {
    Refusal why;
    ApiError error;
  };
  // Takes a request, so many tokens and the expected amounts; all or nothing. `figures` is filled either way.
  std::optional<Refused> reserve(double tokens, const Amounts& expected, Time now, std::int64_t now_ns,
                                 LimitFigures& figures);
  // What was reserved for one that was not let in after all.
  void take_back(double tokens, const Amounts& expected);
  // The least share that is left of its budgets of energy, 0 to 1; NaN where it has none.
  double energy_left(Time now);
  // An answer made for it.
  void charge(const Usage&, std::string_view key, std::string_view model, Time now);
  // A request is over: what had been reserved for it, and the tokens it took.
  void settle(double tokens, const Amounts& expected, double used_tokens);
  void charge_past(const Usage&, std::string_view key, std::string_view model, Time at, Time now);
  void set_since(Time since);

  void refused(Refusal why) { refusals_[static_cast<std::size_t>(why)].fetch_add(1, std::memory_order_relaxed); }
  void admitted() { admitted_.fetch_add(1, std::memory_order_relaxed); }
  std::int64_t refusals(Refusal why) const {
    return refusals_[static_cast<std::size_t>(why)].load(std::memory_order_relaxed);
  }
  std::int64_t admissions() const { return admitted_.load(std::memory_order_relaxed); }

  // {"tenant":..,"limits":{..},"budgets":[..],"usage":{..}}
  void write_json(JsonWriter&, Time now, std::int64_t now_ns);
  Usage total(Time now);
  struct BudgetFigures {
    BudgetConfig config;
    double used;
    Time resets;
  };
  std::vector<BudgetFigures> budgets(Time now);

 private:
  void figure(LimitFigures&, std::int64_t now_ns);

  const std::string name_;
  Gates& gates_;
  GateFlow flow_;
  std::atomic<bool> sees_all_{false}, limited_{false};
  std::array<std::atomic<std::int64_t>, refusal_count> refusals_{};
  std::atomic<std::int64_t> admitted_{0};

  mutable std::mutex mutex_;
  TenantConfig config_;
  TokenBucket requests_, tokens_;
  std::vector<Budget> budgets_;
  UsageBook book_;
};

}  // namespace wattline::serve
