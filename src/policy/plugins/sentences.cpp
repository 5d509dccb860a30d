#include "policy/plugins/sentences.h"

#include <algorithm>
#include <cstdint>

#include "text/bm25.h"
#include "text/units.h"
#include "text/utf8.h"

namespace wattline::policy {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// What ends a sentence by itself (ideographic full stop, full-width ! and ?), and what does where space follows.
bool ends_always(char32_t c) { return c == 0x3002 || c == 0xFF01 || c == 0xFF1F; }
bool ends_before_space(char32_t c) { return c == '.' || c == '!' || c == '?' || c == 0x2026 || c == 0x0964; }
bool closes(char32_t c) { return c == '"' || c == '\'' || c == ')' || c == ']' || c == 0x201D || c == 0x300D; }

// The last place from `begin` to `limit` at which a piece may end: behind a space, else behind a code point.
std::size_t cut_before(std::string_view text, std::size_t begin, std::size_t limit) {
  for (std::size_t at = limit; at > begin + (limit - begin) / 2; --at)
    if (is_space(text[at - 1])) return at;
  std::size_t at = limit;
  while (at > begin + 1 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

}  // namespace

std::vector<TextPiece> sentences_of(std::string_view text, std::size_t longest) {
  std::vector<TextPiece> out;
  const auto add = [&](std::size_t begin, std::size_t end) {
    while (begin < end && is_space(text[begin])) ++begin;
    while (end > begin && is_space(text[end - 1])) --end;
    while (end - begin > longest) {
      const std::size_t cut = cut_before(text, begin, begin + longest);
      std::size_t last = cut;
      while (last > begin && is_space(text[last - 1])) --last;
      if (last > begin) out.push_back({begin, last});
      begin = cut;
      while (begin < end && is_space(text[begin])) ++begin;
    }
    if (end > begin) out.push_back({begin, end});
  };
  std::size_t begin = 0;
  bool may_end = false;  // behind a stop, before the space that makes it one
  for (std::size_t at = 0; at < text.size();) {
    const auto c = text::code_point_at(text, at);
    const bool line_end = c.value == '\n' || c.value == '\r';
    if (line_end || (may_end && c.value < 128 && is_space(static_cast<char>(c.value)))) {
      add(begin, at);
      begin = at + c.length;
    }
    at += c.length;
    if (ends_always(c.value)) {
      add(begin, at);
      begin = at;
      may_end = false;
    } else {
      may_end = ends_before_space(c.value) || (may_end && closes(c.value));
    }
  }
  add(begin, text.size());
  return out;
}

std::vector<TermCount> terms_of(std::string_view text) {
  std::vector<std::uint64_t> all;
  for (text::UnitWalk walk(text); walk.next();) all.push_back(text::term_hash(walk.unit()));
  std::sort(all.begin(), all.end());
  std::vector<TermCount> out;
  for (const std::uint64_t t : all) {
    if (!out.empty() && out.back().term == t) out.back().count += 1;
    else out.push_back({t, 1});
  }
  return out;
}

}  // namespace wattline::policy
