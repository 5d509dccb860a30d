// A routing policy as its owner wrote it, whatever the language: TOML of ours, the YAML of the vLLM Semantic Router
// or its policy language. Reading keeps every field, known or not, in its order, so that writing it in another
// language and back loses nothing. compile.h makes of it what decides.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/json.h"

namespace wattline::policy {

// A boolean tree over signals. `all` without parts is always true.
struct Condition {
  enum class Kind { leaf, all, any, none };  // `none`: NOT, of exactly one part
  Kind kind = Kind::all;
  std::string type, name;  // of a leaf: keyword("urgent"); name may carry a level: "math_task:hard"
  bool on_error = false;  // what a leaf is when its signal failed
  std::vector<Condition> parts;

  bool always() const { return kind == Kind::all && parts.empty(); }
  bool operator==(const Condition&) const = default;
};

struct Signal {
  std::string type, name;
  Json fields = Json::Object{};
  std::string where;  // "file:line"
};

// Groups and sums over signals.
struct Projection {
  enum class Kind { partition, score, mapping };
  Kind kind = Kind::score;
  std::string name;
  Json fields = Json::Object{};
  std::string where;
};

// What is known of a model: context_window_size, capabilities, quality_score, pricing, ...
struct Card {
  std::string name;
  Json fields = Json::Object{};
  std::string where;
};

// A plugin or an algorithm with its settings.
struct Step {
  std::string name, type;  // type: of a named plugin; "" is the name
  Json fields = Json::Object{};
  std::string where;
};

struct Candidate {
  std::string model;
  Json fields = Json::Object{};  // reasoning, effort, lora, weight
};

struct Decision {
  std::string name, description;
  std::int64_t priority = 0, tier = 0;
  Condition when;
  std::vector<Candidate> models;
  std::optional<Step> algorithm;
  std::vector<Step> plugins;
  Json fields = Json::Object{};  // what is left: learning, output, pool, constraints
  std::string where;
};

// An expectation that travels with the policy and is checked before it runs.
struct Probe {
  std::string name, query, decision;
  Json fields = Json::Object{};
  std::string where;
};

struct Policy {
  std::string name;  // "" is the main one
  enum class Strategy { priority, confidence } strategy = Strategy::priority;
  std::vector<Signal> signals;
  std::vector<Projection> projections;
  std::vector<Card> cards;
  std::vector<Step> plugins;  // named ones, for decisions to use
  std::vector<Decision> decisions;
  std::vector<Probe> probes;
  Json fields = Json::Object{};  // what is left: description
  std::string where;
};

// What one file holds: a policy, further ones that virtual model names enter, and the rest as it stands.
struct Document {
  Policy main;
  std::vector<Policy> recipes;
  struct Entry {
    std::vector<std::string> models;  // the virtual names
    std::string recipe;  // "" is `main`
    Json fields = Json::Object{};
  };
  std::vector<Entry> entries;
  Json rest = Json::Object{};  // providers, listeners, global, version

  const Policy& policy_for(std::string_view model) const;
};

// Types of signals, in the order of documents: heuristic ones first.
struct SignalType {
  std::string_view name;  // "keyword"
  std::string_view yaml;  // the list of the YAML form: "keywords"
  bool learned;  // costs a model's evaluation
};
const std::vector<SignalType>& signal_types();
const SignalType* find_signal_type(std::string_view name);

}  // namespace wattline::policy
