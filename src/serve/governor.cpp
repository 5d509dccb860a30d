#include "serve/governor.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "serve/api_key.h"

namespace wattline::serve {
namespace {

constexpr double joules_per_kwh = 3.6e6;

void scale(Impact& v, double by) {
  v.value *= by;
  v.low *= by;
  v.high *= by;
}

Impact scaled(Impact v, double by) {
  scale(v, by);
  return v;
}

}  // namespace

std::string_view to_string(KeyRefusal r) {
  static constexpr std::string_view names[] = {"missing", "unknown", "revoked", "expired"};
  return names[static_cast<std::size_t>(r)];
}

Impact GovernedModel::money(std::int64_t tokens_in, std::int64_t tokens_out, const Impact& joules) const {
  const double by_token = (static_cast<double>(tokens_in) * price_.usd_per_million_input +
                           static_cast<double>(tokens_out) * price_.usd_per_million_output) *
                          1e-6;
  Impact out = scaled(joules, pue_ / joules_per_kwh * price_.usd_per_kwh);
  out.value += by_token;
  out.low += by_token;
  out.high += by_token;
  return out;
}

double GovernedModel::expected_money(double tokens_in, double tokens_out, double joules) const {
  return (tokens_in * price_.usd_per_million_input + tokens_out * price_.usd_per_million_output) * 1e-6 +
         pue_ / joules_per_kwh * price_.usd_per_kwh * joules;
}

Usage GovernedModel::usage_of(const Answer& a) const {
  Usage u;
  u.answers = 1;
  u.failed = a.status != AnswerStatus::ok;
  u.tokens_in = a.tokens_in;
  u.tokens_out = a.tokens_out;
  u.energy = a.joules;
  u.carbon = scaled(a.carbon, 1e-3);
  u.water = scaled(a.water, 1e-3);
  u.money = money(a.tokens_in, a.tokens_out, a.joules);
  u.method = a.basis ? a.basis->energy.method : Method::modelled;
  return u;
}

Amounts GovernedModel::expected(double tokens) const {
  Amounts out{};
  for (std::size_t i = 0; i < resource_count; ++i) out[i] = tokens * per_token_[i].load(std::memory_order_relaxed);
  out[static_cast<std::size_t>(Resource::tokens)] = tokens;
  return out;
}

void GovernedModel::learn(const Answer& a, const TokenEstimate& estimate) {
  // What was given again cost nothing, which says nothing of what the next will cost.
  if (a.status != AnswerStatus::ok || a.repeats()) return;
  const double tokens = static_cast<double>(a.tokens_in + a.tokens_out);
  if (tokens <= 0) return;
  if (!a.tokens_estimated) calibration_.learn(estimate, a.tokens_in, a.tokens_out);
  const Usage u = usage_of(a);
  for (std::size_t i = 0; i < resource_count; ++i) {
    const double seen = u.amount(static_cast<Resource>(i)) / tokens,
                 mean = per_token_[i].load(std::memory_order_relaxed);
    per_token_[i].store(mean > 0 ? mean + 0.05 * (seen - mean) : seen, std::memory_order_relaxed);
  }
}

Ticket& Ticket::operator=(Ticket&& o) noexcept {
  if (this == &o) return *this;
  close();
  governor_ = std::exchange(o.governor_, nullptr);
  access_ = o.access_;
  model_ = o.model_;
  waiter_ = std::move(o.waiter_);
  estimate_ = o.estimate_;
  tokens_ = o.tokens_;
  used_tokens_ = o.used_tokens_;
  expected_ = o.expected_;
  figures_ = o.figures_;
  reserved_ = std::exchange(o.reserved_, false);
  in_gate_ = std::exchange(o.in_gate_, false);
  in_since_ns_ = o.in_since_ns_;
  return *this;
}

const std::shared_ptr<const Requester>& Ticket::requester() const {
  static const std::shared_ptr<const Requester> nobody;
  return access_.key ? access_.key->requester : nobody;
}

void Ticket::charge(const Answer& a) {
  if (!governor_) return;
  const Usage u = model_->usage_of(a);
  access_.tenant->charge(u, access_.key ? access_.key->id : std::string_view(), model_->id(),
                         governor_->options_.now());
  used_tokens_ += static_cast<double>(a.tokens_in + a.tokens_out);
  if (reserved_ && tokens_ > 0) model_->learn(a, estimate_);
}

void Ticket::close() {
  if (!governor_) return;
  auto& gates = governor_->gates_;
  if (waiter_) {
    in_gate_ = gates.end_wait(waiter_) == Gates::Waiter::State::in;
    waiter_.reset();
  }
  if (reserved_) access_.tenant->settle(tokens_, expected_, used_tokens_);
  if (in_gate_)
    gates.leave(model_->gate(), access_.tenant->flow(),
                static_cast<double>(governor_->options_.monotonic() - in_since_ns_) * 1e-9);
  reserved_ = in_gate_ = false;
  governor_ = nullptr;
}

Governor::Governor(GovernanceConfig config, const Secret& server_key, Options options)
    : config_(std::move(config)),
      options_(std::move(options)),
      needs_keys_(config_.needs_keys() || !server_key.empty()),
      gates_(config_.queues, config_.waiting, config_.longest_wait),
      audit_(config_.audit_log) {
  if (!config_.keys_file.empty()) kept_ = load_keys_file(config_.keys_file);
  KeysFile all = merged(config_, kept_);
  for (auto& t : all.tenants) tenant(std::move(t));
  for (auto& k : all.keys) keys_.push_back(made(std::move(k)));
  if (!server_key.empty()) {
    // The key that a gateway of one user has: it sees everything, unless the tenant was declared otherwise.
    if (!tenants_.contains("default")) {
      TenantConfig t;
      t.name = "default";
      t.sees_all = true;
      tenant(std::move(t));
    }
    KeyConfig k;
    k.id = server_key_id;
    k.tenant = "default";
    k.digest = sha256(server_key.reveal());
    keys_.push_back(made(std::move(k)));
  }
  ring_.replace(keys_);
  if (!needs_keys_) {
    TenantConfig t;
    t.sees_all = true;
    anyone_ = std::make_unique<Tenant>(std::move(t), gates_, options_.now(), options_.monotonic());
  }
}

Tenant& Governor::tenant(TenantConfig c) {
  auto& held = tenants_[c.name];
  if (held) held->set(std::move(c), options_.now(), options_.monotonic());
  else held = std::make_unique<Tenant>(std::move(c), gates_, options_.now(), options_.monotonic());
  return *held;
}

std::unique_ptr<ApiKey> Governor::made(KeyConfig c) const {
  auto k = std::make_unique<ApiKey>();
  const auto it = tenants_.find(c.tenant);
  if (it == tenants_.end()) {
    std::vector<std::string> known;
    for (const auto& [name, t] : tenants_) known.push_back(name);
    throw unknown_name("tenant", c.tenant, known).at(c.where);
  }
  k->tenant = it->second.get();
  k->requester = std::make_shared<const Requester>(Requester{c.tenant, c.id});
  k->id = std::move(c.id);
  k->digest = c.digest;
  k->models = std::move(c.models);
  k->roles = std::move(c.roles);
  k->groups = std::move(c.groups);
  k->role_names.assign(k->roles.begin(), k->roles.end());
  k->group_names.assign(k->groups.begin(), k->groups.end());
  k->expires = c.expires;
  k->revoked = c.revoked;
  return k;
}

GovernedModel* Governor::add_model(std::string id, double pue) {
  PriceConfig price;
  for (const auto& p : config_.prices) {
    if (!p.models.empty() &&
        std::none_of(p.models.begin(), p.models.end(), [&](const auto& m) { return matches_pattern(m, id); }))
      continue;
    price = p;
    break;
  }
  const std::size_t gate = gates_.index_of(id);
  return &models_.emplace_back(std::move(id), pue, gate, std::move(price));
}

void Governor::restore(const UsageSource& source, const FootprintOf& footprint) {
  const Time now = options_.now();
  Time since = window_at(Window::month, now).begin;
  for (auto& [name, t] : tenants_)
    for (const auto& b : t->config().budgets)
      if (b.window == Window::total) since = Time{std::numeric_limits<std::int64_t>::min()};
  std::map<std::string_view, const GovernedModel*> models;
  for (const auto& m : models_) models.emplace(m.id(), &m);
  const GovernedModel gone("", 1, 0, {});
  Time first = now;
  source.for_each(since, [&](const PastAnswer& p) {
    const auto t = tenants_.find(p.tenant);
    if (t == tenants_.end()) return;
    first = std::min(first, p.end);
    Answer a;
    a.energy = p.energy;
    a.tokens_in = p.tokens_in;
    a.tokens_out = p.tokens_out;
    a.status = p.ok ? AnswerStatus::ok : AnswerStatus::error;
    footprint(p, a);
    const auto m = models.find(p.model);
    Usage u = (m == models.end() ? gone : *m->second).usage_of(a);
    u.method = p.energy.method();
    t->second->charge_past(u, p.key, p.model, p.end, now);
  });
  for (auto& [name, t] : tenants_) t->set_since(since.ns == std::numeric_limits<std::int64_t>::min() ? first : since);
}

ApiError Governor::refuse(KeyRefusal why, const ApiKey* key, std::string_view from) {
  key_refusals_[static_cast<std::size_t>(why)].fetch_add(1, std::memory_order_relaxed);
  if (why != KeyRefusal::missing)
    audit_.refused(to_string(why), key ? std::string_view(key->id) : std::string_view(), from, options_.now());
  ApiError out{401, {}, "invalid_request_error", {}, "invalid_api_key"};
  switch (why) {
    case KeyRefusal::missing:
      out.code = "api_key_missing";
      out.message = "a key is needed: send it as 'Authorization: Bearer KEY' or 'x-api-key: KEY'";
      break;
    case KeyRefusal::unknown: out.message = "the key is not the right one"; break;
    case KeyRefusal::revoked: out.message = fmt::format("the key '{}' was revoked", key->id); break;
    case KeyRefusal::expired:
      out.message = fmt::format("the key '{}' expired at {}", key->id, to_string(*key->expires));
      break;
  }
  return out;
}

std::optional<KeyRefusal> Governor::look_up(KeyRing::View& view, LastDigest& last, std::string_view presented,
                                            Access& out) const {
  if (!needs_keys_) {
    out.tenant = anyone_.get();
    return std::nullopt;
  }
  if (presented.empty()) return KeyRefusal::missing;
  out.key = ring_.find(view, last.of(presented));
  if (!out.key) return KeyRefusal::unknown;
  if (out.key->revoked.load(std::memory_order_acquire)) return KeyRefusal::revoked;
  if (out.key->expires && options_.now() >= *out.key->expires) return KeyRefusal::expired;
  out.tenant = out.key->tenant;
  return std::nullopt;
}

bool Governor::may_use(const Access& a, std::string_view model) const {
  const auto among = [&](const std::vector<std::string>& patterns) {
    return patterns.empty() ||
           std::any_of(patterns.begin(), patterns.end(), [&](const auto& p) { return matches_pattern(p, model); });
  };
  return !a.tenant || ((!a.key || among(a.key->models)) && a.tenant->may_use(model));
}

ApiError Governor::not_allowed(const Access& a, std::string_view model) {
  a.tenant->refused(Refusal::model);
  return {404,
          fmt::format(
              "The model '{}' does not exist here, or your key may not use it; GET /v1/models lists those that it may",
              model.substr(0, 100)),
          "invalid_request_error", "model", "model_not_found"};
}

bool Governor::wants_estimate(const Access& a, const GovernedModel& m) const {
  return a.tenant->limited() || gates_.counts(m.gate(), a.tenant->flow());
}

Governor::Admission Governor::admit(const Access& a, GovernedModel& m, const TokenEstimate& estimate) {
  Admission out;
  Ticket& t = out.ticket;
  const std::int64_t now_ns = options_.monotonic();
  t.access_ = a;
  t.model_ = &m;
  t.estimate_ = estimate;
  if (a.tenant->limited() || estimate.input > 0) {
    t.tokens_ = m.calibration().of(estimate);
    t.expected_ = m.expected(t.tokens_);
  }
  if (auto refused = a.tenant->reserve(t.tokens_, t.expected_, options_.now(), now_ns, t.figures_)) {
    a.tenant->refused(refused->why);
    out.refused = std::move(refused->error);
    t.append_headers(out.headers);
    // What waiting does not mend, clients' libraries need not try again.
    if (out.refused->retry_after_s == 0 || out.refused->retry_after_s > 60) out.headers += "x-should-retry: false\r\n";
    return out;
  }
  if (gates_.counts(m.gate(), a.tenant->flow())) {
    switch (gates_.enter(m.gate(), a.tenant->flow(), t.tokens_, t.waiter_)) {
      case Gates::Entry::in: t.in_gate_ = true; break;
      case Gates::Entry::waits: break;
      case Gates::Entry::full:
        a.tenant->take_back(t.tokens_, t.expected_);
        a.tenant->refused(Refusal::queue_full);
        out.refused = ApiError{429,
                               fmt::format("as many requests for '{}' wait already as may", m.id()),
                               "rate_limit_error",
                               {},
                               "queue_full",
                               gates_.retry_after_s(m.gate())};
        t.append_headers(out.headers);
        return out;
    }
  }
  t.in_since_ns_ = now_ns;
  t.reserved_ = true;
  t.governor_ = this;
  if (!t.waiter_) a.tenant->admitted();
  return out;
}

std::optional<ApiError> Governor::turn(Ticket& t) {
  if (!t.governor_ || !t.waiter_) return std::nullopt;
  const auto state = gates_.end_wait(t.waiter_);
  t.waiter_.reset();
  t.in_gate_ = state == Gates::Waiter::State::in;
  t.in_since_ns_ = options_.monotonic();
  std::optional<ApiError> out;
  Tenant& tenant = *t.access_.tenant;
  if (t.in_gate_ && t.access_.key && t.access_.key->revoked.load(std::memory_order_acquire)) {
    out = refuse(KeyRefusal::revoked, t.access_.key, {});
  } else if (!t.in_gate_) {
    const bool pushed = state == Gates::Waiter::State::pushed_out;
    tenant.refused(pushed ? Refusal::pushed_out : Refusal::queue_time);
    out = ApiError{429,
                   pushed ? fmt::format("the queue for '{}' is full, and tenant '{}' holds most of it", t.model_->id(),
                                        tenant.name())
                          : fmt::format("no turn came for '{}' within {} s", t.model_->id(),
                                        gates_.longest_wait(t.model_->gate()).base()),
                   "rate_limit_error",
                   {},
                   pushed ? "queue_full" : "queue_timeout",
                   gates_.retry_after_s(t.model_->gate())};
  }
  if (!out) {
    tenant.admitted();
    return std::nullopt;
  }
  // Nothing was done for it: it counts against no rate.
  tenant.take_back(t.tokens_, t.expected_);
  t.reserved_ = false;
  t.close();
  return out;
}

const Tenant* Governor::find_tenant(std::string_view name) const {
  std::shared_lock lock(people_mutex_);
  const auto it = tenants_.find(name);
  return it == tenants_.end() ? nullptr : it->second.get();
}

std::string Governor::usage_json(const Tenant& only) const {
  JsonWriter w;
  // Reading rolls windows on, which is no change that anybody sees.
  const_cast<Tenant&>(only).write_json(w, options_.now(), options_.monotonic());
  return w.take();
}

std::string Governor::usage_json() const {
  JsonWriter w;
  w.begin_object().key("tenants").begin_array();
  std::shared_lock lock(people_mutex_);
  for (const auto& [name, t] : tenants_) t->write_json(w, options_.now(), options_.monotonic());
  w.end_array().end_object();
  return w.take();
}

}  // namespace wattline::serve
