#include "policy/language/toml_policy.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/toml.h"
#include "policy/language/expression.h"
#include "policy/language/parts.h"
#include "policy/language/source.h"

namespace wattline::policy {
namespace {

constexpr std::int64_t most = std::int64_t{1} << 53;

class Reader {
 public:
  explicit Reader(Faults& faults) : faults_(faults) {}

  Document document(Source root) {
    Document d;
    Members m(root, "the policy", faults_);
    d.main.where = m.where();
    m.object("routing", [&](Source s) {
      Members r(s, "routing", faults_);
      d.main.strategy = read_strategy(r);
      d.main.fields = r.left();
    });
    blocks(m, d.main);
    m.list("recipe", [&](Source s) {
      Members r(s, "a recipe", faults_);
      Policy p;
      p.name = r.text("name", true);
      p.where = r.where();
      r.call("recipe '" + p.name + "'");
      p.strategy = read_strategy(r);
      blocks(r, p);
      p.fields = r.left();
      d.recipes.push_back(std::move(p));
    });
    m.list("entry", [&](Source s) {
      Members e(s, "an entry", faults_);
      Document::Entry entry;
      entry.models = e.texts("models");
      entry.recipe = e.text("recipe");
      entry.fields = e.left();
      d.entries.push_back(std::move(entry));
    });
    d.rest = m.left();
    return d;
  }

 private:
  void blocks(Members& m, Policy& p) {
    m.list("signal", [&](Source s) {
      Members one(s, "a signal", faults_);
      Signal signal;
      signal.type = one.text("type", true);
      signal.name = one.text("name", true);
      signal.fields = one.left();
      signal.where = one.where();
      p.signals.push_back(std::move(signal));
    });
    m.list("projection", [&](Source s) {
      Members one(s, "a projection", faults_);
      Projection projection;
      const std::string kind = one.text("kind", true);
      if (!kind.empty() && !projection_kind(kind, projection.kind))
        one.fault("kind", "bad-value", fmt::format("is '{}'; partition, score and mapping are allowed", kind));
      projection.name = one.text("name", true);
      projection.fields = one.left();
      projection.where = one.where();
      p.projections.push_back(std::move(projection));
    });
    m.list("model", [&](Source s) {
      Members one(s, "a model", faults_);
      std::string name = one.text("name", true);
      p.cards.push_back({std::move(name), one.left(), one.where()});
    });
    m.list("plugin", [&](Source s) {
      Members one(s, "a plugin", faults_);
      Step step;
      step.name = one.text("name", true);
      step.type = one.text("type");
      if (step.type == step.name) step.type.clear();
      step.fields = one.left();
      step.where = one.where();
      p.plugins.push_back(std::move(step));
    });
    m.list("decision", [&](Source s) { p.decisions.push_back(decision(s)); });
    m.list("probe", [&](Source s) { p.probes.push_back(read_probe(s, faults_)); });
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
    m.take("when", [&](Source w) {
      if (!w.value.is_string()) {
        m.fault("when", "wrong-kind", fmt::format("must be an expression in quotes, found {}", kind_of(w.value)),
                "when = 'keyword(\"urgent\") and not domain(\"law\")'");
      } else if (auto c = parse_expression(w.value.as_string(), w.line(), m.what(), faults_)) {
        d.when = std::move(*c);
      }
    });
    m.list("models", [&](Source c) {
      const auto [name, fields] = named_or_table(c, "model", "a model of " + m.what());
      d.models.push_back({name, fields});
    });
    m.take("algorithm", [&](Source a) { d.algorithm = step(a, "the algorithm of " + m.what()); });
    m.list("plugins", [&](Source p) { d.plugins.push_back(step(p, "a plugin of " + m.what())); });
    d.fields = m.left();
    return d;
  }

  // "name", or a table that has the name under `key`.
  std::pair<std::string, Json> named_or_table(Source s, std::string_view key, const std::string& of) {
    if (s.value.is_string()) {
      if (s.value.as_string().empty()) faults_.add(s.line(), "missing-field", of + " is empty", "give it a name");
      return {s.value.as_string(), Json(Json::Object{})};
    }
    Members m(s, of, faults_);
    std::string name = m.text(key, s.value.is_object());
    return {std::move(name), m.left()};
  }

