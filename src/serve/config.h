// The gateway's configuration: what a TOML file says, checked, with defaults.
//
// Without a file: the built-in models on 127.0.0.1:8080. Every fault is an Error that carries
// file:line, the field, the value found and what is allowed; unknown keys are faults too. Keys come
// from the environment or from files of their own, by name, so no secret is ever in the configuration, a
// log or an error. The same model id in several upstreams makes them a pool. docs/formats/serve-config.md describes the format.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/quantity.h"
#include "serve/adapt/adaptation_config.h"
#include "serve/config_values.h"
#include "serve/endpoint.h"
#include "serve/feedback/feedback_config.h"
#include "serve/governance_config.h"
#include "serve/metered/agent_config.h"
#include "serve/pool_config.h"
#include "serve/route/grid_config.h"
#include "serve/route/router_config.h"
#include "serve/semantic/config.h"

namespace wattline::serve {

struct ServerConfig {
  ListenAddress listen;
  std::string place;  // catalog place; "" is the world, flagged
  std::optional<double> pue;  // of this machine's site
  Secret api_key;  // clients must send it
  std::string api_key_env, api_key_file;
  std::vector<std::string> allowed_hosts;  // further Host names that are us
  std::vector<std::string> allowed_origins;  // further pages that may call us
  int threads = 0;  // 0: one a core
  std::int64_t answers_kept = 1000;
  bool ledger = true;
};

struct LimitsConfig {
  Bytes body{8.0 * 1024 * 1024};
  Bytes header{16.0 * 1024};
  std::int64_t connections = 4096;
  Duration header_timeout{10}, body_timeout{30}, idle_timeout{75}, write_timeout{30};
  Duration drain{20};
};

struct BuiltinConfig {
  bool enabled = true;
  int workers = 0;  // 0: one a core
  std::int64_t queue = 64;
  std::int64_t max_tokens = 1024;  // the most an answer may have
  std::vector<std::string> models;  // empty: all there are
};

// Answers given again, and shared while they are made.
struct CacheConfig {
  bool enabled = false;
  Bytes size{64.0 * 1024 * 1024};
  Duration ttl{3600};
  bool by_user = false;  // never across the request's `user` either
  bool single_flight = true;  // one run for those who ask the same at the same time
  SemanticCacheConfig semantic;
};

// One line a request.
struct AccessLogConfig {
  std::string file;  // "" is none, "stderr" is that
  Bytes rotate_size{0};  // 0: never by size
  std::int64_t keep = 5;  // files put aside by size
  bool prompts = false;  // the request's text too
};

// Spans to an OpenTelemetry collector.
struct TracingConfig {
  std::string endpoint;  // "" is none
  BaseUrl url;
  std::string headers_env;
  std::vector<std::pair<std::string, Secret>> headers;
  std::string ca_file;  // "" is the system's store
  double sample = 1;  // of traces that begin here
  std::string service_name = "wattline";
  Duration interval{5}, timeout{10};
  std::int64_t batch = 512, queue = 8192;
};

struct UpstreamModel {
  std::string id;  // what clients ask for
  std::string upstream_name;  // what the upstream calls it
  std::string catalog;  // catalog model, for energy
  std::string where;  // file:line
  double weight = 1;  // in the pool of the id
  int tier = 0;
  std::int64_t context = 0;  // tokens that fit into it, prompt and answer; 0: as the catalog says
};

// How an upstream's energy is known.
enum class EnergyMode {
  automatic,  // on this machine and no GPU named: its share of CPU time; else modelled
  modelled,  // roofline of the catalog's model on the catalog's device
  share,  // the CPU time of the process that listens there, shared by the requests under way
};

struct UpstreamConfig {
  std::string name;
  Endpoints endpoints =
      Endpoints().add(Endpoint::chat).add(Endpoint::completions).add(Endpoint::embeddings);  // what it serves
  bool anthropic = false;  // its key and version go into Anthropic's headers
  // OpenAI's own models want the limit of an answer's tokens as max_completion_tokens; others know max_tokens.
  bool completion_limit = false;
  std::int64_t max_tokens = 4096;  // for upstreams that must be told a limit, where the client gives none
  BaseUrl url;
  Secret api_key;
  std::string api_key_env, api_key_file;
  std::string ca_file;  // "" is the system's store
  EnergyMode energy = EnergyMode::automatic;
  MeteredConfig metered;  // by an agent; `energy` is for when it says nothing
  std::string device;  // catalog device the model runs on
  int devices = 1;
  double weight_bits = 16, kv_bits = 16;
  double batch = 0;  // 0: the requests this gateway has under way there
  std::string place;  // "": the gateway's own
  std::optional<double> pue;
  std::int64_t max_in_flight = 1024;
  Duration connect_timeout{5}, first_byte_timeout{120}, idle_timeout{60}, total_timeout{600};
  Duration keep_alive{30};
  Bytes max_reply{64.0 * 1024 * 1024};
  double weight = 1;  // of its models in their pools, where they say nothing else
  int tier = 0;
  HealthConfig health;
  BreakerConfig breaker;
  EngineMetricsConfig metrics;
  Duration warm_up{0};  // over which it gets its full weight after it came up
  bool drain = false;  // no new requests
  std::vector<UpstreamModel> models;
  std::string where;  // file:line
};

// [[model]]: how the pool of an id is used.
struct ModelConfig {
  std::string id;
  BalanceConfig balance;
  std::string where;  // file:line
};

struct Config {
  ServerConfig server;
  LimitsConfig limits;
  BuiltinConfig builtin;
  GovernanceConfig governance;
  CacheConfig cache;
  FeedbackConfig feedback;
  AdaptationConfig adaptation;
  AccessLogConfig access_log;
  TracingConfig tracing;
  std::vector<AgentConfig> agents;
  std::vector<UpstreamConfig> upstreams;
  BalanceConfig balance;  // of pools that have no [[model]]
  std::vector<ModelConfig> models;
  std::vector<RouterConfig> routers;
  GridConfig grid;
  std::string file;  // "" without one
  std::string digest = "builtin";  // begin of the SHA-256 of what was read
  std::string version;  // with its number, where it was taken ("2-3f9a1c2e")
};

// Reads as far as possible and lists every fault.
struct ConfigReading {
  Config config;
  std::vector<Error> faults;
};
ConfigReading read_config(std::string_view toml, const std::string& file, const Environment&);

// Whether the energy of this upstream's answers is its share of CPU time on this machine.
bool shares_cpu_time(const UpstreamConfig&, const catalog::Catalog&);

// What needs the catalog: names of places, devices and models. Fills UpstreamModel::catalog where
// the catalog knows the model by its own name.
std::vector<Error> check_against(Config&, const catalog::Catalog&);

// Faults of the whole: a key is needed off loopback, something must be served, ids are unique.
std::vector<Error> check_whole(const Config&);

// One Error for all of them; nothing when there are none.
void throw_faults(const std::vector<Error>&);

}  // namespace wattline::serve
