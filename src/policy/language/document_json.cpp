#include "policy/language/document_json.h"

#include <algorithm>
#include <tuple>

#include "policy/language/condition.h"
#include "policy/language/parts.h"

namespace wattline::policy {
namespace {

Json sorted(const Json& v) {
  if (v.is_array()) {
    Json::Array out;
    for (const auto& e : v.as_array()) out.push_back(sorted(e));
    return out;
  }
  if (!v.is_object()) return v;
  Json::Object out;
  for (const auto& [key, value] : v.as_object()) out.emplace_back(key, sorted(value));
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return out;
}

Json step(const Step& s) { return Json::Object{{"name", s.name}, {"type", s.type}, {"fields", s.fields}}; }

template <class T, class Less>
std::vector<T> in_order(const std::vector<T>& all, Order order, Less less) {
  std::vector<T> out = all;
  if (order == Order::sorted) std::stable_sort(out.begin(), out.end(), less);
  return out;
}

Json decision(const Decision& d) {
  Json::Array models, plugins;
  for (const auto& c : d.models) models.push_back(Json::Object{{"model", c.model}, {"fields", c.fields}});
  for (const auto& p : d.plugins) plugins.push_back(step(p));
  return Json::Object{{"name", d.name},
                      {"description", d.description},
                      {"priority", d.priority},
                      {"tier", d.tier},
                      {"when", condition_json(d.when)},
                      {"models", std::move(models)},
                      {"algorithm", d.algorithm ? step(*d.algorithm) : Json()},
                      {"plugins", std::move(plugins)},
                      {"fields", d.fields}};
}

}  // namespace

Json policy_json(const Policy& p, Order order) {
  const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
  Json::Array signals, projections, cards, plugins, decisions, probes;
  for (const auto& s : in_order(p.signals, order, [](const Signal&a, const Signal&b) {
         return std::tie(a.type, a.name) < std::tie(b.type, b.name);
       }))
    signals.push_back(Json::Object{{"type", s.type}, {"name", s.name}, {"fields", s.fields}});
  for (const auto& s : in_order(p.projections, order, by_name))
    projections.push_back(
        Json::Object{{"kind", std::string(to_string(s.kind))}, {"name", s.name}, {"fields", s.fields}});
  for (const auto& c : in_order(p.cards, order, by_name))
    cards.push_back(Json::Object{{"name", c.name}, {"fields", c.fields}});
  for (const auto& s : in_order(p.plugins, order, by_name)) plugins.push_back(step(s));
  for (const auto& d : p.decisions) decisions.push_back(decision(d));
  for (const auto& one : p.probes) probes.push_back(probe_json(one));
  const Json out = Json::Object{{"name", p.name},
                                {"strategy", std::string(to_string(p.strategy))},
                                {"fields", p.fields},
                                {"signals", std::move(signals)},
                                {"projections", std::move(projections)},
                                {"models", std::move(cards)},
                                {"plugins", std::move(plugins)},
                                {"decisions", std::move(decisions)},
                                {"probes", std::move(probes)}};
  return order == Order::sorted ? sorted(out) : out;
}

Json document_json(const Document& d, Order order) {
  Json::Array recipes, entries;
  for (const auto& p : d.recipes) recipes.push_back(policy_json(p, order));
  for (const auto& e : d.entries) {
    Json::Array models(e.models.begin(), e.models.end());
    entries.push_back(Json::Object{{"models", std::move(models)}, {"recipe", e.recipe}, {"fields", e.fields}});
  }
  return Json::Object{{"main", policy_json(d.main, order)},
                      {"recipes", std::move(recipes)},
                      {"entries", std::move(entries)},
                      {"rest", order == Order::sorted ? sorted(d.rest) : d.rest}};
}

}  // namespace wattline::policy
