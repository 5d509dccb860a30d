// ROUTE of the policy language: what a decision needs and does.
#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/utf8.h"
#include "policy/language/dsl_parser.h"
#include "policy/language/parts.h"

namespace wattline::policy {

void DslParser::route(Policy& p) {
  Decision d;
  d.where = where(here());
  d.name = name("a route");
  const std::string of = fmt::format("route {}", d.name);
  const Json all = options(of);
  for (const auto& [key, v] : all.as_object()) {
    if (key == "description" && v.is_string()) d.description = v.as_string();
    else d.fields.set(key, v);
  }
  tokens_.expect('{', "after the name of a route");
  const int level = tokens_.depth();
  while (!tokens_.now().is('}')) {
    const bool another = at_block_word() && !at_item_word();
    if (at_end() || another) {
      report({here(), fmt::format("expected '}}' at the end of {}, found {}", of, shown(tokens_.now())), ""});
      tokens_.set_depth(level - 1);
      p.decisions.push_back(std::move(d));
      return;
    }
    const Place before = here();
    try {
      route_item(d);
    } catch (const SyntaxFault& f) {
      report(f);
      if (here().line == before.line && here().column == before.column) skip();
      while (!at_end() && !(tokens_.now().first && at_item_word()) && !(at_block_word() && !at_item_word()) &&
             !(tokens_.now().is('}') && tokens_.depth() <= level))
        skip();
      tokens_.set_depth(level);
    }
  }
  tokens_.take();
  p.decisions.push_back(std::move(d));
}

void DslParser::route_item(Decision& d) {
  const Token word = tokens_.now();
  if (!at_item_word()) {
    const std::string fix = word.is_word("FOR") ? "list the models of the route by name" : "";
    throw SyntaxFault{word.place,
                      fmt::format("expected PRIORITY, TIER, WHEN, MODEL, ALGORITHM, PLUGIN, DESCRIPTION, ACTION, EMIT "
                                  "or '}}' in route {}, found {}",
                                  d.name, shown(word)),
                      fix};
  }
  tokens_.take();
  if (word.is_word("PRIORITY")) {
    d.priority = integer("PRIORITY");
  } else if (word.is_word("TIER")) {
    d.tier = integer("TIER");
    if (d.tier < 0) throw SyntaxFault{word.place, "TIER is negative; 0 and more are allowed", ""};
  } else if (word.is_word("WHEN")) {
    d.when = parse_expression(tokens_);
  } else if (word.is_word("MODEL")) {
    models(d);
  } else if (word.is_word("DESCRIPTION")) {
    d.description = name("a description in quotes");
  } else if (word.is_word("ACTION")) {
    action(d);
  } else if (word.is_word("EMIT")) {
    emit(d);
  } else {
    Step s;
    const bool plugin = word.is_word("PLUGIN");
    s.where = where(word.place);
    s.name = name(plugin ? "a plugin" : "an algorithm");
    if (tokens_.now().is('{')) s.fields = fields(fmt::format("{} {}", plugin ? "plugin" : "algorithm", s.name));
    if (plugin) d.plugins.push_back(std::move(s));
    else d.algorithm = std::move(s);
  }
}

void DslParser::models(Decision& d) {
  do {
    // A comma may stand behind the last.
    if (!d.models.empty() && (tokens_.now().is('}') || (tokens_.now().first && at_item_word()))) return;
    Candidate c;
    c.model = name("a model");
    c.fields = options(fmt::format("model {}", c.model));
    d.models.push_back(std::move(c));
  } while (tokens_.take_if(','));
}

// ACTION route "x"
void DslParser::action(Decision& d) {
  Json::Object out;
  out.emplace_back("type", name("the kind of an action"));
  out.emplace_back("destination", name("the destination of an action"));
  d.fields.set("action", std::move(out));
}

// EMIT retention { ... }
void DslParser::emit(Decision& d) {
  const std::string kind = name("what is emitted");
  Json::Object out{{"kind", kind}};
  out.emplace_back(kind == "kind" ? "fields" : kind, fields("EMIT " + kind));
  const Json* known = d.fields.find("emits");
  Json::Array all = known && known->is_array() ? known->as_array() : Json::Array{};
  all.push_back(Json(std::move(out)));
  d.fields.set("emits", std::move(all));
}

}  // namespace wattline::policy
