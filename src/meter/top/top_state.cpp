#include <algorithm>

#include "meter/top/top_view.h"

namespace wattline::meter {
namespace {

constexpr std::size_t longest_filter = 64;
constexpr std::size_t most_rows = 1u << 30;

template <class E>
E after(E value, int count) {
  return static_cast<E>((static_cast<int>(value) + 1) % count);
}

template <class E>
E before(E value, int count) {
  return static_cast<E>((static_cast<int>(value) + count - 1) % count);
}

}  // namespace

std::string_view to_string(TopSort s) {
  switch (s) {
    case TopSort::watts: return "watts";
    case TopSort::joules: return "joules";
    case TopSort::cpu: return "CPU";
    case TopSort::name: return "name";
  }
  return "?";
}

void TopState::take(const Key& key, std::size_t page) {
  using Kind = Key::Kind;
  if (key.kind == Kind::quit) {
    quit = true;
    return;
  }
  if (typing) {
    if (key.kind == Kind::enter) typing = false;
    if (key.kind == Kind::escape) typing = false, filter.clear();
    if (key.kind == Kind::text && filter.size() < longest_filter) filter += key.text;
    if (key.kind == Kind::backspace && !filter.empty()) {
      // A whole character, not a byte of one.
      while (filter.size() > 1 && (static_cast<unsigned char>(filter.back()) & 0xc0) == 0x80) filter.pop_back();
      filter.pop_back();
    }
    scrolled = 0;
    return;
  }
  if (help) {
    help = false;
    if (key.text != "q") return;
  }
  const auto up = [&](std::size_t n) { scrolled -= std::min(n, scrolled); };
  switch (key.kind) {
    case Kind::up: return up(1);
    case Kind::page_up: return up(page);
    case Kind::down: scrolled += 1; return;
    case Kind::page_down: scrolled += page; return;
    case Kind::home: scrolled = 0; return;
    case Kind::end: scrolled = most_rows; return;
    case Kind::escape: filter.clear(); return;
    case Kind::left: level = before(level, static_cast<int>(level_count)); break;
    case Kind::right: level = after(level, static_cast<int>(level_count)); break;
    case Kind::text: break;
    default: return;
  }
  if (key.kind != Kind::text) {
    scrolled = 0;
    return;
  }
  const char c = key.text.size() == 1 ? key.text[0] : ' ';
  switch (c) {
    case 'q': quit = true; break;
    case 'h':
    case '?': help = true; break;
    case ' ':
      if (key.text == " ") paused = !paused;
      break;
    case '/': typing = true; break;
    case 's': sort = after(sort, static_cast<int>(TopSort::name) + 1); break;
    case 'l': level = after(level, static_cast<int>(level_count)); break;
    case 'p': level = Level::process; break;
    case 'c': level = Level::container; break;
    case 'o': level = Level::pod; break;
    case 'u': level = Level::user; break;
    case 'j': level = Level::job; break;
    case 'g': level = Level::gpu_process; break;
    case 'm': level = Level::gpu_slice; break;
    case 'v': level = Level::service; break;
    default: return;
  }
  if (c != ' ') scrolled = 0;
}

}  // namespace wattline::meter
