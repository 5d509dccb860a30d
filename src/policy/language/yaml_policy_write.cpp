#include <algorithm>

#include "kernel/error.h"
#include "kernel/yaml.h"
#include "policy/language/condition.h"
#include "policy/language/parts.h"
#include "policy/language/yaml_names.h"
#include "policy/language/yaml_policy.h"

namespace wattline::policy {
namespace {

Json step_json(const Step& s, bool named) {
  Json::Object out;
  if (named) out.emplace_back("name", s.name);
  out.emplace_back("type", s.type.empty() ? s.name : s.type);
  if (!empty(s.fields)) out.emplace_back("configuration", s.fields);
  return out;
}

Json named(const std::string& name, const Json& fields, const std::string& of) {
  Json::Object out{{"name", name}};
  append_fields(out, fields, of);
  return out;
}

Json candidate_json(const Candidate& c, const std::string& of) {
  Json::Object fields, out{{"model", c.model}};
  for (const auto& [key, value] : c.fields.as_object()) {
    std::string_view name = key;
    for (const auto& r : candidate_fields)
      if (key == r.ours) name = r.yaml;
    fields.emplace_back(std::string(name), value);
  }
  append_fields(out, Json(std::move(fields)), of);
  return out;
}

Json decision_json(const Decision& d) {
  const std::string of = "decision '" + d.name + "'";
  Json::Object out{{"name", d.name}};
  if (!d.description.empty()) out.emplace_back("description", d.description);
  if (d.priority) out.emplace_back("priority", d.priority);
  if (d.tier) out.emplace_back("tier", d.tier);
  if (!d.when.always()) out.emplace_back("rules", condition_json(d.when));
  Json::Array models, plugins;
  for (const auto& c : d.models) models.push_back(candidate_json(c, of));
  for (const auto& p : d.plugins) plugins.push_back(step_json(p, false));
  if (!models.empty()) out.emplace_back("modelRefs", std::move(models));
  Json rest = d.fields;
  if (d.algorithm) {
    Json::Object algorithm{{"type", d.algorithm->name}};
    if (!empty(d.algorithm->fields)) algorithm.emplace_back(d.algorithm->name, d.algorithm->fields);
    const Json* more = rest.find("algorithm_more");
    const bool beside = more && more->is_object();
    if (beside) append_fields(algorithm, *more, of);
    out.emplace_back("algorithm", std::move(algorithm));
    Json::Object others;
    for (auto& [key, value] : rest.as_object())
      if (!beside || key != "algorithm_more") others.emplace_back(key, std::move(value));
    rest = Json(std::move(others));
  }
  if (!plugins.empty()) out.emplace_back("plugins", std::move(plugins));
  append_fields(out, rest, of);
  return out;
}

// A list for each type, in the order in which they first come.
Json signals_json(const Policy& p) {
  std::vector<std::pair<std::string, Json::Array>> lists;
  for (const auto& s : p.signals) {
    const SignalType* type = find_signal_type(s.type);
    const std::string list(type ? type->yaml : std::string_view(s.type));
    auto at = std::find_if(lists.begin(), lists.end(), [&](const auto& l) { return l.first == list; });
    if (at == lists.end()) at = lists.insert(lists.end(), {list, {}});
    at->second.push_back(named(s.name, s.fields, "signal '" + s.name + "'"));
  }
  Json::Object out;
  for (auto& [list, all] : lists) out.emplace_back(list, std::move(all));
  return out;
}

Json projections_json(const Policy& p) {
  Json::Object out;
  for (const auto& [yaml, kind] : kind_lists) {
    Json::Array all;
    for (const auto& one : p.projections)
      if (one.kind == kind) all.push_back(named(one.name, one.fields, "projection '" + one.name + "'"));
    if (!all.empty()) out.emplace_back(std::string(yaml), std::move(all));
  }
  return out;
}

Json policy_json(const Policy& p, const Json& fields) {
  Json::Object out;
  if (p.strategy != Policy::Strategy::priority) out.emplace_back("strategy", std::string(to_string(p.strategy)));
  Json::Array cards, plugins, decisions, probes;
  for (const auto& c : p.cards) cards.push_back(named(c.name, c.fields, "model card '" + c.name + "'"));
  for (const auto& s : p.plugins) plugins.push_back(step_json(s, true));
  for (const auto& d : p.decisions) decisions.push_back(decision_json(d));
  for (const auto& one : p.probes) probes.push_back(probe_json(one));
  if (!cards.empty()) out.emplace_back("modelCards", std::move(cards));
  if (!p.signals.empty()) out.emplace_back("signals", signals_json(p));
  if (!p.projections.empty()) out.emplace_back("projections", projections_json(p));
  if (!plugins.empty()) out.emplace_back("plugins", std::move(plugins));
  if (!decisions.empty()) out.emplace_back("decisions", std::move(decisions));
  if (!probes.empty()) out.emplace_back("probes", std::move(probes));
  append_fields(out, fields, p.name.empty() ? "routing" : "recipe '" + p.name + "'");
  return out;
}

Json recipe_json(const Policy& p) {
  const std::string of = "recipe '" + p.name + "'";
  Json inner = Json::Object{};
  Json::Object beside;
  for (const auto& [key, value] : p.fields.as_object()) {
    if (key == "routing" && value.is_object()) inner = value;
    else beside.emplace_back(key, value);
  }
  Json::Object out{{"name", p.name}};
  append_fields(out, Json(std::move(beside)), of);
  if (out.size() > 1 && Json(out).find("routing")) throw bad_input(of + " has a field 'routing' that is no table");
  out.emplace_back("routing", policy_json(p, inner));
  return out;
}

}  // namespace

std::string write_yaml_policy(const Document& d) {
  Json::Object out;
  append_fields(out, d.rest, "the configuration");
  const Json routing = policy_json(d.main, d.main.fields);
  if (!empty(routing)) append_fields(out, Json(Json::Object{{"routing", routing}}), "the configuration");
  Json::Array entries, recipes;
  for (const auto& e : d.entries) {
    Json::Object entry;
    Json::Array models(e.models.begin(), e.models.end());
    entry.emplace_back("model_names", std::move(models));
    if (!e.recipe.empty()) entry.emplace_back("recipe", e.recipe);
    append_fields(entry, e.fields, "an entry point");
    entries.push_back(Json(std::move(entry)));
  }
  for (const auto& p : d.recipes) recipes.push_back(recipe_json(p));
  if (!entries.empty()) out.emplace_back("entrypoints", std::move(entries));
  if (!recipes.empty()) out.emplace_back("recipes", std::move(recipes));
  return yaml_from_json(Json(std::move(out)));
}

}  // namespace wattline::policy