  Step step(Source s, const std::string& of) {
    auto [name, fields] = named_or_table(s, "use", of);
    return {std::move(name), {}, std::move(fields), faults_.where(s.line())};
  }

  Faults& faults_;
};

class Writer {
 public:
  std::string document(const Document& d) {
    for (const auto& [key, value] : d.rest.as_object()) {
      for (const char* own :
           {"routing", "signal", "projection", "model", "plugin", "decision", "probe", "recipe", "entry"})
        if (key == own)
          throw bad_input(fmt::format("the document has a field '{}', which this language needs for itself", key));
      if (!is_tables(value)) member(key, value);
    }
    if (d.main.strategy != Policy::Strategy::priority || !empty(d.main.fields)) {
      Json::Object routing;
      if (d.main.strategy != Policy::Strategy::priority)
        routing.emplace_back("strategy", std::string(to_string(d.main.strategy)));
      append_fields(routing, d.main.fields, "routing");
      table("[routing]", Json(std::move(routing)));
    }
    for (const auto& e : d.entries) {
      Json::Object entry;
      Json::Array models(e.models.begin(), e.models.end());
      entry.emplace_back("models", std::move(models));
      if (!e.recipe.empty()) entry.emplace_back("recipe", e.recipe);
      append_fields(entry, e.fields, "an entry");
      table("[[entry]]", Json(std::move(entry)));
    }
    policy(d.main, "");
    for (const auto& p : d.recipes) {
      const std::string of = "recipe '" + p.name + "'";
      Json::Object recipe{{"name", p.name}};
      if (p.strategy != Policy::Strategy::priority) recipe.emplace_back("strategy", std::string(to_string(p.strategy)));
      for (const char* own : {"signal", "projection", "model", "plugin", "decision", "probe"})
        if (p.fields.find(own))
          throw bad_input(fmt::format("{} has a field '{}', which this language needs for itself", of, own));
      append_fields(recipe, p.fields, of);
      table("[[recipe]]", Json(std::move(recipe)));
      policy(p, "recipe.");
    }
    for (const auto& [key, value] : d.rest.as_object())
      if (is_tables(value)) tables(key, value);
    return std::move(out_);
  }

 private:
  void member(std::string_view key, const Json& value) {
    if (value.is_null()) return;
    append_toml_key(out_, key);
    out_ += " = ";
    append_toml_value(out_, value);
    out_ += '\n';
  }

  // What is written as [tables] or [[lists of tables]]; all else stands on one line.
  static bool is_tables(const Json& v) {
    return v.is_object() ||
           (v.is_array() && !v.as_array().empty() &&
            std::all_of(v.as_array().begin(), v.as_array().end(), [](const Json& e) { return e.is_object(); }));
  }

  void tables(std::string_view key, const Json& value, const std::string& in = {}) {
    std::string path = in;
    append_toml_key(path, key);
    const auto one = [&](const std::string& title, const Json& fields) {
      // A table of tables alone needs no line of its own.
      const auto& all = fields.as_object();
      const bool stands = all.empty() || value.is_array() ||
                          std::any_of(all.begin(), all.end(), [](const auto& m) { return !is_tables(m.second); });
      if (stands) head(title);
      for (const auto& [k, v] : fields.as_object()) {
        if (is_tables(v)) continue;
        if (v.is_array() && !v.as_array().empty()) list(k, v.as_array());
        else member(k, v);
      }
      for (const auto& [k, v] : fields.as_object())
        if (is_tables(v)) tables(k, v, path + ".");
    };
    if (value.is_object()) return one("[" + path + "]", value);
    for (const auto& e : value.as_array()) one("[[" + path + "]]", e);
  }

