#include "meter/top/keys.h"

#include "kernel/utf8.h"

namespace wattline::meter {
namespace {

constexpr std::size_t longest_sequence = 32;
constexpr char esc = '\x1b';

// The key of "ESC [ ... final" or "ESC O final"; false for one we do not know.
bool known_sequence(std::string_view parameters, char final, Key& out) {
  using Kind = Key::Kind;
  switch (final) {
    case 'A': out.kind = Kind::up; return true;
    case 'B': out.kind = Kind::down; return true;
    case 'C': out.kind = Kind::right; return true;
    case 'D': out.kind = Kind::left; return true;
    case 'H': out.kind = Kind::home; return true;
    case 'F': out.kind = Kind::end; return true;
    case '~':
      if (parameters.starts_with('5')) out.kind = Kind::page_up;
      else if (parameters.starts_with('6')) out.kind = Kind::page_down;
      else if (parameters.starts_with('1') || parameters.starts_with('7')) out.kind = Kind::home;
      else if (parameters.starts_with('4') || parameters.starts_with('8')) out.kind = Kind::end;
      else return false;
      return true;
    default: return false;
  }
}

}  // namespace

// Takes one key, or one thing that is none, off the front; false when more bytes are needed.
bool KeyReader::take(std::vector<Key>& out, bool settled) {
  if (waiting_.empty()) return false;
  const auto drop = [&](std::size_t n) { waiting_.erase(0, n); };
  const char c = waiting_[0];
  if (c == esc) {
    if (waiting_.size() == 1 && !settled) return false;
    if (waiting_.size() == 1 || (waiting_[1] != '[' && waiting_[1] != 'O')) {
      out.push_back({Key::Kind::escape, {}});
      drop(1);
      return true;
    }
    std::size_t i = 2;
    while (i < waiting_.size() && i < longest_sequence && (waiting_[i] < '@' || waiting_[i] > '~')) ++i;
    if (i < waiting_.size() && i < longest_sequence) {
      Key key;
      if (known_sequence(std::string_view(waiting_).substr(2, i - 2), waiting_[i], key)) out.push_back(std::move(key));
      drop(i + 1);
      return true;
    }
    if (!settled && i < longest_sequence) return false;
    drop(waiting_.size() < longest_sequence ? waiting_.size() : longest_sequence);
    return true;
  }
  if (c == '\r' || c == '\n') out.push_back({Key::Kind::enter, {}});
  else if (c == 0x7f || c == 0x08) out.push_back({Key::Kind::backspace, {}});
  else if (c == 0x03 || c == 0x04 || c == 0x1c) out.push_back({Key::Kind::quit, {}});
  else if (static_cast<unsigned char>(c) >= 0x20) {
    const std::size_t n = utf8_length(waiting_, 0);
    if (n > 0) {
      out.push_back({Key::Kind::text, waiting_.substr(0, n)});
      drop(n);
      return true;
    }
    // The beginning of a character whose rest has not come, or no character at all.
    if (!settled && waiting_.size() < 4 && static_cast<unsigned char>(c) >= 0xc2) {
      bool could_be = true;
      for (std::size_t i = 1; i < waiting_.size(); ++i)
        could_be = could_be && (static_cast<unsigned char>(waiting_[i]) & 0xc0) == 0x80;
      if (could_be) return false;
    }
  }
  drop(1);
  return true;
}

std::vector<Key> KeyReader::feed(std::string_view bytes) {
  std::vector<Key> out;
  waiting_ += bytes;
  while (take(out, false)) {}
  return out;
}

std::vector<Key> KeyReader::settle() {
  std::vector<Key> out;
  while (take(out, true)) {}
  return out;
}

}  // namespace wattline::meter
