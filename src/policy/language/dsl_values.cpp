// Names, values and fields of the policy language, and how its parser goes on behind a fault.
#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "kernel/utf8.h"
#include "policy/language/dsl_parser.h"

namespace wattline::policy {
namespace {

constexpr std::size_t most_faults = 100;
constexpr int most_depth = 60;

}  // namespace

const std::vector<std::string>& block_words() {
  static const std::vector<std::string> all = {"SIGNAL", "PROJECTION", "MODEL",   "PLUGIN", "ROUTE",   "TEST",
                                               "RECIPE", "ENTRYPOINT", "BACKEND", "GLOBAL", "ROUTING", "CONFIG"};
  return all;
}
const std::vector<std::string>& item_words() {
  static const std::vector<std::string> all = {"PRIORITY", "TIER",   "WHEN",        "MODEL", "ALGORITHM",
                                               "PLUGIN",   "ACTION", "DESCRIPTION", "EMIT"};
  return all;
}

bool one_of(const Token& t, const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), [&](const auto& w) { return t.is_word(w); });
}

std::string DslParser::where(Place p) const { return fmt::format("{}:{}:{}", file_, p.line, p.column); }

void DslParser::report(const SyntaxFault& f) {
  if (++reported_ > most_faults) return;
  const bool last = reported_ == most_faults;
  faults_.push_back({Finding::Level::error, "syntax", where(f.place),
                     last ? f.message + "; further faults are not shown" : f.message, f.fix, std::string()});
}

void DslParser::skip() {
  try {
    tokens_.take();
  } catch (const SyntaxFault& f) {
    report(f);
  }
}

// A word that begins a block, on a line of its own, and no field of that name.
bool DslParser::at_block_word() {
  const Token& now = tokens_.now();
  return now.first && one_of(now, block_words()) && !tokens_.ahead().is(':') && !tokens_.ahead().is('=');
}

bool DslParser::at_item_word() const { return one_of(tokens_.now(), item_words()); }

// To a token with which a block may begin, or to the brace that closes what holds the block.
void DslParser::to_next_block(int level) {
  while (!at_end() && !at_block_word()) {
    if (tokens_.now().is('}') && tokens_.depth() <= level && level > 0) break;
    skip();
  }
  tokens_.set_depth(level);
}

// To the next field at that level: by brackets, or by its column when these do not match. False: the fields end.
bool DslParser::to_next_field(int level, std::uint32_t column) {
  while (!at_end()) {
    const Token& now = tokens_.now();
    const bool in_line = now.first && now.place.column <= column;
    if (at_block_word()) break;
    if (now.is('}') && (tokens_.depth() <= level || (now.first && now.place.column < column))) {
      tokens_.set_depth(level);
      return true;
    }
    if (now.kind == Token::Kind::name && (in_line || (now.first && tokens_.depth() == level)) &&
        tokens_.ahead().is(':')) {
      tokens_.set_depth(level);
      return true;
    }
    skip();
  }
  tokens_.set_depth(level - 1);
  return false;
}

std::string DslParser::name(std::string_view of) {
  const Token now = tokens_.now();
  if (now.kind != Token::Kind::name && now.kind != Token::Kind::text) tokens_.fail(fmt::format("the name of {}", of));
  tokens_.take();
  return now.kind == Token::Kind::text ? now.value : std::string(now.raw);
}

std::int64_t DslParser::integer(std::string_view of) {
  const Token now = tokens_.now();
  const Json v = now.kind == Token::Kind::number ? value() : Json();
  if (!v.is_integer())
    throw SyntaxFault{now.place, fmt::format("{} takes a whole number, found {}", of, shown(now)), ""};
  return v.as_integer();
}

Json DslParser::value() {
  struct Deeper {
    int& depth;
    explicit Deeper(int& d) : depth(d) { ++depth; }
    ~Deeper() { --depth; }
  } deeper(depth_);
  const Token now = tokens_.now();
  if (depth_ > most_depth) throw SyntaxFault{now.place, fmt::format("values deeper than {} levels", most_depth), ""};
  switch (now.kind) {
    case Token::Kind::text: tokens_.take(); return Json(now.value);
    case Token::Kind::name:
      tokens_.take();
      if (now.raw == "true") return Json(true);
      if (now.raw == "false") return Json(false);
      if (now.raw == "null") return Json();
      return Json(now.raw);
    case Token::Kind::number: {
      tokens_.take();
      const std::string_view s = now.raw.substr(now.raw[0] == '+');
      if (s.find_first_of(".eE") == s.npos) {
        std::int64_t i = 0;
        const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), i);
        if (error == std::errc() && end == s.data() + s.size()) return Json(i);
      }
      double d = 0;
      const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), d);
      if (error != std::errc() || end != s.data() + s.size() || !std::isfinite(d))
        throw SyntaxFault{now.place, fmt::format("the number {} is out of range", shown_text(s)), ""};
      return Json(d);
    }
    default: break;
  }
  if (now.is('{')) {
    tokens_.take();
    Json::Object out;
    while (!tokens_.take_if('}')) {
      auto [key, v] = field("an inner value", ':');
      out.emplace_back(std::move(key), std::move(v));
      tokens_.take_if(',');
    }
    return out;
  }
  if (now.is('[')) {
    tokens_.take();
    Json::Array out;
    while (!tokens_.take_if(']')) {
      out.push_back(value());
      if (!tokens_.take_if(',') && !tokens_.now().is(']')) tokens_.fail("',' or ']' in a list");
    }
    return out;
  }
  tokens_.fail("a value");
}

std::pair<std::string, Json> DslParser::field(std::string_view of, char sign) {
  const Token key = tokens_.now();
  if ((key.kind != Token::Kind::name && key.kind != Token::Kind::text) || at_block_word())
    tokens_.fail(fmt::format("a field of {} or '{}'", of, sign == ':' ? '}' : ')'));
  tokens_.take();
  tokens_.expect(sign, fmt::format("after the field {}", shown(key)));
  Json v = value();
  return {key.kind == Token::Kind::text ? key.value : std::string(key.raw), std::move(v)};
}

Json DslParser::fields(std::string_view of) {
  tokens_.expect('{', fmt::format("after {}", of));
  const int level = tokens_.depth();
  Json::Object out;
  while (!tokens_.now().is('}')) {
    const Token key = tokens_.now();
    try {
      auto [name, v] = field(of, ':');
      if (std::any_of(out.begin(), out.end(), [&, &n = name](const auto& m) { return m.first == n; }))
        report({key.place, fmt::format("field '{}' of {} stands twice", shown_text(name), of), "leave one out"});
      else out.emplace_back(std::move(name), std::move(v));
      tokens_.take_if(',');
    } catch (const SyntaxFault& f) {
      report(f);
      if (!to_next_field(level, key.place.column)) return out;
    }
  }
  tokens_.take();
  return out;
}

Json DslParser::options(std::string_view of) {
  Json::Object out;
  if (!tokens_.take_if('(')) return out;
  while (!tokens_.take_if(')')) {
    auto [name, v] = field(fmt::format("{} in parentheses", of), '=');
    out.emplace_back(std::move(name), std::move(v));
    tokens_.take_if(',');
  }
  return out;
}

}  // namespace wattline::policy
