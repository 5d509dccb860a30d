// Tokens of the policy language: names, texts, numbers and signs, with their places. Comments run from # to the end of
// the line. A name begins with a letter or _ and goes on with letters, digits and _ - . / (and any other letter of
// Unicode); a text stands in double quotes with JSON's escapes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace wattline::policy {

struct Place {
  std::uint32_t line = 1, column = 1;  // from 1; columns are code points
};

struct Token {
  enum class Kind { name, text, number, sign, end };
  Kind kind = Kind::end;
  std::string_view raw;  // as it stands in the source
  std::string value;  // of a text, unescaped
  Place place;
  bool first = false;  // on its line

  bool is(char c) const { return kind == Kind::sign && raw.size() == 1 && raw[0] == c; }
  // Keywords are names; their case tells nothing.
  bool is_word(std::string_view upper) const;
};

// What cannot be read, thrown inside the parsers and turned into a finding where they go on.
struct SyntaxFault {
  Place place;
  std::string message, fix;
};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}
  Token next();  // throws SyntaxFault, having passed what it could not read

 private:
  Token text();
  Token number();
  bool skip_blank();
  void advance(std::size_t bytes);
  std::string escaped();

  std::string_view source_;
  std::size_t at_ = 0;
  Place place_;
};

// Whether a text can stand as a bare name.
bool is_name(std::string_view);
// For messages: "'{'", "the name x", "the end".
std::string shown(const Token&);

}  // namespace wattline::policy
