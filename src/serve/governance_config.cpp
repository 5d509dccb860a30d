#include "serve/governance_config.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "kernel/units.h"
#include "serve/api_key.h"
#include "serve/governor.h"
#include "serve/toml_reader.h"

namespace wattline::serve {
namespace {

constexpr std::size_t most_patterns = 1000;
constexpr std::size_t most_names = 100;  // of roles or groups
constexpr double largest_amount = 1e18;  // J, g, L, USD or tokens

void read_patterns(TomlTable& t, std::vector<std::string>& out) {
  t.read("models", out);
  if (out.size() > most_patterns)
    t.fault("models", fmt::format("holds {} patterns; at most {} are allowed", out.size(), most_patterns));
  if (!std::all_of(out.begin(), out.end(), good_pattern))
    t.fault("models",
            "holds a pattern that is none: 1 to 200 bytes without spaces, quotes and backslashes are allowed");
}

void read_name(TomlTable& t, std::string_view key, std::string& out) {
  t.read(key, out);
  if (!t.has(key)) t.fault(key, "is missing");
  else if (t.is_text(key) && !good_name(out))
    t.fault(key, "is no name: 1 to 64 of letters, digits, '.', '_', '-' and '@' are allowed");
}

BudgetConfig read_budget(TomlTable t) {
  BudgetConfig out;
  int given = 0;
  const auto amount = [&](const char* key, Resource r, double base) {
    if (!t.has(key)) return;
    ++given;
    out.resource = r;
    out.limit = base;
  };
  Energy energy;
  Carbon carbon;
  Volume water;
  double usd = 0, tokens = 0;
  t.read("energy", energy, "J", Energy(0), Energy(largest_amount));
  t.read("carbon", carbon, "gCO2e", Carbon(0), Carbon(largest_amount));
  t.read("water", water, "L", Volume(0), Volume(largest_amount));
  t.read("usd", usd, 0, largest_amount);
  t.read("tokens", tokens, 0, largest_amount);
  amount("energy", Resource::energy, energy.base());
  amount("carbon", Resource::carbon, carbon.base());
  amount("water", Resource::water, water.base());
  amount("usd", Resource::money, usd);
  amount("tokens", Resource::tokens, tokens);
  if (given != 1)
    t.fault("energy", fmt::format("or carbon, water, usd or tokens: exactly one is needed, found {}", given));
  int window = static_cast<int>(Window::month);
  t.read_choice("per", window, {"hour", "day", "month", "total"});
  out.window = static_cast<Window>(window);
  t.read("soft", out.soft, 0, 1);
  t.finish();
  return out;
}

TenantConfig read_tenant(TomlTable t) {
  TenantConfig out;
  out.where = t.where();
  read_name(t, "name", out.name);
  read_patterns(t, out.models);
  t.read("requests_per_minute", out.requests_per_minute, 0, largest_rate);
  t.read("tokens_per_minute", out.tokens_per_minute, 0, largest_rate);
  int concurrent = 1;
  t.read("concurrent", concurrent, 1, 1'000'000);
  if (t.has("concurrent")) out.concurrent = concurrent;
  t.read("weight", out.weight, 1e-3, 1e3);
  int sees = 0;
  t.read_choice("sees", sees, {"own", "all"});
  out.sees_all = sees == 1;
  std::set<std::pair<Resource, Window>> seen;
  for (auto& b : t.tables("budget")) {
    const std::string where = b.where();
    out.budgets.push_back(read_budget(std::move(b)));
    const auto& last = out.budgets.back();
    if (!seen.insert({last.resource, last.window}).second)
      t.fault("budget", fmt::format("has two for {} per {} (the second at {})", to_string(last.resource),
                                    to_string(last.window), where));
  }
  t.finish();
  return out;
}

KeyConfig read_key(TomlTable t) {
  KeyConfig out;
  out.where = t.where();
  for (const char* secret : {"key", "api_key"})
    if (t.has(secret)) {
      t.fault(secret, "would put a key into a file",
              "`wattline serve key new --tenant NAME` makes one and prints what belongs here");
      std::string ignored;
      if (t.is_text(secret)) t.read(secret, ignored);
    }
  std::string hex;
  t.read("sha256", hex);
  if (!t.has("sha256")) {
    t.fault("sha256", "is missing: the SHA-256 of the key",
            "`wattline serve key new --tenant NAME` makes a key and prints it");
  } else if (const auto digest = digest_from_hex(hex)) {
    out.digest = *digest;
  } else if (t.is_text("sha256")) {
    // Perhaps the key itself: it is not shown.
    t.fault("sha256", fmt::format("is a text of {} characters; 64 hexadecimal digits are allowed", hex.size()));
  }
  out.id = default_key_id(out.digest);
  if (std::string any; t.is_noted()) t.read("id", any);
  if (t.has("id")) read_name(t, "id", out.id);
  if (out.id == server_key_id) t.fault("id", "is \"server\", which is the id of server.api_key_env's key");
  read_name(t, "tenant", out.tenant);
  read_patterns(t, out.models);
  for (const auto& [key, names] : {std::pair{"roles", &out.roles}, std::pair{"groups", &out.groups}}) {
    t.read(key, *names);
    if (names->size() > most_names || !std::all_of(names->begin(), names->end(), good_name))
      t.fault(key, fmt::format("allows up to {} names of 1 to 64 letters, digits, '.', '_', '-' and '@'", most_names));
  }
  std::string expires;
  t.read("expires", expires);
  if (!expires.empty()) {
    out.expires = try_parse_date_time(expires);
    if (!out.expires)
      t.fault("expires",
              fmt::format("is \"{}\"; a time such as 2027-01-01T00:00:00Z is allowed", expires.substr(0, 40)));
  }
  t.read("revoked", out.revoked);
  t.finish();
  return out;
}

PriceConfig read_price(TomlTable t) {
  PriceConfig out;
  read_patterns(t, out.models);
  t.read("usd_per_million_input_tokens", out.usd_per_million_input, 0, 1e9);
  t.read("usd_per_million_output_tokens", out.usd_per_million_output, 0, 1e9);
  t.read("usd_per_kwh", out.usd_per_kwh, 0, 1e6);
  t.finish();
  return out;
}

QueueConfig read_queue(TomlTable t) {
  QueueConfig out;
  out.where = t.where();
  read_patterns(t, out.models);
  t.read("concurrent", out.concurrent, 1, 1'000'000);
  if (!t.has("concurrent")) t.fault("concurrent", "is missing: how many requests may be under way at once");
  t.read("waiting", out.waiting, 0, 100'000);
  t.read("longest_wait", out.longest_wait, "s", Duration(1e-3), Duration(3600));
  t.finish();
  return out;
}

void read_admin(TomlTable t, const Environment& environment, AdminConfig& out) {
  std::string listen;
  t.read("listen", listen);
  if (listen.empty()) {
    if (!t.has("listen") || t.is_text("listen")) t.fault("listen", "is missing: for example \"127.0.0.1:8081\"");
  } else {
    try {
      out.listen = parse_listen(listen, t.where("listen"));
    } catch (const Error& e) {
      t.fault("listen", e.message(), e.hint());
    }
  }
  read_key_of_environment(t, environment, out.api_key_env, out.api_key);
  if (out.api_key_env.empty())
    t.fault("api_key_env", "is missing: the environment variable that holds the key of the admin API");
  t.finish();
}

void read_people(TomlTable& root, std::vector<TenantConfig>& tenants, std::vector<KeyConfig>& keys) {
  for (auto& t : root.tables("tenant")) tenants.push_back(read_tenant(std::move(t)));
  for (auto& t : root.tables("key")) keys.push_back(read_key(std::move(t)));
}

}  // namespace

void read_governance(TomlTable& root, const Environment& environment, GovernanceConfig& out) {
  read_people(root, out.tenants, out.keys);
  for (auto& t : root.tables("price")) out.prices.push_back(read_price(std::move(t)));
  for (auto& t : root.tables("queue")) out.queues.push_back(read_queue(std::move(t)));
  if (auto t = root.table("governance")) {
    t->read("keys_file", out.keys_file);
    t->read("audit_log", out.audit_log);
    t->read("waiting", out.waiting, 0, 100'000);
    t->read("longest_wait", out.longest_wait, "s", Duration(1e-3), Duration(3600));
    t->finish();
  }
  if (auto t = root.table("admin")) read_admin(std::move(*t), environment, out.admin);
}

namespace {

void check_people(const std::vector<TenantConfig>& tenants, const std::vector<KeyConfig>& keys,
                  std::vector<Error>& faults) {
  std::map<std::string, std::string> names, ids;
  std::map<Digest, std::string> digests;
  for (const auto& t : tenants)
    if (const auto [it, added] = names.emplace(t.name, t.where); !added)
      faults.push_back(bad_input(fmt::format("the tenant '{}' is already there, at {}", t.name, it->second), t.where));
  for (const auto& k : keys) {
    if (const auto [it, added] = ids.emplace(k.id, k.where); !added)
      faults.push_back(bad_input(fmt::format("the key id '{}' is taken at {}", k.id, it->second), k.where,
                                 "each key needs an id of its own"));
    if (const auto [it, added] = digests.emplace(k.digest, k.where); !added)
      faults.push_back(bad_input(fmt::format("the key '{}' is the same as that at {}", k.id, it->second), k.where));
    if (!names.contains(k.tenant)) {
      std::vector<std::string> known;
      for (const auto& [name, where] : names) known.push_back(name);
      faults.push_back(unknown_name("tenant", k.tenant, known).at(k.where));
    }
  }
}

}  // namespace

std::vector<Error> check_governance(const GovernanceConfig& c) {
  std::vector<Error> faults;
  KeysFile all;
  try {
    all = merged(c, c.keys_file.empty() ? KeysFile{} : load_keys_file(c.keys_file));
  } catch (const Error& e) {
    faults.push_back(e);
    all = merged(c, {});
  }
  // Twice in one file is a fault, once in each is not.
  std::set<std::string> seen;
  for (const auto& t : c.tenants)
    if (!seen.insert(t.name).second)
      faults.push_back(bad_input(fmt::format("the tenant '{}' is there twice", t.name), t.where));
  seen.clear();
  for (const auto& k : c.keys)
    if (!seen.insert(k.id).second)
      faults.push_back(
          bad_input(fmt::format("the key id '{}' is there twice", k.id), k.where, "each key needs an id of its own"));
  if (faults.empty()) check_people(all.tenants, all.keys, faults);
  return faults;
}

KeysFile read_keys_file(std::string_view text, const std::string& file, std::vector<Error>& faults) {
  KeysFile out;
  auto root = parse_toml(text, file, &faults);
  if (!root) return out;
  read_people(*root, out.tenants, out.keys);
  root->finish();
  return out;
}

KeysFile merged(const GovernanceConfig& c, KeysFile over) {
  const auto add = [](auto& all, const auto& from, auto&& same) {
    std::vector<typename std::decay_t<decltype(all)>::value_type> missing;
    for (const auto& one : from)
      if (std::none_of(all.begin(), all.end(), [&](const auto& o) { return same(o, one); })) missing.push_back(one);
    all.insert(all.begin(), missing.begin(), missing.end());
  };
  add(over.tenants, c.tenants, [](const auto& a, const auto& b) { return a.name == b.name; });
  add(over.keys, c.keys, [](const auto& a, const auto& b) { return a.id == b.id || a.digest == b.digest; });
  return over;
}

}  // namespace wattline::serve
