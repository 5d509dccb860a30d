#include "policy/language/yaml_policy.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/yaml.h"
#include "policy/language/condition.h"
#include "policy/language/parts.h"
#include "policy/language/source.h"

namespace wattline::policy {
namespace {

constexpr std::int64_t most = std::int64_t{1} << 53;

// How a candidate's fields are called there and here.
struct Renamed {
  std::string_view yaml, ours;
};
constexpr Renamed candidate_fields[] = {
    {"use_reasoning", "reasoning"}, {"reasoning_effort", "effort"}, {"lora_name", "lora"}};

struct KindList {
  std::string_view yaml;
  Projection::Kind kind;
};
constexpr KindList kind_lists[] = {{"partitions", Projection::Kind::partition},
                                   {"scores", Projection::Kind::score},
                                   {"mappings", Projection::Kind::mapping}};

class Reader {
 public:
  explicit Reader(Faults& faults) : faults_(faults) {}

  Document document(Source root) {
    Document d;
    Members m(root, "the configuration", faults_);
    d.main.where = m.where();
    m.object("routing", [&](Source s) { policy(s, "routing", d.main); });
    m.list("recipes", [&](Source s) { d.recipes.push_back(recipe(s)); });
    m.list("entrypoints", [&](Source s) {
      Members e(s, "an entry point", faults_);
      Document::Entry entry;
      entry.models = e.texts("model_names");
      entry.recipe = e.text("recipe");
      entry.fields = e.left();
      d.entries.push_back(std::move(entry));
    });
    d.rest = m.left();
    return d;
  }

 private:
  Policy recipe(Source s) {
    Policy p;
    Members m(s, "a recipe", faults_);
    p.name = m.text("name", true);
    p.where = m.where();
    m.call("recipe '" + p.name + "'");
    Json inner = Json::Object{};
    m.object("routing", [&](Source r) {
      policy(r, m.what(), p);
      std::swap(inner, p.fields);
    });
    p.fields = m.left();
    // What stands beside its routing, and what is left inside of it, apart.
    if (!empty(inner)) p.fields.set("routing", std::move(inner));
    return p;
  }

  void policy(Source s, const std::string& what, Policy& p) {
    Members m(s, what, faults_);
    if (p.where.empty() || p.name.empty()) p.where = m.where();
    p.strategy = read_strategy(m);
    m.list("modelCards", [&](Source c) {
      Members card(c, "a model card", faults_);
      std::string name = card.text("name", true);
      p.cards.push_back({std::move(name), card.left(), card.where()});
    });
    m.object("signals", [&](Source lists) { signals(lists, p); });
    m.object("projections", [&](Source lists) { projections(lists, p); });
    m.list("plugins", [&](Source c) {
      Members plugin(c, "a plugin", faults_);
      std::string name = plugin.text("name", true);
      p.plugins.push_back(step(plugin, std::move(name)));
    });
    m.list("decisions", [&](Source d) { p.decisions.push_back(decision(d)); });
    m.list("probes", [&](Source c) { p.probes.push_back(read_probe(c, faults_)); });
    p.fields = m.left();
  }

  void signals(Source lists, Policy& p) {
    const auto& members = lists.value.as_object();
    for (std::size_t i = 0; i < members.size(); ++i) {
      const std::string& list = members[i].first;
      const Source here = lists.part(i);
      if (here.value.is_null()) continue;
      if (!here.value.is_array()) {
        faults_.add(here.line(), "wrong-kind",
                    fmt::format("'{}' of signals must be a list, found {}", list, kind_of(here.value)));
        continue;
      }
      std::string type = list;
      for (const auto& t : signal_types())
        if (t.yaml == list) type = t.name;
      for (std::size_t k = 0; k < here.value.as_array().size(); ++k) {
        Members m(here.part(k), fmt::format("a signal of {}", list), faults_);
        std::string name = m.text("name", true);
        p.signals.push_back({type, std::move(name), m.left(), m.where()});
      }
    }
  }

  void projections(Source lists, Policy& p) {
    Members m(lists, "projections", faults_);
    for (const auto& [yaml, kind] : kind_lists)
      m.list(yaml, [&, k = kind](Source s) {
        Members one(s, fmt::format("a {}", to_string(k)), faults_);
        std::string name = one.text("name", true);
        p.projections.push_back({k, std::move(name), one.left(), one.where()});
      });
    m.nothing_left({"partitions", "scores", "mappings"});
  }

  // {type, configuration}; settings may also stand beside the type.
  Step step(Members& m, std::string name) {
    Step out;
    const std::string type = m.text("type", true);
    out.name = name.empty() ? type : std::move(name);
    if (out.name != type) out.type = type;
    out.where = m.where();
    if (m.has("configuration")) {
      m.object("configuration", [&](Source s) { out.fields = s.value; });
      m.nothing_left({"type", "configuration"});
    } else {
      out.fields = m.left();
    }
    return out;
  }

  Decision decision(Source s) {
    Decision d;
    Members m(s, "a decision", faults_);
    d.name = m.text("name", true);
    d.where = m.where();
    m.call("decision '" + d.name + "'");
    d.description = m.text("description");
    d.priority = m.integer("priority", -most, most);
    d.tier = m.integer("tier", 0, most);
    m.take("rules", [&](Source r) {
      if (!r.value.is_null()) d.when = read_condition(r, m.what(), faults_);
    });
    m.list("modelRefs", [&](Source c) {
      Members one(c, fmt::format("a model of {}", m.what()), faults_);
      Candidate candidate;
      candidate.model = one.text("model", true);
      const Json fields = one.left();
      for (const auto& [key, value] : fields.as_object()) {
        std::string name = key;
        for (const auto& r : candidate_fields)
          if (key == r.yaml) name = r.ours;
        candidate.fields.set(std::move(name), value);
      }
      d.models.push_back(std::move(candidate));
    });
    Json beside = Json::Object{};
    m.object("algorithm", [&](Source a) {
      Members algorithm(a, fmt::format("the algorithm of {}", m.what()), faults_);
      Step out;
      out.name = algorithm.text("type", true);
      out.where = algorithm.where();
      if (out.name != "type") algorithm.object(out.name, [&](Source f) { out.fields = f.value; });
      beside = algorithm.left();
      d.algorithm = std::move(out);
    });
    m.list("plugins", [&](Source p) {
      Members plugin(p, fmt::format("a plugin of {}", m.what()), faults_);
      d.plugins.push_back(step(plugin, {}));
    });
    d.fields = m.left();
    if (!empty(beside)) d.fields.set("algorithm_more", std::move(beside));
    return d;
  }

  Faults& faults_;
};

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

Document read_yaml_policy(std::string_view text, std::string_view file, std::vector<Finding>& out) {
  Faults faults(file, out);
  SourceLines lines;
  Json root;
  try {
    root = json_from_yaml(text, file, &lines);
  } catch (const Error& e) {
    out.push_back({Finding::Level::error, "syntax", e.where(), e.message(), e.hint(), std::string()});
    return {};
  }
  return Reader(faults).document({root, &lines});
}

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
