#include "serve/tenant.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "serve/api_key.h"

namespace wattline::serve {
namespace {

constexpr int longest_retry_s = 31 * 86400;

int whole_seconds(double s) {
  return static_cast<int>(std::clamp(std::ceil(s - 1e-6), 1.0, static_cast<double>(longest_retry_s)));
}

ApiError too_fast(std::string_view tenant, std::string_view what, double limit, double asked, double wait_s) {
  if (std::isinf(wait_s))
    return {429,
            fmt::format("this request is larger than tenant '{}' may ever send: {} {} a minute are allowed, it takes "
                        "{} by estimate",
                        tenant, limit, what, asked),
            "rate_limit_error",
            {},
            "request_too_large"};
  return {429,
          fmt::format("tenant '{}' is over its limit of {} {} a minute; try again in {}", tenant, limit, what,
                      reset_text(wait_s)),
          "rate_limit_error",
          {},
          "rate_limit_exceeded",
          whole_seconds(wait_s)};
}

ApiError used_up(std::string_view tenant, const BudgetConfig& c, double used, Time resets, Time now) {
  const bool ends = c.window != Window::total;
  return {429,
          fmt::format("the {} budget of tenant '{}' is used up: {} of {} {}{}", to_string(c.resource), tenant,
                      amount_text(c.resource, used), amount_text(c.resource, c.limit),
                      ends ? fmt::format("in this {}", to_string(c.window)) : std::string("in all"),
                      ends ? fmt::format("; it begins anew at {}", to_string(resets))
                           : std::string("; it does not begin anew by itself")),
          "insufficient_quota",
          {},
          "insufficient_quota",
          ends ? whole_seconds((resets - now).base()) : 0};
}

ApiError held(std::string_view tenant, const BudgetConfig& c) {
  return {429,
          fmt::format("the requests under way may use up the rest of the {} budget of tenant '{}'; try again when they "
                      "are answered",
                      to_string(c.resource), tenant),
          "rate_limit_error",
          {},
          "budget_reserved",
          1};
}

}  // namespace

std::string_view to_string(Refusal r) {
  static constexpr std::string_view names[] = {"model",      "budget",     "requests",  "tokens",
                                               "queue_full", "queue_time", "pushed_out"};
  return names[static_cast<std::size_t>(r)];
}

std::string reset_text(double seconds) {
  if (!(seconds > 0)) return "0s";
  if (seconds < 1) return fmt::format("{}ms", static_cast<std::int64_t>(std::ceil(seconds * 1e3)));
  const auto s = static_cast<std::int64_t>(std::ceil(std::min(seconds, 1e9)));
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{}s", s / 60, s % 60);
  return fmt::format("{}h{}m{}s", s / 3600, s / 60 % 60, s % 60);
}

void append_headers(std::string& out, const LimitFigures& f) {
  const auto to = std::back_inserter(out);
  const auto rate = [&](std::string_view what, const LimitFigures::Rate& r) {
    if (!r.limited) return;
    fmt::format_to(to, "x-ratelimit-limit-{0}: {1}\r\nx-ratelimit-remaining-{0}: {2}\r\nx-ratelimit-reset-{0}: {3}\r\n",
                   what, static_cast<std::int64_t>(r.limit),
                   static_cast<std::int64_t>(std::max(0.0, std::floor(r.left + 1e-6))), reset_text(r.reset_s));
  };
  rate("requests", f.requests);
  rate("tokens", f.tokens);
  if (!f.soft) return;
  fmt::format_to(to, "x-wattline-budget: {};per={};used=", to_string(f.soft->resource), to_string(f.soft->window));
  append_short_number(out, f.soft->used);
  out += ";limit=";
  append_short_number(out, f.soft->limit);
  fmt::format_to(to, ";unit={}", unit_of(f.soft->resource));
  if (f.soft->window != Window::total) fmt::format_to(to, ";reset={}", to_string(f.soft->resets));
  out += "\r\nx-wattline-prefer: cheaper\r\n";
}

Tenant::Tenant(TenantConfig config, Gates& gates, Time now, std::int64_t now_ns) : name_(config.name), gates_(gates) {
  set(std::move(config), now, now_ns);
}

TenantConfig Tenant::config() const {
  std::lock_guard lock(mutex_);
  return config_;
}

void Tenant::set(TenantConfig c, Time now, std::int64_t now_ns) {
  gates_.set_limits(flow_, c.weight, c.concurrent.value_or(0));
  std::lock_guard lock(mutex_);
  const auto bucket = [&](TokenBucket& b, const std::optional<double>& limit) {
    if (!limit) b = TokenBucket();
    else if (b.limited()) b.set_limit(*limit, now_ns);
    else b = TokenBucket(*limit, now_ns);
  };
  bucket(requests_, c.requests_per_minute);
  bucket(tokens_, c.tokens_per_minute);
  std::vector<Budget> budgets;
  for (const auto& b : c.budgets) {
    const auto old = std::find_if(budgets_.begin(), budgets_.end(), [&](const Budget& o) {
      return o.config().resource == b.resource && o.config().window == b.window;
    });
    if (old != budgets_.end()) {
      old->set_limits(b.limit, b.soft);
      budgets.push_back(*old);
    } else {
      // A budget that is new counts what the book knows of its window.
      budgets.emplace_back(b);
      budgets.back().add(book_.of(b.window, now).amount(b.resource), now);
    }
  }
  budgets_ = std::move(budgets);
  sees_all_.store(c.sees_all, std::memory_order_relaxed);
  limited_.store(requests_.limited() || tokens_.limited() || !budgets_.empty(), std::memory_order_relaxed);
  config_ = std::move(c);
}

bool Tenant::may_use(std::string_view model) const {
  std::lock_guard lock(mutex_);
  return config_.models.empty() || std::any_of(config_.models.begin(), config_.models.end(),
                                               [&](const auto& p) { return matches_pattern(p, model); });
}

void Tenant::figure(LimitFigures& f, std::int64_t now_ns) {
  const auto rate = [&](LimitFigures::Rate& r, TokenBucket& b) {
    if (b.limited()) r = {true, b.capacity(), b.level(now_ns), b.seconds_until_full(now_ns)};
  };
  rate(f.requests, requests_);
  rate(f.tokens, tokens_);
}

std::optional<Tenant::Refused> Tenant::reserve(double tokens, const Amounts& expected, Time now, std::int64_t now_ns,
                                               LimitFigures& figures) {
  if (!limited()) return std::nullopt;
  std::lock_guard lock(mutex_);
  double nearest = 0;
  for (auto& b : budgets_) {
    const auto& c = b.config();
    switch (b.state(now)) {
      case Budget::State::fine: continue;
      case Budget::State::exhausted:
        figure(figures, now_ns);
        return Refused{Refusal::budget, used_up(name_, c, b.used(now), b.resets(now), now)};
      case Budget::State::reserved: figure(figures, now_ns); return Refused{Refusal::budget, held(name_, c)};
      case Budget::State::soft: break;
    }
    const double part = b.used(now) / c.limit;
    if (part < nearest) continue;
    nearest = part;
    figures.soft = LimitFigures::Soft{c.resource, c.window, b.used(now), c.limit, b.resets(now)};
  }
  if (!requests_.take(1, now_ns)) {
    figure(figures, now_ns);
    return Refused{Refusal::requests,
                   too_fast(name_, "requests", requests_.capacity(), 1, requests_.seconds_until(1, now_ns))};
  }
  if (!tokens_.take(tokens, now_ns)) {
    requests_.give_back(1);
    figure(figures, now_ns);
    return Refused{Refusal::tokens,
                   too_fast(name_, "tokens", tokens_.capacity(), tokens, tokens_.seconds_until(tokens, now_ns))};
  }
  for (auto& b : budgets_) b.reserve(expected[static_cast<std::size_t>(b.config().resource)]);
  figure(figures, now_ns);
  return std::nullopt;
}

void Tenant::take_back(double tokens, const Amounts& expected) {
  if (!limited()) return;
  std::lock_guard lock(mutex_);
  requests_.give_back(1);
  tokens_.give_back(tokens);
  for (auto& b : budgets_) b.release(expected[static_cast<std::size_t>(b.config().resource)]);
}

double Tenant::energy_left(Time now) {
  if (!limited()) return std::numeric_limits<double>::quiet_NaN();
  std::lock_guard lock(mutex_);
  double least = std::numeric_limits<double>::quiet_NaN();
  for (auto& b : budgets_) {
    if (b.config().resource != Resource::energy) continue;
    const double left = std::clamp(1 - (b.used(now) + b.reserved()) / b.config().limit, 0.0, 1.0);
    if (!(left >= least)) least = left;
  }
  return least;
}

void Tenant::charge(const Usage& u, std::string_view key, std::string_view model, Time now) {
  std::lock_guard lock(mutex_);
  for (auto& b : budgets_) b.add(u.amount(b.config().resource), now);
  book_.add(u, key, model, now);
}

void Tenant::settle(double tokens, const Amounts& expected, double used_tokens) {
  if (!limited()) return;
  std::lock_guard lock(mutex_);
  if (used_tokens < tokens) tokens_.give_back(tokens - used_tokens);
  else tokens_.charge(used_tokens - tokens);
  for (auto& b : budgets_) b.release(expected[static_cast<std::size_t>(b.config().resource)]);
}

void Tenant::charge_past(const Usage& u, std::string_view key, std::string_view model, Time at, Time now) {
  std::lock_guard lock(mutex_);
  for (auto& b : budgets_) b.add_past(u.amount(b.config().resource), at, now);
  book_.add_past(u, key, model, at, now);
}

void Tenant::set_since(Time since) {
  std::lock_guard lock(mutex_);
  book_.set_since(since);
}

Usage Tenant::total(Time now) {
  std::lock_guard lock(mutex_);
  return book_.of(Window::total, now);
}

std::vector<Tenant::BudgetFigures> Tenant::budgets(Time now) {
  std::lock_guard lock(mutex_);
  std::vector<BudgetFigures> out;
  for (auto& b : budgets_) out.push_back({b.config(), b.used(now), b.resets(now)});
  return out;
}

void Tenant::write_json(JsonWriter& w, Time now, std::int64_t now_ns) {
  std::lock_guard lock(mutex_);
  LimitFigures f;
  figure(f, now_ns);
  w.begin_object().member("tenant", name_).key("models").begin_array();
  for (const auto& m : config_.models) w.value(m);
  w.end_array().key("limits").begin_object();
  const auto rate = [&](const char* name, const LimitFigures::Rate& r) {
    w.key(name);
    if (!r.limited) {
      w.null();
      return;
    }
    w.begin_object()
        .member("limit", r.limit)
        .member("remaining", std::max(0.0, std::floor(r.left)))
        .member("reset_s", r.reset_s)
        .end_object();
  };
  rate("requests_per_minute", f.requests);
  rate("tokens_per_minute", f.tokens);
  w.key("concurrent");
  config_.concurrent ? w.value(*config_.concurrent) : w.null();
  w.member("weight", config_.weight).end_object();
  w.key("budgets").begin_array();
  for (auto& b : budgets_) {
    const auto& c = b.config();
    static constexpr std::string_view states[] = {"fine", "soft", "reserved", "exhausted"};
    w.begin_object()
        .member("resource", to_string(c.resource))
        .member("per", to_string(c.window))
        .member("unit", unit_of(c.resource));
    w.member("limit", c.limit)
        .member("soft_limit", c.soft * c.limit)
        .member("used", b.used(now))
        .member("reserved", b.reserved());
    w.member("state", states[static_cast<std::size_t>(b.state(now))]).key("resets");
    c.window == Window::total ? w.null() : w.value(to_string(b.resets(now)));
    w.end_object();
  }
  w.end_array().key("usage").begin_object();
  book_.write_json(w, now);
  w.end_object().end_object();
}

}  // namespace wattline::serve
