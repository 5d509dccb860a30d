#include "serve/trace_context.h"

#include <algorithm>

namespace wattline::serve {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;  // capitals are not allowed there
}

template <std::size_t n>
bool read_hex(std::string_view text, std::array<std::uint8_t, n>& out) {
  for (std::size_t i = 0; i < n; ++i) {
    const int high = hex(text[2 * i]), low = hex(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

template <std::size_t n>
bool is_zero(const std::array<std::uint8_t, n>& a) {
  return std::all_of(a.begin(), a.end(), [](auto b) { return b == 0; });
}

}  // namespace

void append_hex(std::string& out, const std::uint8_t* bytes, std::size_t n) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t i = 0; i < n; ++i) {
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
}

std::optional<TraceContext> parse_traceparent(std::string_view text) {
  constexpr std::size_t size = 55;
  if (text.size() < size || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  std::array<std::uint8_t, 1> version{}, flags{};
  TraceContext out;
  if (!read_hex(text, version) || version[0] == 0xff) return std::nullopt;
  if (text.size() > size && (version[0] == 0 || text[size] != '-')) return std::nullopt;
  if (!read_hex(text.substr(3), out.trace) || !read_hex(text.substr(36), out.span) || !read_hex(text.substr(53), flags))
    return std::nullopt;
  if (is_zero(out.trace) || is_zero(out.span)) return std::nullopt;
  out.sampled = flags[0] & 1;
  return out;
}

void append_traceparent(std::string& out, const TraceContext& c) {
  out += "00-";
  append_hex(out, c.trace.data(), c.trace.size());
  out += '-';
  append_hex(out, c.span.data(), c.span.size());
  out += c.sampled ? "-01" : "-00";
}

bool sane_request_id(std::string_view id) {
  if (id.empty() || id.size() > 128) return false;
  constexpr std::string_view others = "-_.:/+=@~";
  return std::all_of(id.begin(), id.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != std::string_view::npos;
  });
}

bool in_sample(const std::array<std::uint8_t, 16>& trace, double ratio) {
  if (ratio >= 1) return true;
  std::uint64_t low = 0;
  for (std::size_t i = 9; i < 16; ++i) low = low << 8 | trace[i];
  return static_cast<double>(low) < ratio * 72057594037927936.0;  // 2^56
}

}  // namespace wattline::serve
