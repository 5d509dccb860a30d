// What administrators may change of tenants and keys, and what is shown of them.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "serve/api_key.h"
#include "serve/governor.h"

namespace wattline::serve {
namespace {

// No way to fill the memory by one call after the other.
constexpr std::size_t most_keys = 100'000, most_tenants = 10'000;

std::string joined(const std::vector<std::string>& list) {
  return list.empty() ? "all" : fmt::format("{}", fmt::join(list, " "));
}

std::string described(const TenantConfig& t) {
  std::string out = fmt::format("models {}; weight {}", joined(t.models), t.weight);
  if (t.requests_per_minute) out += fmt::format("; {} requests/min", *t.requests_per_minute);
  if (t.tokens_per_minute) out += fmt::format("; {} tokens/min", *t.tokens_per_minute);
  if (t.concurrent) out += fmt::format("; {} at once", *t.concurrent);
  for (const auto& b : t.budgets)
    out += fmt::format("; {} per {}, soft {}", amount_text(b.resource, b.limit), to_string(b.window), b.soft);
  if (t.sees_all) out += "; sees all";
  return out;
}

}  // namespace

void Governor::keep() {
  if (!config_.keys_file.empty()) save_keys_file(config_.keys_file, kept_);
}

Governor::NewKey Governor::create_key(const std::string& tenant_name, std::string id, std::vector<std::string> models,
                                      std::optional<Time> expires) {
  std::lock_guard one_at_a_time(admin_mutex_);
  NewKey out{new_api_key(), {}, keeps_changes()};
  KeyConfig c;
  c.digest = sha256(out.key.reveal());
  c.id = id.empty() ? default_key_id(c.digest) : std::move(id);
  c.tenant = tenant_name;
  c.models = std::move(models);
  c.expires = expires;
  out.id = c.id;
  if (c.id == server_key_id) throw bad_input("the key id 'server' is that of server.api_key_env", "id");
  {
    std::shared_lock lock(people_mutex_);
    if (!tenants_.contains(tenant_name)) {
      std::vector<std::string> known;
      for (const auto& [name, t] : tenants_) known.push_back(name);
      const Error e = unknown_name("tenant", tenant_name, known);
      throw Error(ErrorKind::not_found, e.message(), "tenant", e.hint());
    }
    if (std::any_of(keys_.begin(), keys_.end(), [&](const auto& k) { return k->id == c.id; }))
      throw bad_input(fmt::format("the key id '{}' is taken", c.id), "id",
                      "ids are never used again, as the ledger and the audit log name keys by them");
    if (keys_.size() >= most_keys)
      throw bad_input(fmt::format("there are {} keys, the most that are allowed", keys_.size()));
  }
  audit_.record(
      "admin", "key.create", c.id,
      {{"tenant", tenant_name}, {"models", joined(c.models)}, {"expires", expires ? to_string(*expires) : "never"}});
  kept_.keys.push_back(c);
  try {
    keep();
  } catch (const Error& e) {
    kept_.keys.pop_back();
    audit_.record("wattline", "key.create.failed", c.id, {{"error", e.what()}});
    throw;
  }
  std::unique_lock lock(people_mutex_);
  keys_.push_back(made(std::move(c)));
  ring_.replace(keys_);
  return out;
}

bool Governor::revoke_key(const std::string& id) {
  std::lock_guard one_at_a_time(admin_mutex_);
  ApiKey* key = nullptr;
  {
    std::shared_lock lock(people_mutex_);
    for (const auto& k : keys_)
      if (k->id == id) key = k.get();
    if (!key) {
      std::vector<std::string> known;
      for (const auto& k : keys_) known.push_back(k->id);
      const Error e = unknown_name("key", id, known);
      throw Error(ErrorKind::not_found, e.message(), "id", e.hint());
    }
  }
  if (id == server_key_id)
    throw bad_input("the key 'server' is that of server.api_key_env", "id",
                    "take it out of the configuration, or give the variable another value, and start anew");
  const bool was = key->revoked.exchange(true, std::memory_order_acq_rel);
  audit_.record("admin", "key.revoke", id, {{"tenant", key->tenant->name()}});
  const auto it = std::find_if(kept_.keys.begin(), kept_.keys.end(), [&](const auto& k) { return k.id == id; });
  if (it != kept_.keys.end()) {
    it->revoked = true;
  } else {
    KeyConfig c;
    c.id = id;
    c.tenant = key->tenant->name();
    c.digest = key->digest;
    c.models = key->models;
    c.roles = key->roles;
    c.groups = key->groups;
    c.expires = key->expires;
    c.revoked = true;
    kept_.keys.push_back(std::move(c));
  }
  keep();
  return !was;
}

void Governor::set_tenant(TenantConfig c) {
  std::lock_guard one_at_a_time(admin_mutex_);
  {
    std::shared_lock lock(people_mutex_);
    if (!tenants_.contains(c.name) && tenants_.size() >= most_tenants)
      throw bad_input(fmt::format("there are {} tenants, the most that are allowed", tenants_.size()));
  }
  audit_.record("admin", "tenant.set", c.name, {{"limits", described(c)}});
  const auto before = kept_.tenants;
  const auto it =
      std::find_if(kept_.tenants.begin(), kept_.tenants.end(), [&](const auto& t) { return t.name == c.name; });
  if (it != kept_.tenants.end()) *it = c;
  else kept_.tenants.push_back(c);
  try {
    keep();
  } catch (const Error& e) {
    kept_.tenants = before;
    audit_.record("wattline", "tenant.set.failed", c.name, {{"error", e.what()}});
    throw;
  }
  std::unique_lock lock(people_mutex_);
  tenant(std::move(c));
}

void Governor::apply(const GovernanceConfig& next) {
  std::lock_guard one_at_a_time(admin_mutex_);
  if (!needs_keys_ && next.needs_keys())
    throw Error(ErrorKind::unsupported,
                "keys were not asked for until now, and those who ask without one are not told apart", "tenant",
                "start the gateway again");
  audit_.record("wattline", "config.applied", "",
                {{"tenants", std::to_string(next.tenants.size())}, {"keys", std::to_string(next.keys.size())}});
  KeysFile all = merged(next, kept_);
  std::unique_lock lock(people_mutex_);
  config_.tenants = next.tenants;
  config_.keys = next.keys;
  config_.prices = next.prices;
  for (auto& t : all.tenants) tenant(std::move(t));
  std::set<std::string> there{std::string(server_key_id)};
  for (auto& k : all.keys) {
    there.insert(k.id);
    const auto old = std::find_if(keys_.begin(), keys_.end(), [&](const auto& o) { return o->id == k.id; });
    if (old == keys_.end()) {
      keys_.push_back(made(std::move(k)));
      continue;
    }
    ApiKey& o = **old;
    const bool same = o.digest == k.digest && o.tenant->name() == k.tenant && o.models == k.models &&
                      o.expires == k.expires && o.roles == k.roles && o.groups == k.groups;
    if (same || k.revoked || o.digest != k.digest)
      o.revoked.store(k.revoked || o.digest != k.digest, std::memory_order_release);
    if (same) continue;
    replaced_.push_back(std::move(*old));
    *old = made(std::move(k));
  }
  for (const auto& k : keys_)
    if (!there.contains(k->id)) k->revoked.store(true, std::memory_order_release);
  ring_.replace(keys_);
}

std::string Governor::keys_json(std::string_view only) const {
  JsonWriter w;
  w.begin_object().key("keys").begin_array();
  std::shared_lock lock(people_mutex_);
  for (const auto& k : keys_) {
    if (!only.empty() && k->tenant->name() != only) continue;
    w.begin_object().member("id", k->id).member("tenant", k->tenant->name()).key("models").begin_array();
    for (const auto& m : k->models) w.value(m);
    w.end_array().key("expires");
    k->expires ? w.value(to_string(*k->expires)) : w.null();
    w.member("revoked", k->revoked.load()).end_object();
  }
  w.end_array().end_object();
  return w.take();
}

std::string Governor::tenants_json() const {
  JsonWriter w;
  w.begin_object().key("tenants").begin_array();
  std::shared_lock lock(people_mutex_);
  for (const auto& [name, t] : tenants_) w.value(name);
  w.end_array().end_object();
  return w.take();
}

void Governor::append_metrics(std::string& out) const {
  auto to = std::back_inserter(out);
  const auto head = [&](std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(to, "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  };
  head("wattline_key_refusals_total", "counter", "Requests refused for their key.");
  for (std::size_t i = 0; i < key_refusal_count; ++i)
    fmt::format_to(to, "wattline_key_refusals_total{{reason=\"{}\"}} {}\n", to_string(static_cast<KeyRefusal>(i)),
                   key_refusals_[i].load());
  head("wattline_queue_under_way", "gauge", "Requests under way, by queue.");
  const auto queues = gates_.figures();
  for (const auto& q : queues) fmt::format_to(to, "wattline_queue_under_way{{queue=\"{}\"}} {}\n", q.name, q.under_way);
  head("wattline_queue_waiting", "gauge", "Requests that wait for their turn, by queue.");
  for (const auto& q : queues) fmt::format_to(to, "wattline_queue_waiting{{queue=\"{}\"}} {}\n", q.name, q.waiting);
  std::shared_lock lock(people_mutex_);
  if (tenants_.empty()) return;
  const Time now = options_.now();
  head("wattline_tenant_admitted_total", "counter", "Requests let in, by tenant.");
  for (const auto& [name, t] : tenants_)
    fmt::format_to(to, "wattline_tenant_admitted_total{{tenant=\"{}\"}} {}\n", name, t->admissions());
  head("wattline_tenant_refused_total", "counter", "Requests not let in, by tenant and reason.");
  for (const auto& [name, t] : tenants_)
    for (std::size_t i = 0; i < refusal_count; ++i)
      fmt::format_to(to, "wattline_tenant_refused_total{{tenant=\"{}\",reason=\"{}\"}} {}\n", name,
                     to_string(static_cast<Refusal>(i)), t->refusals(static_cast<Refusal>(i)));
  std::vector<std::pair<std::string_view, Usage>> totals;
  for (const auto& [name, t] : tenants_) totals.emplace_back(name, t->total(now));
  const auto each = [&](std::string_view name, std::string_view help, Resource r) {
    head(name, "counter", help);
    for (const auto& [tenant_name, u] : totals)
      fmt::format_to(to, "{}{{tenant=\"{}\"}} {}\n", name, tenant_name, u.amount(r));
  };
  each("wattline_tenant_tokens_total",
       "Tokens read and written, by tenant, with those that the ledger told of at the start.", Resource::tokens);
  each("wattline_tenant_energy_joules_total", "Energy at the device, by tenant.", Resource::energy);
  each("wattline_tenant_carbon_grams_total", "gCO2e, by tenant.", Resource::carbon);
  each("wattline_tenant_water_litres_total", "Litres of water, by tenant.", Resource::water);
  each("wattline_tenant_cost_usd_total", "USD by the prices of the configuration, by tenant.", Resource::money);
  head("wattline_budget_used_ratio", "gauge", "Of a budget of a tenant, what is used in its window.");
  for (const auto& [name, t] : tenants_)
    for (const auto& b : t->budgets(now))
      fmt::format_to(to, "wattline_budget_used_ratio{{tenant=\"{}\",resource=\"{}\",per=\"{}\"}} {}\n", name,
                     to_string(b.config.resource), to_string(b.config.window),
                     b.config.limit > 0 ? b.used / b.config.limit : 1.0);
}

}  // namespace wattline::serve
