#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "policy/language/dsl.h"
#include "policy/language/expression.h"
#include "policy/language/parts.h"

namespace wattline::policy {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string name(std::string_view s) { return is_name(s) ? std::string(s) : quoted(s); }
// A bare true, false or null is none.
std::string key(std::string_view s) { return name(s); }

std::string value(const Json& v) {
  if (v.is_array()) {
    std::string out = "[";
    for (std::size_t i = 0; i < v.as_array().size(); ++i) out += (i ? ", " : "") + value(v.as_array()[i]);
    return out + "]";
  }
  if (v.is_object()) {
    if (v.as_object().empty()) return "{}";
    std::string out = "{ ";
    bool first = true;
    for (const auto& [k, member] : v.as_object()) {
      out += (first ? "" : ", ") + key(k) + ": " + value(member);
      first = false;
    }
    return out + " }";
  }
  return v.is_string() ? quoted(v.as_string()) : v.dump();
}

// Of options in parentheses: `fields`, with a description before them.
std::string options(const std::string& description, const Json& fields, const std::vector<std::string>& without = {}) {
  std::string out;
  const auto add = [&](std::string_view k, const std::string& v) {
    out += (out.empty() ? "" : ", ") + key(k) + " = " + v;
  };
  if (!description.empty()) add("description", quoted(description));
  for (const auto& [k, v] : fields.as_object())
    if (std::find(without.begin(), without.end(), k) == without.end()) add(k, value(v));
  return out.empty() ? out : " (" + out + ")";
}

class Printer {
 public:
  explicit Printer(DslStyle style) : style_(style) {}

  std::string document(const Document& d) {
    rest(d.rest, true);
    policy(d.main, d.main.fields);
    for (const auto& e : d.entries) {
      Json::Object all;
      Json::Array models(e.models.begin(), e.models.end());
      all.emplace_back("model_names", std::move(models));
      if (!e.recipe.empty()) all.emplace_back("recipe", e.recipe);
      append_fields(all, e.fields, "an entry point");
      block("ENTRYPOINT", Json(std::move(all)));
    }
    for (const auto& p : d.recipes) recipe(p);
    rest(d.rest, false);
    return std::move(out_);
  }

 private:
  void line(const std::string& text) { out_ += std::string(2 * static_cast<std::size_t>(depth_), ' ') + text + "\n"; }
  void gap() {
    if (!out_.empty() && !out_.ends_with("{\n")) out_ += '\n';
  }

  void fields(const Json& all) {
    ++depth_;
    for (const auto& [k, v] : all.as_object()) line(key(k) + ": " + value(v));
    --depth_;
  }

  // A block of fields; `inner` stands within another and needs no gap.
  void block(const std::string& head, const Json& all, bool inner = false) {
    if (!inner) gap();
    if (empty(all)) return line(head + " {}");
    line(head + " {");
    fields(all);
    line("}");
  }

  static bool is_backends(const Json& v) {
    return v.is_array() && !v.as_array().empty() &&
           std::all_of(v.as_array().begin(), v.as_array().end(), [](const Json& b) {
             const auto text = [&](const char* k) {
               return b.find(k) && b.find(k)->is_string() && !b.at(k).as_string().empty();
             };
             return b.is_object() && text("type") && text("name") && b.as_object()[0].first == "type" &&
                    b.as_object()[1].first == "name";
           });
  }

  // What a configuration has besides its policies: before them what has no block of its own, behind them the rest.
  void rest(const Json& all, bool before) {
    Json::Object config;
    for (const auto& [k, v] : all.as_object()) {
      if (k == "global" && v.is_object()) {
        if (!before) block("GLOBAL", v);
      } else if (k == "backends" && is_backends(v)) {
        if (before) continue;
        for (const auto& b : v.as_array()) {
          Json::Object others(b.as_object().begin() + 2, b.as_object().end());
          block(fmt::format("BACKEND {} {}", name(b.at("type").as_string()), name(b.at("name").as_string())),
                Json(std::move(others)));
        }
      } else {
        config.emplace_back(k, v);
      }
    }
    if (before && style_.config && !config.empty()) block("CONFIG", Json(std::move(config)));
  }

  void recipe(const Policy& p) {
    Json inner = Json::Object{};
    if (const Json* r = p.fields.find("routing"); r && r->is_object()) inner = *r;
    gap();
    line(fmt::format(
        "RECIPE {}{} {{", name(p.name),
        options({}, p.fields, empty(inner) ? std::vector<std::string>{} : std::vector<std::string>{"routing"})));
    ++depth_;
    policy(p, inner);
    --depth_;
    line("}");
  }

