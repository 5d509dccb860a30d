#include "policy/language/dsl_parser.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/error.h"
#include "kernel/utf8.h"
#include "policy/language/dsl.h"
#include "policy/language/parts.h"

namespace wattline::policy {
namespace {

// "did you mean 'ROUTE'?"
std::string meant(const Token& t, const std::vector<std::string>& words) {
  std::string upper(t.raw);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  const auto near = nearest(upper, words, 1);
  return near.empty() ? std::string() : fmt::format("did you mean '{}'?", near[0]);
}

}  // namespace

Document DslParser::program() {
  try {
    tokens_.start();
  } catch (const SyntaxFault& f) {
    report(f);
  }
  document_.main.where = file_;
  blocks(document_.main, false);
  return std::move(document_);
}

// Up to the end, or in a recipe to its brace.
void DslParser::blocks(Policy& p, bool in_recipe) {
  const int level = tokens_.depth();
  while (!at_end() && !(in_recipe && tokens_.now().is('}'))) {
    // These cannot stand in a recipe: its brace is missing.
    if (in_recipe && tokens_.now().first &&
        (tokens_.now().is_word("RECIPE") || tokens_.now().is_word("ENTRYPOINT") || tokens_.now().is_word("GLOBAL")))
      break;
    const Place before = here();
    try {
      block(p, in_recipe);
    } catch (const SyntaxFault& f) {
      report(f);
      if (here().line == before.line && here().column == before.column) skip();
      to_next_block(level);
    }
  }
}

void DslParser::block(Policy& p, bool in_recipe) {
  const Token word = tokens_.now();
  if (word.kind != Token::Kind::name || !one_of(word, block_words()))
    throw SyntaxFault{word.place,
                      fmt::format("expected one of {}, found {}", fmt::join(block_words(), ", "), shown(word)),
                      meant(word, block_words())};
  if (in_recipe && (word.is_word("BACKEND") || word.is_word("CONFIG")))
    throw SyntaxFault{word.place, fmt::format("{} cannot stand in a recipe", shown(word)),
                      "put it outside of the recipe"};
  tokens_.take();
  if (word.is_word("SIGNAL")) return signal(p);
  if (word.is_word("PROJECTION")) return projection(p);
  if (word.is_word("PLUGIN")) return plugin(p);
  if (word.is_word("ROUTE")) return route(p);
  if (word.is_word("TEST")) return test(p);
  if (word.is_word("RECIPE")) return recipe();
  if (word.is_word("ENTRYPOINT")) return entry();
  if (word.is_word("BACKEND")) return backend();
  if (word.is_word("ROUTING")) return routing(p, in_recipe);
  if (word.is_word("MODEL")) {
    Card c;
    c.where = where(word.place);
    c.name = name("a model");
    c.fields = fields("model " + c.name);
    p.cards.push_back(std::move(c));
    return;
  }
  config(word.is_word("GLOBAL"));
}

void DslParser::routing(Policy& p, bool in_recipe) {
  const Place place = here();
  const Json all = fields("ROUTING");
  Json left = Json::Object{};
  for (const auto& [key, v] : all.as_object()) {
    if (key != "strategy") left.set(key, v);
    else if (v == Json("confidence")) p.strategy = Policy::Strategy::confidence;
    else if (!(v == Json("priority")))
      report({place, "strategy is " + shown_text(v.dump()) + "; priority and confidence are allowed", ""});
  }
  if (empty(left)) return;
  if (in_recipe) p.fields.set("routing", std::move(left));
  else
    for (const auto& [key, v] : left.as_object()) p.fields.set(key, v);
}

void DslParser::signal(Policy& p) {
  Signal s;
  const Token type = tokens_.now();
  s.where = where(type.place);
  if (type.kind != Token::Kind::name) tokens_.fail("the type of a signal");
  s.type = tokens_.take().raw;
  s.name = name("a signal");
  s.fields = fields(fmt::format("signal {}", s.name));
  p.signals.push_back(std::move(s));
}

void DslParser::projection(Policy& p) {
  Projection one;
  const Token kind = tokens_.now();
  one.where = where(kind.place);
  if (!projection_kind(kind.raw, one.kind)) tokens_.fail("partition, score or mapping");
  tokens_.take();
  one.name = name("a projection");
  one.fields = fields(fmt::format("projection {}", one.name));
  p.projections.push_back(std::move(one));
}

void DslParser::plugin(Policy& p) {
  Step s;
  s.where = where(here());
  s.name = name("a plugin");
  s.type = name("the type of plugin " + s.name);
  if (s.type == s.name) s.type.clear();
  s.fields = fields(fmt::format("plugin {}", s.name));
  p.plugins.push_back(std::move(s));
}

void DslParser::test(Policy& p) {
  const std::string of = name("a test");
  tokens_.expect('{', "after the name of a test");
  while (!tokens_.take_if('}')) {
    Probe probe;
    probe.name = of;
    probe.where = where(here());
    if (tokens_.now().kind != Token::Kind::text) tokens_.fail("a prompt in quotes or '}'");
    probe.query = tokens_.take().value;
    if (tokens_.now().kind != Token::Kind::sign || (tokens_.now().raw != "->" && tokens_.now().raw != "\xE2\x86\x92"))
      tokens_.fail("'->' after a prompt");
    tokens_.take();
    probe.decision = name("a route");
    if (tokens_.now().is('{')) probe.fields = fields("a prompt");
    p.probes.push_back(std::move(probe));
  }
}

void DslParser::recipe() {
  Policy p;
  p.where = where(here());
  p.name = name("a recipe");
  const Place place = here();
  p.fields = options("recipe " + p.name);
  tokens_.expect('{', "after the name of a recipe");
  blocks(p, true);
  if (!tokens_.now().is('}')) {
    report({place, fmt::format("the recipe '{}' is not closed", shown_text(p.name)), "add '}' behind its last block"});
    tokens_.set_depth(0);
  } else {
    tokens_.take();
  }
  document_.recipes.push_back(std::move(p));
}

void DslParser::entry() {
  const Place place = here();
  Document::Entry e;
  const Json all = fields("ENTRYPOINT");
  for (const auto& [key, v] : all.as_object()) {
    if (key == "recipe" && v.is_string()) e.recipe = v.as_string();
    else if (key == "model_names" && v.is_array() &&
             std::all_of(v.as_array().begin(), v.as_array().end(), [](const Json& n) { return n.is_string(); }))
      for (const auto& n : v.as_array()) e.models.push_back(n.as_string());
    else if (key == "recipe" || key == "model_names")
      report({place, fmt::format("'{}' of ENTRYPOINT is {}", key, shown_text(v.dump())),
              "write model_names: [\"auto\"] and recipe: \"name\""});
    else e.fields.set(key, v);
  }
  document_.entries.push_back(std::move(e));
}

void DslParser::backend() {
  Json::Object out;
  out.emplace_back("type", name("the type of a backend"));
  out.emplace_back("name", name("a backend"));
  const Json all = fields("BACKEND");
  for (const auto& m : all.as_object()) out.push_back(m);
  const Json* known = document_.rest.find("backends");
  Json::Array backends = known && known->is_array() ? known->as_array() : Json::Array{};
  backends.push_back(Json(std::move(out)));
  document_.rest.set("backends", std::move(backends));
}

void DslParser::config(bool global) {
  Json all = fields(global ? "GLOBAL" : "CONFIG");
  if (global) document_.rest.set("global", std::move(all));
  else
    for (auto& [key, v] : all.as_object()) document_.rest.set(key, std::move(v));
}

Document read_dsl(std::string_view text, std::string_view file, std::vector<Finding>& faults) {
  constexpr std::size_t most_bytes = std::size_t{8} << 20;
  if (const std::size_t good = valid_utf8_prefix(text); text.size() > most_bytes || good < text.size()) {
    faults.push_back({Finding::Level::error, "syntax", std::string(file),
                      text.size() > most_bytes ? fmt::format("{} bytes; at most {} are read", text.size(), most_bytes)
                                               : fmt::format("not UTF-8 text at byte {}", good),
                      "", ""});
    return {};
  }
  return DslParser(text, file, faults).program();
}

}  // namespace wattline::policy
