#include "policy/language/condition.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/utf8.h"

namespace wattline::policy {
namespace {

constexpr int most_depth = 60;

std::string upper(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

Condition simplified(Condition c) {
  if ((c.kind == Condition::Kind::all || c.kind == Condition::Kind::any) && c.parts.size() == 1) {
    Condition only = std::move(c.parts[0]);
    return only;
  }
  return c;
}

Condition read_leaf(Members& m) {
  Condition c;
  c.kind = Condition::Kind::leaf;
  c.type = m.text("type", true);
  c.name = m.text("name", true);
  if (m.has("on_error")) {
    const std::string what = m.text("on_error");
    if (what == "match") c.on_error = true;
    else if (what != "no_match")
      m.fault("on_error", "bad-value", fmt::format("is '{}'; match and no_match are allowed", shown_text(what)));
  }
  m.nothing_left({"type", "name", "on_error"});
  return c;
}

Condition read_tree(Source s, const std::string& of, Faults& faults, int depth) {
  Condition c;
  if (depth > most_depth) {
    faults.add(s.line(), "too-deep", fmt::format("the condition of {} is deeper than {} levels", of, most_depth),
               "split it into projections");
    return c;
  }
  Members m(s, "the condition of " + of, faults);
  if (!s.value.is_object()) return c;
  if (!m.has("operator") && !m.has("conditions") && s.value.as_object().empty()) return c;
  if (!m.has("operator") && !m.has("conditions")) return read_leaf(m);
  const std::string op = upper(m.text("operator"));
  if (op == "OR") c.kind = Condition::Kind::any;
  else if (op == "NOT") c.kind = Condition::Kind::none;
  else if (op != "AND" && !op.empty())
    m.fault("operator", "bad-value", fmt::format("is '{}'; AND, OR and NOT are allowed", shown_text(op)));
  m.list("conditions", [&](Source part) { c.parts.push_back(read_tree(part, of, faults, depth + 1)); });
  m.nothing_left({"operator", "conditions"});
  if (c.kind == Condition::Kind::none) {
    if (c.parts.size() != 1) {
      faults.add(s.line(), "bad-value", fmt::format("NOT in {} has {} conditions; it takes one", of, c.parts.size()),
                 "put an OR of them inside the NOT");
      return {};
    }
    return c;
  }
  if (c.parts.empty()) {
    if (depth > 0)
      faults.add(s.line(), "missing-field", fmt::format("an empty {} inside {}", op.empty() ? "AND" : op, of),
                 "give it conditions or leave it out");
    return {};
  }
  return simplified(std::move(c));
}

// How tightly a kind binds.
int strength(const Condition& c) {
  switch (c.kind) {
    case Condition::Kind::any: return 0;
    case Condition::Kind::all: return 1;
    default: return 2;
  }
}

void print(std::string& out, const Condition& c, int outer, bool upper_case) {
  const int own = strength(c);
  // A group of the same kind inside keeps its own parentheses: it is a tree of its own.
  const bool grouped = own < outer;
  if (grouped) out += '(';
  switch (c.kind) {
    case Condition::Kind::leaf:
      out += c.type + '(';
      append_json_string(out, c.name);
      if (c.on_error) out += ", on_error: match";
      out += ')';
      break;
    case Condition::Kind::none:
      out += upper_case ? "NOT " : "not ";
      print(out, c.parts.at(0), 2, upper_case);
      break;
    default: {
      const char* word =
          c.kind == Condition::Kind::all ? (upper_case ? " AND " : " and ") : (upper_case ? " OR " : " or ");
      for (std::size_t i = 0; i < c.parts.size(); ++i) {
        if (i) out += word;
        print(out, c.parts[i], own + 1, upper_case);
      }
    }
  }
  if (grouped) out += ')';
}

class Parser {
 public:
  explicit Parser(TokenStream& tokens) : tokens_(tokens) {}

  Condition any() {
    if (++depth_ > most_depth) {
      throw SyntaxFault{tokens_.now().place, fmt::format("an expression deeper than {} levels", most_depth),
                        "split it into projections"};
    }
    Condition c = chain(Condition::Kind::any, "OR");
    --depth_;
    return c;
  }

 private:
  Condition chain(Condition::Kind kind, std::string_view word) {
    const auto part = [&] { return kind == Condition::Kind::any ? chain(Condition::Kind::all, "AND") : factor(); };
    Condition c;
    c.kind = kind;
    c.parts.push_back(part());
    while (tokens_.now().is_word(word)) {
      tokens_.take();
      c.parts.push_back(part());
    }
    return simplified(std::move(c));
  }

  Condition factor() {
    const Token& now = tokens_.now();
    if (now.is_word("NOT")) return negation();
    if (tokens_.take_if('(')) {
      Condition c = any();
      tokens_.expect(')', "after the condition in parentheses");
      return c;
    }
    // A name that begins a line without a bracket is what follows the expression.
    if (now.kind != Token::Kind::name || now.is_word("AND") || now.is_word("OR") ||
        (now.first && !tokens_.ahead().is('(')))
      tokens_.fail("a condition such as keyword(\"name\"), NOT or '('");
    return leaf();
  }

  Condition negation() {
    if (++depth_ > most_depth)
      throw SyntaxFault{tokens_.now().place, fmt::format("an expression deeper than {} levels", most_depth), ""};
    tokens_.take();
    Condition c;
    c.kind = Condition::Kind::none;
    c.parts.push_back(factor());
    --depth_;
    return c;
  }

  Condition leaf() {
    Condition c;
    c.kind = Condition::Kind::leaf;
    c.type = tokens_.take().raw;
    tokens_.expect('(', fmt::format("after the signal type {}", c.type));
    const Token name = tokens_.now();
    if (name.kind != Token::Kind::text && name.kind != Token::Kind::name)
      tokens_.fail("the name of a signal in quotes");
    tokens_.take();
    c.name = name.kind == Token::Kind::text ? name.value : std::string(name.raw);
    if (c.name.empty()) throw SyntaxFault{name.place, "an empty name of a signal", ""};
    tokens_.take_if(',');
    while (!tokens_.now().is(')')) {
      if (!tokens_.now().is_word("ON_ERROR")) tokens_.fail("')' or on_error", "a signal takes its name only");
      tokens_.take();
      tokens_.expect(':', "after on_error");
      const Token value = tokens_.take();
      const std::string_view v = value.kind == Token::Kind::text ? std::string_view(value.value) : value.raw;
      if (v != "match" && v != "no_match")
        throw SyntaxFault{value.place, fmt::format("on_error is {}", shown(value)), "match and no_match are allowed"};
      c.on_error = v == "match";
      tokens_.take_if(',');
    }
    tokens_.expect(')', fmt::format("after the name of the signal \"{}\"", shown_text(c.name)));
    return c;
  }

  TokenStream& tokens_;
  int depth_ = 0;
};

}  // namespace

Condition read_condition(Source s, const std::string& of, Faults& faults) { return read_tree(s, of, faults, 0); }

Json condition_json(const Condition& c) {
  if (c.kind == Condition::Kind::leaf) {
    Json::Object out{{"type", c.type}, {"name", c.name}};
    if (c.on_error) out.emplace_back("on_error", "match");
    return out;
  }
  Json::Array parts;
  for (const auto& part : c.parts) parts.push_back(condition_json(part));
  const char* op = c.kind == Condition::Kind::any ? "OR" : c.kind == Condition::Kind::none ? "NOT" : "AND";
  return Json::Object{{"operator", op}, {"conditions", std::move(parts)}};
}

Condition parse_expression(TokenStream& tokens) { return Parser(tokens).any(); }

std::optional<Condition> parse_expression(std::string_view text, std::uint32_t line, const std::string& of,
                                          Faults& faults) {
  try {
    TokenStream tokens(text);
    tokens.start();
    if (tokens.now().kind == Token::Kind::end) return Condition{};
    Condition c = parse_expression(tokens);
    if (tokens.now().kind != Token::Kind::end) tokens.fail("AND, OR or the end");
    return c;
  } catch (const SyntaxFault& f) {
    const std::uint32_t at = line ? line + f.place.line - 1 : 0;
    faults.add(at, "syntax", fmt::format("the condition of {}, character {}: {}", of, f.place.column, f.message),
               f.fix);
    return std::nullopt;
  }
}

std::string expression_text(const Condition& c, bool upper_case) {
  std::string out;
  if (!c.always()) print(out, c, 0, upper_case);
  return out;
}

// The token ahead may be one that cannot be read: it is told when it is reached.
const Token& TokenStream::ahead() {
  if (!ahead_ && !late_) {
    try {
      ahead_ = lexer_.next();
    } catch (SyntaxFault& f) {
      late_ = std::move(f);
    }
  }
  static const Token none;
  return ahead_ ? *ahead_ : none;
}

void TokenStream::pull() {
  if (ahead_) {
    now_ = std::move(*ahead_);
    ahead_.reset();
    return;
  }
  // What cannot be read leaves a token that is none, so that taking goes on behind it.
  now_ = {};
  now_.kind = Token::Kind::sign;
  if (late_) {
    SyntaxFault f = std::move(*late_);
    late_.reset();
    now_.place = f.place;
    throw f;
  }
  now_ = lexer_.next();
}

Token TokenStream::take() {
  if (now_.is('{') || now_.is('[') || now_.is('(')) ++depth_;
  if (now_.is('}') || now_.is(']') || now_.is(')')) --depth_;
  Token out = now_;
  pull();
  return out;
}

bool TokenStream::take_if(char sign) {
  if (!now_.is(sign)) return false;
  take();
  return true;
}

Token TokenStream::expect(char sign, std::string_view where) {
  if (!now_.is(sign)) fail(fmt::format("'{}' {}", sign, where));
  return take();
}

void TokenStream::fail(std::string_view wanted, std::string fix) const {
  throw SyntaxFault{now_.place, fmt::format("expected {}, found {}", wanted, shown(now_)), std::move(fix)};
}

}  // namespace wattline::policy
