#include "policy/language/token_stream.h"

#include <fmt/format.h>

namespace wattline::policy {

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