  // A list with one element a line, where it is long.
  void list(std::string_view key, const Json::Array& all) {
    if (all.empty()) return;
    std::string flat;
    append_toml_value(flat, Json(all));
    append_toml_key(out_, key);
    out_ += " = ";
    if (flat.size() < 90) {
      out_ += flat + "\n";
      return;
    }
    out_ += "[\n";
    for (const auto& e : all) {
      out_ += "  ";
      append_toml_value(out_, e);
      out_ += ",\n";
    }
    out_ += "]\n";
  }

  void head(const std::string& name) { out_ += (out_.empty() ? "" : "\n") + name + "\n"; }

  void table(const std::string& name, const Json& fields) {
    head(name);
    for (const auto& [key, value] : fields.as_object()) {
      if (value.is_array()) list(key, value.as_array());
      else member(key, value);
      if (value.is_array() && value.as_array().empty()) member(key, value);
    }
  }

  void policy(const Policy& p, const std::string& in) {
    for (const auto& c : p.cards)
      table("[[" + in + "model]]", with({{"name", c.name}}, c.fields, "model '" + c.name + "'"));
    for (const auto& s : p.signals)
      table("[[" + in + "signal]]", with({{"type", s.type}, {"name", s.name}}, s.fields, "signal '" + s.name + "'"));
    for (const auto& s : p.projections)
      table("[[" + in + "projection]]", with({{"kind", std::string(to_string(s.kind))}, {"name", s.name}}, s.fields,
                                             "projection '" + s.name + "'"));
    for (const auto& s : p.plugins)
      table("[[" + in + "plugin]]",
            with({{"name", s.name}, {"type", s.type.empty() ? s.name : s.type}}, s.fields, "plugin '" + s.name + "'"));
    for (const auto& d : p.decisions) decision(d, in);
    for (const auto& one : p.probes) table("[[" + in + "probe]]", probe_json(one));
  }

  static Json with(Json::Object own, const Json& fields, const std::string& of) {
    append_fields(own, fields, of);
    return own;
  }

  static Json step(const Step& s, const std::string& of) {
    if (empty(s.fields)) return s.name;
    return with({{"use", s.name}}, s.fields, "'" + s.name + "' of " + of);
  }

  void decision(const Decision& d, const std::string& in) {
    const std::string of = "decision '" + d.name + "'";
    head("[[" + in + "decision]]");
    member("name", d.name);
    if (!d.description.empty()) member("description", d.description);
    if (d.priority) member("priority", d.priority);
    if (d.tier) member("tier", d.tier);
    if (!d.when.always()) when(expression_text(d.when, false));
    Json::Array models, plugins;
    for (const auto& c : d.models)
      models.push_back(empty(c.fields) ? Json(c.model) : with({{"model", c.model}}, c.fields, "a model of " + of));
    list("models", models);
    if (d.algorithm) member("algorithm", step(*d.algorithm, of));
    for (const auto& p : d.plugins) plugins.push_back(step(p, of));
    list("plugins", plugins);
    for (const auto& [key, value] : d.fields.as_object()) {
      for (const char* own : {"name", "description", "priority", "tier", "when", "models", "algorithm", "plugins"})
        if (key == own)
          throw bad_input(fmt::format("{} has a field '{}' beside its own, which TOML cannot hold", of, key));
      member(key, value);
    }
  }

  // Between single quotes the quotes of names need no escape.
  void when(const std::string& text) {
    if (text.find('\'') != text.npos || text.find('\n') != text.npos) return member("when", Json(text));
    out_ += "when = '" + text + "'\n";
  }

  std::string out_;
};

}  // namespace

Document read_toml_policy(std::string_view text, std::string_view file, std::vector<Finding>& out) {
  Faults faults(file, out);
  SourceLines lines;
  Json root;
  try {
    root = json_from_toml(text, file, &lines);
  } catch (const Error& e) {
    out.push_back({Finding::Level::error, "syntax", e.where(), e.message(), e.hint(), std::string()});
    return {};
  }
  return Reader(faults).document({root, &lines});
}

std::string write_toml_policy(const Document& d) { return Writer().document(d); }

}  // namespace wattline::policy
