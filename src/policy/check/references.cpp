// Names: twice, or of what is not there.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/error.h"
#include "policy/check/fields.h"
#include "policy/check/scope.h"
#include "policy/plugins/plugin_set.h"
#include "policy/plugins/prompt_compression.h"
#include "policy/selection.h"
#include "policy/settings.h"

namespace wattline::policy {
namespace {

template <class T, class Name>
void twice(Scope& s, const std::vector<T>& all, std::string_view code, std::string_view what, Name name) {
  std::map<std::string, const T*> seen;
  for (const auto& one : all)
    if (const auto [at, is_new] = seen.emplace(name(one), &one); !is_new)
      s.add(code, one.where,
            fmt::format("there are two {} '{}'; the first is at {}", what, name(one), at->second->where),
            "rename one of them or take it out");
}

std::vector<std::string> known_models(const Scope& s) {
  std::set<std::string> out(s.options.models.begin(), s.options.models.end());
  for (const auto& c : s.policy.cards) out.insert(c.name);
  const Json* providers = s.document.rest.find("providers");
  const Json* models = providers ? providers->find("models") : nullptr;
  if (models && models->is_array())
    for (const auto& m : models->as_array())
      if (const Json* name = m.find("name"); name && name->is_string()) out.insert(name->as_string());
  return {out.begin(), out.end()};
}

// Models that the settings of an algorithm name.
void models_of(const Json& v, std::vector<std::string>& out) {
  if (v.is_array())
    for (const auto& e : v.as_array()) models_of(e, out);
  if (!v.is_object()) return;
  for (const auto& [key, value] : v.as_object()) {
    if ((key == "model" || key == "synthesis_model") && value.is_string()) out.push_back(value.as_string());
    else if (key == "analysis_models")
      for (auto& m : texts_of(v, "analysis_models")) out.push_back(std::move(m));
    else models_of(value, out);
  }
}

constexpr std::array categories = {
    "biology", "business", "chemistry", "computer science", "economics", "engineering", "health", "history",
    "law",     "math",     "other",     "philosophy",       "physics",   "psychology"};

void check_models(Scope& s) {
  const auto known = known_models(s);
  for (const auto& d : s.policy.decisions) {
    // A fast response or an action needs none.
    const bool answers_itself =
        d.fields.find("action") || std::any_of(d.plugins.begin(), d.plugins.end(), [](const Step& p) {
          return p.name == "fast_response" || p.type == "fast_response";
        });
    if (d.models.empty() && !answers_itself)
      s.add("no-models", d.where, fmt::format("decision '{}' has no models", d.name), "name at least one",
            "any request that matches it");
    if (known.empty()) continue;
    std::vector<std::string> names;
    for (const auto& c : d.models) names.push_back(c.model);
    if (d.algorithm) models_of(d.algorithm->fields, names);
    std::set<std::string> told;
    for (const auto& name : names)
      if (!std::binary_search(known.begin(), known.end(), name) && told.insert(name).second)
        s.add("unknown-model", d.where,
              fmt::format("decision '{}' names the model '{}', of which nothing is known", d.name, name),
              did_you_mean(name, known));
  }
}

void check_steps(Scope& s) {
  std::vector<std::string> known;
  for (const auto& t : plugin_types()) known.emplace_back(t.name);
  for (const auto& p : s.policy.plugins) known.push_back(p.name);
  std::vector<std::string> built_in;
  for (const auto& a : algorithms()) built_in.emplace_back(a.name);
  for (const auto& d : s.policy.decisions) {
    for (const auto& p : resolve_plugins(s.policy, d)) {
      if (!p.kind)
        s.add("unknown-plugin", p.where,
              fmt::format("decision '{}' uses the plugin '{}', which is not there and does nothing", d.name, p.name),
              did_you_mean(p.name, known), "any request that matches the decision");
      else if (p.enabled() && serving_of(*p.kind) == PluginType::Serving::nobody)
        s.add("plugin-not-served", p.where,
              fmt::format("decision '{}' uses the plugin '{}', which is kept but nothing here runs it", d.name, p.name),
              "take it out, or leave it for a program that does", "any request that matches the decision");
    }
    read_plugins(s.policy, d, s.out);
    if (d.algorithm && std::find(built_in.begin(), built_in.end(), d.algorithm->name) == built_in.end())
      s.add("unknown-algorithm", d.algorithm->where.empty() ? d.where : d.algorithm->where,
            fmt::format("the algorithm '{}' of decision '{}' is not built in", d.algorithm->name, d.name),
            fmt::format("built in are {}", fmt::join(built_in, ", ")), "any request that matches the decision");
  }
}

void check_domains(Scope& s) {
  const std::vector<std::string> known(categories.begin(), categories.end());
  std::map<std::string, const Signal*> owner;
  for (const auto& signal : s.policy.signals) {
    if (signal.type != "domain") continue;
    auto own = texts_of(signal.fields, "mmlu_categories");
    if (own.empty()) own.push_back(signal.name);
    for (const auto& c : own) {
      if (std::find(known.begin(), known.end(), c) == known.end())
        s.add("unknown-category", signal.where,
              fmt::format("domain '{}' names the category '{}', which no classifier gives", signal.name, c),
              did_you_mean(c, known));
      const auto [at, is_new] = owner.emplace(c, &signal);
      if (is_new || at->second->name == signal.name) continue;
      s.add("shared-category", signal.where,
            fmt::format("domains '{}' and '{}' ({}) share the category '{}': both match", at->second->name, signal.name,
                        at->second->where, c),
            "take the category out of one of them", fmt::format("a text on {}", c));
    }
  }
}

}  // namespace

void check_document(Scope& s) {
  const Document& d = s.document;
  twice(s, d.recipes, "duplicate-recipe", "recipes", [](const Policy& p) { return p.name; });
  std::vector<std::string> recipes;
  for (const auto& p : d.recipes) recipes.push_back(p.name);
  std::map<std::string, std::string> entered;
  for (const auto& e : d.entries) {
    if (!e.recipe.empty() && std::find(recipes.begin(), recipes.end(), e.recipe) == recipes.end())
      s.add("unknown-recipe", d.main.where,
            fmt::format("an entry leads to the recipe '{}', which is not there", e.recipe),
            did_you_mean(e.recipe, recipes));
    for (const auto& m : e.models)
      if (const auto [at, is_new] = entered.emplace(m, e.recipe); !is_new)
        s.add("duplicate-entry", d.main.where,
              fmt::format("the model '{}' leads to '{}' and to '{}'", m, at->second, e.recipe), "leave it in one entry",
              fmt::format("a request for the model {}", m));
  }
}

void check_references(Scope& s) {
  const Policy& p = s.policy;
  prompt_compression_of(p, s.out);
  twice(s, p.cards, "duplicate-model", "models", [](const Card& c) { return c.name; });
  twice(s, p.projections, "duplicate-projection", "projections", [](const Projection& one) { return one.name; });
  twice(s, p.plugins, "duplicate-plugin", "plugins", [](const Step& one) { return one.name; });
  check_models(s);
  check_steps(s);
  check_domains(s);
  std::vector<std::string> decisions;
  for (const auto& d : p.decisions) decisions.push_back(d.name);
  for (const auto& probe : p.probes)
    if (std::find(decisions.begin(), decisions.end(), probe.decision) == decisions.end())
      s.add("unknown-test-decision", probe.where,
            fmt::format("probe '{}' expects the decision '{}', which is not there", probe.name, probe.decision),
            did_you_mean(probe.decision, decisions), probe.query);
}

}  // namespace wattline::policy
