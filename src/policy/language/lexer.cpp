#include "policy/language/lexer.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/utf8.h"

namespace wattline::policy {
namespace {

bool begins_name(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80; }
bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
bool continues_name(unsigned char c) { return begins_name(c) || is_digit(c) || c == '-' || c == '.' || c == '/'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// "→" of the reference's tests.
constexpr std::string_view arrow = "\xE2\x86\x92";

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) put(c);
  else if (c < 0x800) put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  else if (c < 0x10000) put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  else put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
}

}  // namespace

bool Token::is_word(std::string_view word) const {
  return kind == Kind::name && raw.size() == word.size() &&
         std::equal(raw.begin(), raw.end(), word.begin(), [](char a, char b) { return upper(a) == b; });
}

bool is_name(std::string_view s) {
  return !s.empty() && begins_name(static_cast<unsigned char>(s[0])) && !s.starts_with(arrow) &&
         std::all_of(s.begin(), s.end(), [](char c) { return continues_name(static_cast<unsigned char>(c)); });
}

std::string shown(const Token& t) {
  switch (t.kind) {
    case Token::Kind::end: return "the end of the text";
    case Token::Kind::text: return fmt::format("the text \"{}\"", shown_text(t.value));
    default: return fmt::format("'{}'", shown_text(t.raw));
  }
}

void Lexer::advance(std::size_t bytes) {
  for (; bytes > 0 && at_ < source_.size(); --bytes, ++at_) {
    const auto c = static_cast<unsigned char>(source_[at_]);
    if (c == '\n') {
      ++place_.line;
      place_.column = 1;
    } else if ((c & 0xC0) != 0x80) {
      ++place_.column;
    }
  }
}

// Past white space and comments; true when a line began.
bool Lexer::skip_blank() {
  const auto line = place_.line;
  const bool start = at_ == 0;
  while (at_ < source_.size()) {
    const char c = source_[at_];
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v') {
      advance(1);
    } else if (c == '#') {
      const auto end = source_.find('\n', at_);
      advance((end == source_.npos ? source_.size() : end) - at_);
    } else {
      break;
    }
  }
  return start || place_.line != line;
}

Token Lexer::next() {
  Token t;
  t.first = skip_blank();
  t.place = place_;
  if (at_ >= source_.size()) return t;
  const auto c = static_cast<unsigned char>(source_[at_]);
  const std::string_view here = source_.substr(at_);
  const bool first = t.first;
  if (c == '"') {
    t = text();
    t.first = first;
    return t;
  }
  if (is_digit(c) || ((c == '-' || c == '+') && here.size() > 1 && is_digit(static_cast<unsigned char>(here[1])))) {
    t = number();
    t.first = first;
    return t;
  }
  std::size_t length = 1;
  t.kind = Token::Kind::sign;
  if (here.starts_with("->")) {
    length = 2;
  } else if (here.starts_with(arrow)) {
    length = arrow.size();
  } else if (begins_name(c)) {
    t.kind = Token::Kind::name;
    while (length < here.size() && continues_name(static_cast<unsigned char>(here[length])) &&
           !here.substr(length).starts_with(arrow))
      ++length;
  } else if (std::string_view("{}()[]:,=").find(static_cast<char>(c)) == std::string_view::npos) {
    if (c == '\'') {
      const std::size_t line = std::min(here.find('\n'), here.size()), end = here.find('\'', 1);
      advance(end < line ? end + 1 : 1);
      throw SyntaxFault{t.place, "a text in single quotes", "texts stand in double quotes"};
    }
    advance(1);
    throw SyntaxFault{t.place, fmt::format("'{}' has no meaning here", shown_text(here.substr(0, 1))), ""};
  }
  t.raw = here.substr(0, length);
  advance(length);
  return t;
}

Token Lexer::number() {
  Token t;
  t.kind = Token::Kind::number;
  t.place = place_;
  const std::string_view here = source_.substr(at_);
  std::size_t n = 1;
  const auto digits = [&] {
    while (n < here.size() && is_digit(static_cast<unsigned char>(here[n]))) ++n;
  };
  digits();
  if (n + 1 < here.size() && here[n] == '.' && is_digit(static_cast<unsigned char>(here[n + 1]))) ++n, digits();
  if (n < here.size() && (here[n] == 'e' || here[n] == 'E')) {
    std::size_t sign = n + 1;
    if (sign < here.size() && (here[sign] == '-' || here[sign] == '+')) ++sign;
    if (sign < here.size() && is_digit(static_cast<unsigned char>(here[sign]))) n = sign, digits();
  }
  std::size_t end = n;
  while (end < here.size() && continues_name(static_cast<unsigned char>(here[end]))) ++end;
  t.raw = here.substr(0, end);
  advance(end);
  if (end != n)
    throw SyntaxFault{t.place, fmt::format("'{}' is no number", shown_text(t.raw)),
                      fmt::format("put it in quotes: \"{}\"", shown_text(t.raw))};
  return t;
}

Token Lexer::text() {
  Token t;
  t.kind = Token::Kind::text;
  t.place = place_;
  const std::size_t from = at_;
  advance(1);
  while (at_ < source_.size() && source_[at_] != '"') {
    if (source_[at_] == '\\') {
      t.value += escaped();
    } else {
      t.value += source_[at_];
      advance(1);
    }
  }
  if (at_ >= source_.size()) throw SyntaxFault{t.place, "this text never ends", "close it with \""};
  advance(1);
  t.raw = source_.substr(from, at_ - from);
  return t;
}

std::string Lexer::escaped() {
  const Place place = place_;
  advance(1);
  if (at_ >= source_.size()) return {};
  const char c = source_[at_];
  advance(1);
  switch (c) {
    case 'n': return "\n";
    case 't': return "\t";
    case 'r': return "\r";
    case 'b': return "\b";
    case 'f': return "\f";
    case '"':
    case '\\':
    case '/': return std::string(1, c);
    case 'u': break;
    default: {
      // The text goes on behind it, so that one wrong escape is one finding.
      while (at_ < source_.size() && source_[at_] != '"' && source_[at_] != '\n') advance(source_[at_] == '\\' ? 2 : 1);
      advance(1);
      throw SyntaxFault{place, fmt::format("unknown escape \\{} in a text", shown_text(std::string_view(&c, 1))),
                        "write \\\\ for a backslash"};
    }
  }
  const auto four = [&]() -> std::uint32_t {
    std::uint32_t out = 0;
    for (int i = 0; i < 4; ++i) {
      const char h = at_ < source_.size() ? upper(source_[at_]) : ' ';
      if (!is_digit(static_cast<unsigned char>(h)) && (h < 'A' || h > 'F'))
        throw SyntaxFault{place, "\\u wants four hexadecimal digits", "for example \\u00e9"};
      out = out * 16 + static_cast<std::uint32_t>(h <= '9' ? h - '0' : h - 'A' + 10);
      advance(1);
    }
    return out;
  };
  std::uint32_t code = four();
  if (code >= 0xD800 && code < 0xDC00 && source_.substr(at_).starts_with("\\u")) {
    advance(2);
    const std::uint32_t low = four();
    code = low >= 0xDC00 && low < 0xE000 ? 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00) : 0xD800;
  }
  if (code >= 0xD800 && code < 0xE000)
    throw SyntaxFault{place, "\\u is half a character", "write the character itself"};
  std::string out;
  append_utf8(out, code);
  return out;
}

}  // namespace wattline::policy
