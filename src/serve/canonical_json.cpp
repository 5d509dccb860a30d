#include "serve/canonical_json.h"

#include <algorithm>
#include <charconv>

#include "kernel/utf8.h"

namespace wattline::serve {
namespace {

constexpr std::size_t max_depth = 128;  // as of the reader of requests
constexpr std::size_t max_exponent_digits = 9;
constexpr std::int64_t max_exponent = 999'999'999;
constexpr std::string_view not_json = "not JSON";

bool digit(char c) { return c >= '0' && c <= '9'; }

int hex(char c) {
  if (digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&](std::uint32_t b) { out += static_cast<char>(b); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 63));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 63));
    put(0x80 | (c & 63));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 63));
    put(0x80 | (c >> 6 & 63));
    put(0x80 | (c & 63));
  }
}

// One way to write each character: escaped only where JSON asks for it.
void append_character(std::string& out, std::uint32_t c) {
  if (c == '"' || c == '\\') {
    out += '\\';
    out += static_cast<char>(c);
  } else if (c < 0x20) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += "\\u00";
    out += digits[c >> 4];
    out += digits[c & 15];
  } else {
    append_utf8(out, c);
  }
}

}  // namespace

void CanonicalJson::skip_space() {
  while (at_ < in_.size() && (in_[at_] == ' ' || in_[at_] == '\t' || in_[at_] == '\n' || in_[at_] == '\r')) ++at_;
}

bool CanonicalJson::take(char c) {
  if (at_ >= in_.size() || in_[at_] != c) return false;
  ++at_;
  return true;
}

// What follows a backslash.
bool CanonicalJson::take_escape() {
  if (at_ >= in_.size()) return false;
  const char c = in_[at_++];
  constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
  if (const auto i = letters.find(c); i != std::string_view::npos) {
    append_character(texts_, static_cast<unsigned char>(meanings[i]));
    return true;
  }
  const auto unit = [&](std::uint32_t& out) {
    if (in_.size() - at_ < 4) return false;
    out = 0;
    for (int i = 0; i < 4; ++i) {
      const int h = hex(in_[at_++]);
      if (h < 0) return false;
      out = out << 4 | static_cast<std::uint32_t>(h);
    }
    return true;
  };
  std::uint32_t high = 0, low = 0;
  if (c != 'u' || !unit(high)) return false;
  if (high >= 0xDC00 && high < 0xE000) return false;
  if (high >= 0xD800 && high < 0xDC00) {
    if (!take('\\') || !take('u') || !unit(low) || low < 0xDC00 || low >= 0xE000) return false;
    high = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  }
  append_character(texts_, high);
  return true;
}

std::string_view CanonicalJson::take_string(std::uint32_t& begin, std::uint32_t& size) {
  if (!take('"')) return not_json;
  begin = static_cast<std::uint32_t>(texts_.size());
  texts_ += '"';
  while (true) {
    std::size_t plain = at_;
    while (plain < in_.size() && in_[plain] != '"' && in_[plain] != '\\' &&
           static_cast<unsigned char>(in_[plain]) >= 0x20)
      ++plain;
    texts_.append(in_, at_, plain - at_);
    at_ = plain;
    if (take('"')) break;
    if (!take('\\') || !take_escape()) return not_json;
  }
  texts_ += '"';
  size = static_cast<std::uint32_t>(texts_.size()) - begin;
  return {};
}

// As digits without zeros at either end, times a power of ten: -0.0250e3 is -25, 100 is 1e2.
std::string_view CanonicalJson::take_number(std::uint32_t& begin, std::uint32_t& size) {
  const bool negative = take('-');
  const std::size_t whole = at_;
  while (at_ < in_.size() && digit(in_[at_])) ++at_;
  const std::size_t whole_size = at_ - whole;
  if (whole_size == 0 || (whole_size > 1 && in_[whole] == '0')) return not_json;
  std::string digits(in_.substr(whole, whole_size));
  std::int64_t exponent = 0;
  if (take('.')) {
    const std::size_t part = at_;
    while (at_ < in_.size() && digit(in_[at_])) ++at_;
    if (at_ == part) return not_json;
    digits += in_.substr(part, at_ - part);
    exponent = -static_cast<std::int64_t>(at_ - part);
  }
  if (take('e') || take('E')) {
    const bool down = take('-');
    if (!down) take('+');
    const std::size_t part = at_;
    while (at_ < in_.size() && digit(in_[at_])) ++at_;
    if (at_ == part) return not_json;
    std::string_view given = in_.substr(part, at_ - part);
    given.remove_prefix(std::min(given.find_first_not_of('0'), given.size()));
    if (given.size() > max_exponent_digits) return "an exponent out of range";
    std::int64_t e = 0;
    std::from_chars(given.data(), given.data() + given.size(), e);
    exponent += down ? -e : e;
  }
  begin = static_cast<std::uint32_t>(texts_.size());
  const std::size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) {
    texts_ += '0';
  } else {
    const std::size_t last = digits.find_last_not_of('0');
    exponent += static_cast<std::int64_t>(digits.size() - 1 - last);
    if (exponent > max_exponent || exponent < -max_exponent) return "an exponent out of range";
    if (negative) texts_ += '-';
    texts_.append(digits, first, last - first + 1);
    if (exponent != 0) texts_.append("e").append(std::to_string(exponent));
  }
  size = static_cast<std::uint32_t>(texts_.size()) - begin;
  return {};
}