  void policy(const Policy& p, const Json& more) {
    Json::Object routing;
    if (p.strategy != Policy::Strategy::priority) routing.emplace_back("strategy", std::string(to_string(p.strategy)));
    append_fields(routing, more, "routing");
    if (!routing.empty()) block("ROUTING", Json(std::move(routing)));
    for (const auto& s : p.signals) block(fmt::format("SIGNAL {} {}", s.type, name(s.name)), s.fields);
    for (const auto& s : p.projections)
      block(fmt::format("PROJECTION {} {}", to_string(s.kind), name(s.name)), s.fields);
    for (const auto& c : p.cards) block("MODEL " + name(c.name), c.fields);
    for (const auto& s : p.plugins)
      block(fmt::format("PLUGIN {} {}", name(s.name), name(s.type.empty() ? s.name : s.type)), s.fields);
    for (const auto& d : p.decisions) route(d);
    tests(p.probes);
  }

  void route(const Decision& d) {
    const Json* action = d.fields.find("action");
    const Json* emits = d.fields.find("emits");
    std::vector<std::string> without;
    if (action && is_action(*action)) without.push_back("action");
    if (emits && is_emits(*emits)) without.push_back("emits");
    if (d.fields.find("description")) throw bad_input("decision '" + d.name + "' has two descriptions");
    gap();
    line(fmt::format("ROUTE {}{} {{", name(d.name), options(d.description, d.fields, without)));
    ++depth_;
    if (d.priority) line(fmt::format("PRIORITY {}", d.priority));
    if (d.tier) line(fmt::format("TIER {}", d.tier));
    if (!d.when.always()) line("WHEN " + expression_text(d.when));
    for (std::size_t i = 0; i < d.models.size(); ++i)
      line(fmt::format("{}{}{}{}", i ? "      " : "MODEL ", quoted(d.models[i].model), options({}, d.models[i].fields),
                       i + 1 < d.models.size() ? "," : ""));
    if (d.algorithm) step("ALGORITHM", *d.algorithm);
    for (const auto& p : d.plugins) step("PLUGIN", p);
    if (action && is_action(*action))
      line(fmt::format("ACTION {} {}", name(action->at("type").as_string()),
                       quoted(action->at("destination").as_string())));
    if (emits && is_emits(*emits))
      for (const auto& e : emits->as_array())
        block("EMIT " + name(e.at("kind").as_string()), e.as_object()[1].second, true);
    --depth_;
    line("}");
  }

  void step(const std::string& word, const Step& s) {
    if (empty(s.fields)) line(fmt::format("{} {}", word, name(s.name)));
    else block(fmt::format("{} {}", word, name(s.name)), s.fields, true);
  }

  static bool is_action(const Json& v) {
    return v.is_object() && v.as_object().size() == 2 && v.as_object()[0].first == "type" &&
           v.as_object()[0].second.is_string() && v.as_object()[1].first == "destination" &&
           v.as_object()[1].second.is_string();
  }
  static bool is_emits(const Json& v) {
    return v.is_array() && !v.as_array().empty() &&
           std::all_of(v.as_array().begin(), v.as_array().end(), [](const Json& e) {
             if (!e.is_object() || e.as_object().size() != 2) return false;
             const auto& m = e.as_object();
             return m[0].first == "kind" && m[0].second.is_string() && m[0].second.as_string() != "kind" &&
                    m[1].first == m[0].second.as_string() && m[1].second.is_object();
           });
  }

  // Those of one name that follow each other are one test.
  void tests(const std::vector<Probe>& probes) {
    for (std::size_t i = 0; i < probes.size();) {
      gap();
      line(fmt::format("TEST {} {{", name(probes[i].name)));
      ++depth_;
      const std::string of = probes[i].name;
      for (; i < probes.size() && probes[i].name == of; ++i)
        line(fmt::format("{} -> {}{}", quoted(probes[i].query), name(probes[i].decision),
                         empty(probes[i].fields) ? "" : " " + value(probes[i].fields)));
      --depth_;
      line("}");
    }
  }

  DslStyle style_;
  std::string out_;
  int depth_ = 0;
};

}  // namespace

std::string write_dsl(const Document& d, DslStyle style) { return Printer(style).document(d); }

}  // namespace wattline::policy
