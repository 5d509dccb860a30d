// The keys of the configuration file, their bounds and what they become.
#include <set>

#include <fmt/format.h>

#include "serve/config_observe.h"
#include "serve/config_parts.h"
#include "serve/config_schema.h"

namespace wattline::serve {
namespace {

void duration(TomlTable& t, std::string_view key, Duration& out) { read_duration(t, key, out); }

void read_listen(TomlTable& t, ListenAddress& out) {
  std::string text;
  t.read("listen", text);
  if (text.empty()) return;
  try {
    out = parse_listen(text, t.where("listen"));
  } catch (const Error& e) {
    t.fault("listen", e.message(), e.hint());
  }
}

void read_server(TomlTable t, const Environment& environment, ServerConfig& out) {
  read_listen(t, out.listen);
  t.read("place", out.place);
  t.read("pue", out.pue, 1, 10);
  read_api_key(t, environment, out.api_key_env, out.api_key_file, out.api_key);
  t.read("allowed_hosts", out.allowed_hosts);
  t.read("allowed_origins", out.allowed_origins);
  t.read("threads", out.threads, 0, 1024);
  t.read("answers_kept", out.answers_kept, 1, 1'000'000);
  t.read("ledger", out.ledger);
  t.finish();
}

void read_limits(TomlTable t, LimitsConfig& out) {
  t.read("body", out.body, "B", Bytes(1), units::GiB);
  t.read("header", out.header, "B", Bytes(256), units::MiB);
  t.read("connections", out.connections, 1, 1'000'000);
  duration(t, "header_timeout", out.header_timeout);
  duration(t, "body_timeout", out.body_timeout);
  duration(t, "idle_timeout", out.idle_timeout);
  duration(t, "write_timeout", out.write_timeout);
  duration(t, "drain", out.drain);
  t.finish();
}

void read_builtin(TomlTable t, BuiltinConfig& out) {
  t.read("enabled", out.enabled);
  t.read("workers", out.workers, 0, 1024);
  t.read("queue", out.queue, 0, 1'000'000);
  t.read("max_tokens", out.max_tokens, 1, 1'000'000);
  t.read("models", out.models);
  t.finish();
}

void read_cache(TomlTable t, CacheConfig& out) {
  t.read("enabled", out.enabled);
  t.read("size", out.size, "B", units::MiB, units::GiB * 256);
  t.read("ttl", out.ttl, "s", Duration(1), Duration(30.0 * 86400));
  int scope = 0;
  t.read_choice("scope", scope, {"tenant", "user"});
  out.by_user = scope == 1;
  t.read("single_flight", out.single_flight);
  if (auto semantic = t.table("semantic")) read_semantic_cache(std::move(*semantic), out.semantic);
  t.finish();
}

bool good_id(std::string_view id) {
  if (id.empty() || id.size() > 200) return false;
  for (unsigned char c : id)
    if (c <= ' ' || c == '"' || c == '\\' || c == 0x7f) return false;
  return true;
}

void read_models(TomlTable& t, UpstreamConfig& out) {
  std::vector<std::string> names;
  t.read("models", names);
  for (auto& name : names) {
    if (!good_id(name))
      t.fault("models",
              fmt::format("holds \"{}\"; 1 to 200 bytes without spaces and quotes are allowed", name.substr(0, 80)));
    else out.models.push_back({name, name, {}, t.where("models"), out.weight, out.tier});
  }
  for (auto& m : t.tables("model")) {
    UpstreamModel model;
    model.where = m.where();
    model.weight = out.weight;
    model.tier = out.tier;
    m.read("id", model.id);
    m.read("upstream_name", model.upstream_name);
    m.read("catalog", model.catalog);
    m.read("context", model.context, 1, 1'000'000'000);
    read_place_in_pool(m, model.weight, model.tier);
    if (model.id.empty()) m.fault("id", "is missing: the name that clients ask for");
    else if (!good_id(model.id))
      m.fault("id",
              fmt::format("is \"{}\"; 1 to 200 bytes without spaces and quotes are allowed", model.id.substr(0, 80)));
    if (model.upstream_name.empty()) model.upstream_name = model.id;
    m.finish();
    if (!model.id.empty()) out.models.push_back(std::move(model));
  }
}

// "dialect" and "endpoints": an upstream that speaks Anthropic serves messages and nothing else.
void read_endpoints(TomlTable& t, UpstreamConfig& out) {
  int dialect = 0;
  t.read_choice("dialect", dialect, {"openai", "anthropic"});
  t.read("max_tokens", out.max_tokens, 1, 10'000'000);
  int limit = out.url.host == "api.openai.com" || out.url.host.ends_with(".openai.azure.com") ? 1 : 0;
  t.read_choice("limit_member", limit, {"max_tokens", "max_completion_tokens"});
  out.completion_limit = limit == 1;
  if (dialect == 1) {
    if (t.has("endpoints"))
      t.fault("endpoints", "is given, but the dialect is \"anthropic\", which has messages alone",
              "leave endpoints out");
    out.anthropic = true;
    out.endpoints = Endpoints().add(Endpoint::messages);
  }
  std::vector<std::string> names;
  t.read("endpoints", names);
  if (dialect == 1 || names.empty()) return;
  out.endpoints = {};
  for (const auto& name : names) {
    bool known = false;
    for (const Endpoint e :
         {Endpoint::chat, Endpoint::completions, Endpoint::embeddings, Endpoint::responses, Endpoint::messages}) {
      if (name != to_string(e)) continue;
      out.endpoints.add(e);
      known = true;
    }
    if (!known)
      t.fault("endpoints",
              fmt::format("holds \"{}\"; chat, completions, embeddings, responses and messages are allowed",
                          name.substr(0, 80)));
  }
}

UpstreamConfig read_upstream(TomlTable t, const Environment& environment) {
  UpstreamConfig out;
  out.where = t.where();
  t.read("name", out.name);
  if (out.name.empty()) t.fault("name", "is missing: a short name for logs and figures");
  std::string url;
  t.read("url", url);
  if (url.empty()) {
    if (!t.has("url") || t.is_text("url")) t.fault("url", "is missing: for example \"http://127.0.0.1:8000/v1\"");
  } else {
    try {
      out.url = parse_base_url(url, t.where("url"));
    } catch (const Error& e) {
      t.fault("url", e.message(), e.hint());
    }
  }
  read_api_key(t, environment, out.api_key_env, out.api_key_file, out.api_key);
  if (!out.api_key.empty() && !out.url.tls && !out.url.loopback() && !out.url.host.empty())
    t.fault("url", "is plain http to another machine, and a key would travel over it readably", "use https://");
  t.read("ca_file", out.ca_file);
  if (!out.ca_file.empty() && !out.url.tls) t.fault("ca_file", "is given, but the url is not https://");
  int energy = 0;
  t.read_choice("energy", energy, {"automatic", "modelled", "share"});
  out.energy = static_cast<EnergyMode>(energy);
  if (out.energy == EnergyMode::share && !out.url.loopback())
    t.fault("energy", "is \"share\", but the upstream is not on this machine; modelled is allowed");
  read_metered(t, out.metered);
  t.read("device", out.device);
  t.read("devices", out.devices, 1, 100'000);
  t.read("weight_bits", out.weight_bits, 1, 64);
  t.read("kv_bits", out.kv_bits, 1, 64);
  t.read("batch", out.batch, 0, 100'000);
  t.read("place", out.place);
  t.read("pue", out.pue, 1, 10);
  t.read("max_in_flight", out.max_in_flight, 1, 1'000'000);
  duration(t, "connect_timeout", out.connect_timeout);
  duration(t, "first_byte_timeout", out.first_byte_timeout);
  duration(t, "idle_timeout", out.idle_timeout);
  duration(t, "total_timeout", out.total_timeout);
  duration(t, "keep_alive", out.keep_alive);
  t.read("max_reply", out.max_reply, "B", units::KiB, units::GiB * 4);
  read_endpoints(t, out);
  read_watch(t, out);
  read_models(t, out);
  t.finish();
  return out;
}

}  // namespace

namespace {

void read_root(TomlTable& root, const Environment& environment, Config& c) {
  if (auto t = root.table("server")) read_server(std::move(*t), environment, c.server);
  if (auto t = root.table("limits")) read_limits(std::move(*t), c.limits);
  if (auto t = root.table("builtin")) read_builtin(std::move(*t), c.builtin);
  read_governance(root, environment, c.governance);
  if (auto t = root.table("cache")) read_cache(std::move(*t), c.cache);
  read_feedback_table(root, c.feedback);
  read_adaptation_table(root, c.adaptation);
  read_observation(root, environment, c);
  c.agents = read_agent_tables(root, environment);
  for (auto& t : root.tables("upstream")) c.upstreams.push_back(read_upstream(std::move(t), environment));
  if (auto t = root.table("balance")) {
    read_balance(*t, "policy", c.balance);
    t->finish();
  }
  c.models = read_model_tables(root, c.balance);
  c.routers = read_router_tables(root, environment);
  if (auto t = root.table("grid")) c.grid = read_grid(std::move(*t));
  root.finish();
}

}  // namespace

ConfigReading read_config(std::string_view toml, const std::string& file, const Environment& environment) {
  ConfigReading out;
  out.config.file = file;
  out.config.digest = to_hex(sha256(toml)).substr(0, 8);
  auto root = parse_toml(toml, file, &out.faults, environment);
  if (root) read_root(*root, environment, out.config);
  return out;
}

TomlSchema config_schema() {
  TomlSchema out;
  TomlTable root(out);
  Config ignored;
  read_root(
      root, [](const std::string&) { return std::optional<std::string>(); }, ignored);
  return out;
}

std::string config_json_schema() { return json_schema_of(config_schema(), "Configuration of wattline serve"); }

}  // namespace wattline::serve
