#include "serve/api_key.h"

#include <algorithm>
#include <cerrno>

#include <sys/random.h>

#include "kernel/error.h"

namespace wattline::serve {
namespace {

constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// RFC 4648, section 5, without padding.
std::string base64url(const std::uint8_t* bytes, std::size_t n) {
  std::string out;
  unsigned held = 0, bits = 0;
  for (std::size_t i = 0; i < n; ++i) {
    held = (held << 8) | bytes[i];
    for (bits += 8; bits >= 6; bits -= 6) out += letters[(held >> (bits - 6)) & 63];
  }
  if (bits > 0) out += letters[(held << (6 - bits)) & 63];
  return out;
}

bool is_bearer(std::string_view authorization) {
  static constexpr std::string_view scheme = "bearer ";
  if (authorization.size() < scheme.size()) return false;
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != scheme[i]) return false;
  }
  return true;
}

}  // namespace

Secret new_api_key() {
  std::uint8_t bytes[32];
  std::size_t have = 0;
  while (have < sizeof bytes) {
    const auto n = ::getrandom(bytes + have, sizeof bytes - have, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw errno_error("read", "the system's random numbers", errno);
    have += static_cast<std::size_t>(n);
  }
  return Secret(std::string(api_key_prefix) + base64url(bytes, sizeof bytes));
}

std::string default_key_id(const Digest& d) { return "k-" + to_hex(d).substr(0, 12); }

std::string_view presented_key(std::string_view authorization, std::string_view x_api_key) {
  if (!is_bearer(authorization)) return x_api_key;
  authorization.remove_prefix(7);
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  return authorization.empty() ? x_api_key : authorization;
}

bool good_name(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  for (const char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
          c == '-' || c == '@'))
      return false;
  return true;
}

bool good_pattern(std::string_view p) {
  return !p.empty() && p.size() <= 200 && std::none_of(p.begin(), p.end(), [](unsigned char c) {
    return c <= ' ' || c == '"' || c == '\\' || c == 0x7f;
  });
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, after_star = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after_star = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++after_star;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace wattline::serve
