// SHA-256 (FIPS 180-4) of short texts: what is kept of a key instead of the key, and the links of the
// audit log. Safe from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wattline::serve {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::string_view);
// 64 lower-case hexadecimal digits.
std::string to_hex(const Digest&);
// The inverse, in either case; nothing when it is anything else.
std::optional<Digest> digest_from_hex(std::string_view);
// In a time that does not tell where they differ.
bool same_digest(const Digest&, const Digest&);

// Of texts that are mostly what the last was: a client's key, request after request on its connection. The last
// is kept, compared in a time that does not tell where they differ, and wiped in the end.
class LastDigest {
 public:
  LastDigest() = default;
  ~LastDigest();
  LastDigest(const LastDigest&) = delete;
  LastDigest& operator=(const LastDigest&) = delete;
  const Digest& of(std::string_view text);

 private:
  void wipe();
  std::string text_;
  Digest digest_{};
};

}  // namespace wattline::serve
