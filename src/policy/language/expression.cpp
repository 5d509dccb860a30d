#include "policy/language/expression.h"

#include <fmt/format.h>

#include "kernel/utf8.h"
#include "policy/language/condition.h"

namespace wattline::policy {
namespace {

constexpr int most_depth = 60;

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

}  // namespace wattline::policy
