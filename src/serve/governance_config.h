// Who may ask for what, how much and how often: tenants, their keys, prices, queues, the admin door.
//
// Keys are here as their SHA-256 only. What the admin API changes is kept in the keys file, in the same form
// as [[tenant]] and [[key]] of the configuration; a tenant or key that stands in both is as the keys file
// has it. docs/formats/serve-config.md describes both.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/error.h"
#include "kernel/quantity.h"
#include "kernel/time.h"
#include "serve/budget.h"
#include "serve/config_values.h"
#include "serve/digest.h"

namespace wattline::serve {

class TomlTable;

inline constexpr double largest_rate = 1e12;  // a minute

struct TenantConfig {
  std::string name;
  std::vector<std::string> models;  // names or patterns (api_key.h); empty: all
  std::optional<double> requests_per_minute, tokens_per_minute;
  std::optional<int> concurrent;  // requests under way at once
  double weight = 1;  // its share where requests wait, against the others'
  bool sees_all = false;  // figures and answers of everybody, and other rooms' commands
  std::vector<BudgetConfig> budgets;
  std::string where;
};

struct KeyConfig {
  std::string id, tenant;
  Digest digest{};
  std::vector<std::string> models;  // of those its tenant may; empty: all of them
  std::optional<Time> expires;
  bool revoked = false;
  std::string where;
  std::vector<std::string> roles, groups;  // as rules of routers ask for them (authz)
};

// What answers cost in money: of the first [[price]] that names the model. Nothing named costs nothing.
struct PriceConfig {
  std::vector<std::string> models;  // empty: all
  double usd_per_million_input = 0, usd_per_million_output = 0;  // tokens
  double usd_per_kwh = 0;  // of the energy with the site's overhead (PUE)
};

// Models that share what serves them: so many under way, the others wait their turn.
struct QueueConfig {
  std::vector<std::string> models;  // empty: all
  int concurrent = 1;
  std::int64_t waiting = 64;
  Duration longest_wait{10};
  std::string where;
};

struct AdminConfig {
  std::optional<ListenAddress> listen;  // nothing: no admin door
  Secret api_key;
  std::string api_key_env;
};

struct GovernanceConfig {
  std::vector<TenantConfig> tenants;
  std::vector<KeyConfig> keys;
  std::vector<PriceConfig> prices;
  std::vector<QueueConfig> queues;
  std::string keys_file;  // "": what the admin API changes lasts until the end
  std::string audit_log;  // "": none is written
  // For what waits because its tenant has enough under way, of models without a queue of their own.
  std::int64_t waiting = 64;
  Duration longest_wait{10};
  AdminConfig admin;

  // Whether requests must bring a key of a tenant.
  bool needs_keys() const { return !tenants.empty() || !keys.empty() || !keys_file.empty() || admin.listen; }
  bool active() const { return needs_keys() || !queues.empty(); }
};

// [[tenant]], [[key]], [[price]], [[queue]], [governance] and [admin] of the root table.
void read_governance(TomlTable& root, const Environment&, GovernanceConfig& out);
// Faults of the whole: names that are taken, keys of tenants that are not there.
std::vector<Error> check_governance(const GovernanceConfig&);

// The keys file. `keys_file_text` writes what `read_keys_file` reads.
struct KeysFile {
  std::vector<TenantConfig> tenants;
  std::vector<KeyConfig> keys;
};
KeysFile read_keys_file(std::string_view text, const std::string& file, std::vector<Error>& faults);
std::string keys_file_text(const KeysFile&);
// A file that is not there holds nothing. Error: it cannot be read, is faulty, or others may write it.
KeysFile load_keys_file(const std::string& path);
// Whole or not at all, for its owner's eyes only. Error world: it cannot be written.
void save_keys_file(const std::string& path, const KeysFile&);
// The configuration's tenants and keys with those of the keys file over them.
KeysFile merged(const GovernanceConfig&, KeysFile over);

}  // namespace wattline::serve
