// The tokens of a text, for recursive descent.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/language/lexer.h"

namespace wattline::policy {

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
