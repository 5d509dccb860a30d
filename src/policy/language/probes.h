// Probes of a policy (probes.yaml, schema v1 of the vLLM Semantic Router): prompts with the decision they should get.
//
//   name, acceptance, coverage, decisions: [{id, model, expected_decision, expected_algorithm, expected_recipe,
//   expected_alias, expected_plugins, variants: [{id, query | messages, tools, repeat, padding, expected_signals, tags}]}]
// `repeat` says the query so often, with a blank between; `padding` puts repeated text before or behind it. Of
// expected_signals the names of lists (keywords) are brought to those of types (keyword).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/finding.h"
#include "policy/request.h"

namespace wattline::policy {

struct ProbeMessage {
  Role role = Role::user;
  std::string text;
  std::uint32_t tool_calls = 0, structured_bytes = 0;
};

struct ProbeTool {
  std::string name, description;
  std::uint32_t structured_bytes = 0;
};

struct ProbeCase {
  std::string group, id;  // of the decision's block, of the variant
  std::string model;  // as asked; "" is the main policy's
  std::vector<ProbeMessage> messages;
  std::vector<ProbeTool> tools;
  std::vector<std::string> tags;
  std::string where;

  // What is expected; "" and empty: nothing is said.
  std::string recipe, decision, algorithm, alias;
  std::vector<std::string> plugins;
  std::vector<std::pair<std::string, std::string>> signals;  // type and name, which must match
};

struct ProbeSet {
  std::string name, description;
  double min_probe_pass_rate = 0, min_decision_pass_rate = 0;  // percent
  // Shares of what the policy has that some probe asserts, percent.
  double min_signals = 0, min_projections = 0, min_algorithms = 0, min_plugins = 0;
  std::vector<std::string> shapes;  // that must come: text, messages, tools
  std::vector<std::pair<std::string, double>> min_tag_counts, min_tag_pass_rates;
  std::vector<ProbeCase> cases;
};

// What is wrong goes to `faults` with file:line; the cases that could be read are returned.
ProbeSet read_probes(std::string_view yaml, std::string_view file, std::vector<Finding>& faults);

// A case as the router sees it; it must outlive this.
class ProbeRequest {
 public:
  explicit ProbeRequest(const ProbeCase&);
  const RequestView& view() const { return view_; }
  ProbeRequest(const ProbeRequest&) = delete;

 private:
  std::vector<Message> messages_;
  std::vector<Tool> tools_;
  RequestView view_;
};

}  // namespace wattline::policy
