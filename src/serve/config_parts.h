// Parts of the configuration file that are read in files of their own.
#pragma once

#include "serve/config.h"
#include "serve/toml_reader.h"

namespace wattline::serve {

// A time of 1 ms to a day.
void read_duration(TomlTable&, std::string_view key, Duration& out);
// The key that `api_key_env` or `api_key_file` of the table names. That the variable or file is missing is
// a fault here, not at the first request.
void read_api_key(TomlTable&, const Environment&, std::string& env, std::string& file, Secret& out);

// [balance], or a [[model]]'s own; `policy_key` is the name of the policy there.
void read_balance(TomlTable&, std::string_view policy_key, BalanceConfig&);
// What an upstream's table says of health, breaker, metrics, warm_up, drain, weight and tier.
void read_watch(TomlTable&, UpstreamConfig&);
void read_semantic_cache(TomlTable, SemanticCacheConfig&);
std::vector<Error> check_semantic_cache(const Config&);
// [[agent]], and the `agent` of an upstream's table.
std::vector<AgentConfig> read_agent_tables(TomlTable& root, const Environment&);
void read_metered(TomlTable& upstream, MeteredConfig&);
std::vector<Error> check_agents(const Config&);
void read_place_in_pool(TomlTable&, double& weight, int& tier);
std::vector<RouterConfig> read_router_tables(TomlTable& root, const Environment&);
GridConfig read_grid(TomlTable);
void read_feedback_table(TomlTable& root, FeedbackConfig&);
void read_adaptation_table(TomlTable& root, AdaptationConfig&);
std::vector<ModelConfig> read_model_tables(TomlTable& root, const BalanceConfig& usual);

}  // namespace wattline::serve
