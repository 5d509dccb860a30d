#include "policy/language/yaml_policy.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/yaml.h"
#include "policy/language/condition.h"
#include "policy/language/parts.h"
#include "policy/language/source.h"
#include "policy/language/yaml_names.h"

namespace wattline::policy {
namespace {

constexpr std::int64_t most = std::int64_t{1} << 53;

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

}  // namespace wattline::policy