std::string_view CanonicalJson::take_children(std::uint32_t of, bool named, std::size_t depth) {
  const char end = named ? '}' : ']';
  skip_space();
  if (take(end)) return {};
  std::uint32_t previous = none;
  while (true) {
    Node name;
    skip_space();
    if (named) {
      if (auto e = take_string(name.key_begin, name.key_size); !e.empty()) return e;
      skip_space();
      if (!take(':')) return not_json;
    }
    std::uint32_t child = none;
    if (auto e = take_value(child, depth); !e.empty()) return e;
    nodes_[child].key_begin = name.key_begin;
    nodes_[child].key_size = name.key_size;
    (previous == none ? nodes_[of].first : nodes_[previous].next) = child;
    previous = child;
    skip_space();
    if (take(end)) return {};
    if (!take(',')) return not_json;
  }
}

std::string_view CanonicalJson::take_value(std::uint32_t& made, std::size_t depth) {
  if (depth > max_depth) return "nested too deeply";
  skip_space();
  if (at_ >= in_.size()) return not_json;
  made = static_cast<std::uint32_t>(nodes_.size());
  nodes_.emplace_back();
  const char c = in_[at_];
  if (c == '{' || c == '[') {
    ++at_;
    nodes_[made].kind = c == '{' ? Kind::object : Kind::array;
    return take_children(made, c == '{', depth + 1);
  }
  std::uint32_t begin = 0, size = 0;
  std::string_view e;
  if (c == '"') {
    e = take_string(begin, size);
  } else if (c == '-' || digit(c)) {
    e = take_number(begin, size);
  } else {
    e = not_json;
    for (std::string_view word : {"true", "false", "null"})
      if (in_.substr(at_).starts_with(word)) {
        at_ += word.size();
        begin = static_cast<std::uint32_t>(texts_.size());
        size = static_cast<std::uint32_t>(word.size());
        texts_ += word;
        e = {};
      }
  }
  nodes_[made].text_begin = begin;
  nodes_[made].text_size = size;
  return e;
}

std::string_view CanonicalJson::parse(std::string_view json) {
  in_ = json;
  at_ = 0;
  nodes_.clear();
  texts_.clear();
  if (json.size() > UINT32_MAX / 8 || valid_utf8_prefix(json) != json.size()) return not_json;
  texts_.reserve(json.size());
  std::uint32_t made = none;
  auto e = take_value(made, 0);
  skip_space();
  if (e.empty() && at_ != in_.size()) e = not_json;
  if (!e.empty()) nodes_.clear();
  return e;
}

const CanonicalJson::Node* CanonicalJson::find(const Node& object, std::string_view quoted_key) const {
  for (auto i = object.first; i != none; i = nodes_[i].next)
    if (key(nodes_[i]) == quoted_key) return &nodes_[i];
  return nullptr;
}

bool CanonicalJson::append_members(std::string& out, std::vector<std::uint32_t> list) const {
  std::sort(list.begin(), list.end(), [&](auto a, auto b) { return key(nodes_[a]) < key(nodes_[b]); });
  out += '{';
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Node& n = nodes_[list[i]];
    if (i > 0) {
      if (key(nodes_[list[i - 1]]) == key(n)) return false;
      out += ',';
    }
    out += key(n);
    out += ':';
    if (!append(out, n)) return false;
  }
  out += '}';
  return true;
}

bool CanonicalJson::append(std::string& out, const Node& n) const {
  if (n.kind == Kind::scalar) {
    out += text(n);
    return true;
  }
  if (n.kind == Kind::object) return append_object(out, n, [](const Node&) { return false; });
  out += '[';
  for (auto i = n.first; i != none; i = nodes_[i].next) {
    if (i != n.first) out += ',';
    if (!append(out, nodes_[i])) return false;
  }
  out += ']';
  return true;
}

}  // namespace wattline::serve
