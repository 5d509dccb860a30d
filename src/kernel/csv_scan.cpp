#include "kernel/csv_scan.h"

#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/utf8.h"

namespace wattline::csv {
namespace {

constexpr std::size_t block_size = 64;

// A bit for each of 64 bytes that is `a` or `b`.
std::uint64_t matches(const char* p, char a, char b) {
#if defined(__SSE2__)
  const __m128i first = _mm_set1_epi8(a), second = _mm_set1_epi8(b);
  std::uint64_t mask = 0;
  for (int i = 0; i < 4; ++i) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16 * i));
    const __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(bytes, first), _mm_cmpeq_epi8(bytes, second));
    mask |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(hit))) << (16 * i);
  }
  return mask;
#else
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < block_size; ++i) mask |= static_cast<std::uint64_t>(p[i] == a || p[i] == b) << i;
  return mask;
#endif
}

}  // namespace

Scanner::Scanner(std::string_view text, char delimiter, std::string_view where, std::size_t line, bool quotes)
    : text_(text), delimiter_(delimiter), quotes_(quotes), where_(where), line_(line) {}

std::string Scanner::where(std::size_t field) const { return fmt::format("{}:{}:{}", where_, row_line_, field); }

// The first delimiter or newline at or after `from`, or the end.
inline std::size_t Scanner::next_special(std::size_t from) {
  std::size_t block = from & ~(block_size - 1);
  while (block < text_.size()) {
    if (block != block_) {
      block_ = block;
      if (block + block_size <= text_.size()) {
        mask_ = matches(text_.data() + block, delimiter_, '\n');
      } else {
        // NUL is no delimiter: the padding never matches.
        char tail[block_size] = {};
        std::memcpy(tail, text_.data() + block, text_.size() - block);
        mask_ = matches(tail, delimiter_, '\n');
      }
    }
    const std::uint64_t ahead = from > block ? mask_ & (~std::uint64_t{0} << (from - block)) : mask_;
    if (ahead) return block + static_cast<std::size_t>(std::countr_zero(ahead));
    block += block_size;
  }
  return text_.size();
}

// Reads the quoted field that begins at position_ and leaves position_ behind its closing quote.
std::string_view Scanner::quoted(std::size_t field) {
  const std::size_t begin = position_ + 1;
  std::size_t at = begin;
  std::string* undone = nullptr;
  for (;;) {
    const std::size_t quote = text_.find('"', at);
    if (quote == std::string_view::npos)
      throw bad_input("a quoted field begins here and never ends", where(field),
                      "close it with \", and double every \" inside");
    const std::string_view piece = text_.substr(at, quote - at);
    for (const char* p = piece.data(); (p = static_cast<const char*>(std::memchr(
                                            p, '\n', static_cast<std::size_t>(piece.data() + piece.size() - p))));
         ++p)
      ++line_;
    const bool doubled = quote + 1 < text_.size() && text_[quote + 1] == '"';
    if (doubled && !undone) undone = &unquoted_.emplace_back();
    if (undone) undone->append(piece);
    at = quote + 1;
    if (!doubled) {
      position_ = at;
      return undone ? std::string_view(*undone) : text_.substr(begin, quote - begin);
    }
    *undone += '"';
    ++at;
  }
}

bool Scanner::next(std::vector<std::string_view>& fields) {
  fields.clear();
  if (!unquoted_.empty()) unquoted_.clear();
  // Blank lines are no rows.
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (c == '\r' && position_ + 1 < text_.size() && text_[position_ + 1] == '\n') ++position_;
    else if (c == '\r' && position_ + 1 == text_.size()) return position_ = text_.size(), false;
    else if (c != '\n') break;
    ++position_;
    ++line_;
  }
  if (position_ >= text_.size()) return false;
  row_line_ = line_;
  for (;;) {
    std::size_t end = 0;
    if (quotes_ && position_ < text_.size() && text_[position_] == '"') {
      fields.push_back(quoted(fields.size() + 1));
      end = position_;
      if (end < text_.size() && text_[end] == '\r') ++end;
      if (end < text_.size() && text_[end] != '\n' && (end != position_ || text_[end] != delimiter_))
        throw bad_input(fmt::format("a quoted field is followed by '{}' instead of '{}' or the end of the line",
                                    shown_text(text_.substr(position_, 12)),
                                    delimiter_ == '\t' ? std::string("\\t") : std::string(1, delimiter_)),
                        where(fields.size()), "double every \" inside a quoted field");
    } else {
      end = next_special(position_);
      std::size_t stop = end;
      if (stop > position_ && (stop == text_.size() || text_[stop] == '\n') && text_[stop - 1] == '\r') --stop;
      fields.push_back(text_.substr(position_, stop - position_));
    }
    if (end >= text_.size()) {
      position_ = text_.size();
      return true;
    }
    position_ = end + 1;
    if (text_[end] == '\n') {
      ++line_;
      return true;
    }
  }
}

std::string_view checked_text(std::string_view content, std::string_view where) {
  while (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  if (content.starts_with("\xFF\xFE") || content.starts_with("\xFE\xFF"))
    throw bad_input("is UTF-16; UTF-8 is needed", std::string(where), "iconv -f UTF-16 -t UTF-8 converts it");
  std::size_t bad = std::string_view::npos;
  const char* what = nullptr;
  if (const void* nul = content.empty() ? nullptr : std::memchr(content.data(), 0, content.size())) {
    bad = static_cast<std::size_t>(static_cast<const char*>(nul) - content.data());
    what = "a NUL byte: this is no text file";
  } else if (const std::size_t valid = valid_utf8_prefix(content); valid < content.size()) {
    bad = valid;
    what = "invalid UTF-8";
  }
  if (!what) return content;
  const std::string_view before = content.substr(0, bad);
  std::size_t line = 1;
  for (char c : before) line += c == '\n';
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = bad - (newline == std::string_view::npos ? 0 : newline + 1) + 1;
  throw bad_input(
      fmt::format("{} (byte 0x{:02X} at byte {} of the line)", what, static_cast<unsigned char>(content[bad]), column),
      fmt::format("{}:{}", where, line), content[bad] ? "iconv -f LATIN1 -t UTF-8 converts a Latin-1 file" : "");
}

char find_delimiter(std::string_view text) {
  constexpr std::string_view known = ",;\t";
  std::size_t counts[known.size()] = {};
  bool inside = false, field_begins = true;
  for (char c : text) {
    if (c == '"' && (inside || field_begins)) inside = !inside;
    const auto at = known.find(c);
    field_begins = at != std::string_view::npos;
    if (inside) continue;
    if (c == '\n') break;
    if (field_begins) ++counts[at];
  }
  std::size_t best = 0;
  for (std::size_t i = 1; i < known.size(); ++i)
    if (counts[i] > counts[best]) best = i;
  return known[best];
}

}  // namespace wattline::csv
