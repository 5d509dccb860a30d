// The compiled form of a policy: flat tables that engine.cpp walks. For the files of the engine alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/document.h"
#include "policy/engine.h"
#include "policy/heuristics.h"

namespace wattline::policy {

// A condition, flattened in pre-order: the parts of node n begin at n + 1, and node n ends before `end`.
struct Node {
  Condition::Kind kind = Condition::Kind::all;
  bool on_error = false;
  SignalIndex signal = 0;
  std::uint32_t end = 0;
};
using Tree = std::uint32_t;  // index of its first node

struct CompiledSignal {
  enum class Source : std::uint8_t { heuristic, learned, mapping };
  Source source = Source::heuristic;
  std::uint32_t index = 0;  // of the heuristic rule, or of the mapping
  std::int32_t gate = -1;  // a tree that must be true, too
  std::int32_t partition = -1;  // whose winner alone matches
};

struct CompiledPartition {
  bool softmax = false;
  double temperature = 1;
  std::vector<SignalIndex> members;
  SignalIndex fallback = 0;
};

struct CompiledScore {
  struct Input {
    enum class From : std::uint8_t { match, confidence, raw, score };
    From from = From::match;
    std::uint32_t index = 0;  // of the signal, or of the other score
    double weight = 1, match = 1, miss = 0;
  };
  std::string name;
  std::vector<Input> inputs;
};

struct CompiledMapping {
  struct Band {
    SignalIndex output = 0;
    Predicate range;
  };
  std::uint32_t score = 0;
  bool all = false;  // every band that holds, not the first alone
  double slope = 12;
  std::vector<Band> bands;
};

struct Program {
  Policy policy;
  std::vector<Engine::SignalInfo> infos;
  std::vector<CompiledSignal> signals;
  std::vector<CompiledPartition> partitions;
  std::vector<CompiledScore> scores;
  std::vector<CompiledMapping> mappings;
  std::vector<Node> nodes;
  std::vector<Tree> decisions;  // by decision
  bool tiered = false, all_tiered = false;  // some, or all, decisions have a tier
  Heuristics heuristics;
};

// What is wrong is in `findings`; with errors among them the program cannot run.
Program make_program(Policy, std::vector<Finding>& findings);

}  // namespace wattline::policy
