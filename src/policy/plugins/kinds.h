// Which plugins there are, and in which order they work, whatever order a policy names them in (wrp-router, section 3):
// fast response, request parameters, headers, system prompt, tools, tool selection, context compression, response
// cache, memory, retrieval; then the last look before the request leaves (redaction); then, on the answer, its checks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/document.h"

namespace wattline::policy {

enum class PluginKind : std::uint8_t {
  fast_response,
  request_params,
  header_mutation,
  system_prompt,
  tools,
  tool_selection,
  context_compression,
  response_cache,
  memory,
  rag,
  redaction,
  shadow_dispatch,
  hallucination,
  response_jailbreak,
  answer_checks,
  router_replay,
  image_gen,
};

struct PluginType {
  PluginKind kind;
  std::string_view name;
  // pipeline: of plugin_set.h. elsewhere: in the gateway, at its place in the order. nobody: kept for other programs.
  enum class Serving { pipeline, elsewhere, nobody } serving;
};
// In the order in which they work.
const std::vector<PluginType>& plugin_types();
std::string_view to_string(PluginKind);
PluginType::Serving serving_of(PluginKind);
// Also by its older names, and with dashes: "system-prompt", "semantic-cache".
std::optional<PluginKind> plugin_kind(std::string_view name);

// A plugin of a decision with what it refers to put in: its type, and its settings over those of the named plugin.
struct ResolvedPlugin {
  std::optional<PluginKind> kind;  // nothing: of no known type
  std::string name;  // as the decision has it
  Json fields;
  std::string where;

  bool enabled() const;  // `enabled = false` switches one off
};
ResolvedPlugin resolve(const Policy&, const Decision&, const Step&);
// All of a decision, in the order in which they work; unknown ones last.
std::vector<ResolvedPlugin> resolve_plugins(const Policy&, const Decision&);

}  // namespace wattline::policy
