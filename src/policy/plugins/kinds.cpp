#include "policy/plugins/kinds.h"

#include <algorithm>

namespace wattline::policy {

const std::vector<PluginType>& plugin_types() {
  using K = PluginKind;
  using S = PluginType::Serving;
  static const std::vector<PluginType> all = {
      {K::fast_response, "fast_response", S::pipeline},
      {K::request_params, "request_params", S::pipeline},
      {K::header_mutation, "header_mutation", S::pipeline},
      {K::system_prompt, "system_prompt", S::pipeline},
      {K::tools, "tools", S::elsewhere},
      {K::tool_selection, "tool_selection", S::pipeline},
      {K::context_compression, "context_compression", S::pipeline},
      {K::response_cache, "response_cache", S::elsewhere},
      {K::memory, "memory", S::pipeline},
      {K::rag, "rag", S::nobody},
      {K::redaction, "redaction", S::pipeline},
      {K::shadow_dispatch, "shadow_dispatch", S::nobody},
      {K::hallucination, "hallucination", S::nobody},
      {K::response_jailbreak, "response_jailbreak", S::nobody},
      {K::answer_checks, "answer_checks", S::pipeline},
      {K::router_replay, "router_replay", S::nobody},
      {K::image_gen, "image_gen", S::nobody},
  };
  return all;
}

std::string_view to_string(PluginKind kind) {
  for (const auto& t : plugin_types())
    if (t.kind == kind) return t.name;
  return {};
}

PluginType::Serving serving_of(PluginKind kind) {
  for (const auto& t : plugin_types())
    if (t.kind == kind) return t.serving;
  return PluginType::Serving::nobody;
}

std::optional<PluginKind> plugin_kind(std::string_view name) {
  std::string plain(name);
  std::replace(plain.begin(), plain.end(), '-', '_');
  if (plain == "semantic_cache") plain = "response_cache";
  for (const auto& t : plugin_types())
    if (t.name == plain) return t.kind;
  return std::nullopt;
}

bool ResolvedPlugin::enabled() const {
  const Json* flag = fields.find("enabled");
  return !flag || !flag->is_bool() || flag->as_bool();
}

ResolvedPlugin resolve(const Policy& policy, const Decision& decision, const Step& step) {
  ResolvedPlugin out;
  out.name = step.name;
  out.where = step.where.empty() ? decision.where : step.where;
  out.fields = step.fields;
  std::string type = step.type.empty() ? step.name : step.type;
  for (const auto& named : policy.plugins) {
    if (named.name != step.name) continue;
    type = named.type.empty() ? named.name : named.type;
    if (step.fields.as_object().empty() && !named.where.empty()) out.where = named.where;
    for (const auto& [key, value] : named.fields.as_object())
      if (!out.fields.find(key)) out.fields.set(key, value);
  }
  out.kind = plugin_kind(type);
  return out;
}

std::vector<ResolvedPlugin> resolve_plugins(const Policy& policy, const Decision& decision) {
  std::vector<ResolvedPlugin> out;
  for (const auto& step : decision.plugins) out.push_back(resolve(policy, decision, step));
  const auto rank = [](const ResolvedPlugin& p) {
    return p.kind ? static_cast<int>(*p.kind) : static_cast<int>(plugin_types().size());
  };
  std::stable_sort(out.begin(), out.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return out;
}

}  // namespace wattline::policy
