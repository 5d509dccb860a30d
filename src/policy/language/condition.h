// Conditions as trees of YAML and as expressions: the two ways in which documents write them.
//
// Where one part stands alone in an AND or OR it is that part, so that both ways give the same tree.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/json.h"
#include "policy/document.h"
#include "policy/finding.h"
#include "policy/language/lexer.h"
#include "policy/language/source.h"

namespace wattline::policy {

// {operator: AND | OR | NOT, conditions: [...]} or {type, name, on_error}. `of` names the decision in findings.
Condition read_condition(Source, const std::string& of, Faults&);
Json condition_json(const Condition&);

// OR binds weakest, then AND, then NOT; a leaf is type("name") or type("name", on_error: match); parentheses group.
//   keyword("urgent") AND NOT (domain("law") OR domain("health"))
// `next` gives the token at hand and pulls further ones; throws SyntaxFault.
class TokenStream;
Condition parse_expression(TokenStream&);
// A whole text; its first fault is a finding at `line`.
std::optional<Condition> parse_expression(std::string_view text, std::uint32_t line, const std::string& of, Faults&);
// With the fewest parentheses that keep the tree; an always true one is "".
std::string expression_text(const Condition&, bool upper_case = true);

// Tokens with one to look ahead. What cannot be read is thrown when it is reached, and passed: now() is then no token.
class TokenStream {
 public:
  explicit TokenStream(std::string_view source) : lexer_(source) {}
  void start() { pull(); }  // first of all
  const Token& now() const { return now_; }
  const Token& ahead();  // the one behind it
  Token take();
  Token expect(char sign, std::string_view where);  // throws SyntaxFault otherwise
  bool take_if(char sign);
  int depth() const { return depth_; }  // of open brackets
  void set_depth(int depth) { depth_ = depth; }
  [[noreturn]] void fail(std::string_view wanted, std::string fix = {}) const;  // "expected WANTED, found ..."

 private:
  void pull();
  Lexer lexer_;
  Token now_;
  std::optional<Token> ahead_;
  std::optional<SyntaxFault> late_;  // of the token ahead, thrown when it is reached
  int depth_ = 0;
};

}  // namespace wattline::policy
