// Keys that open the agent's door: whoever has one may read what the agent publishes. Only their SHA-256 is kept, and
// compared in a time that tells nothing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::meter {

class DoorKeys {
 public:
  // One key a line, blank lines and those that begin with # left out, at least 16 characters each. Error: a shorter
  // one, one with blanks in it, a file without any. No message holds a key.
  static DoorKeys parse(std::string_view text, std::string_view where);
  // Of a file (which others may not read: mode 0640 or less) or a variable; either may be "".
  static DoorKeys read(const std::string& file, const std::string& variable);

  bool empty() const { return digests_.empty(); }
  // "Bearer KEY"
  bool opens(std::string_view authorization) const;

 private:
  using Digest = std::array<std::uint8_t, 32>;
  static Digest digest(std::string_view);
  std::vector<Digest> digests_;
};

}  // namespace wattline::meter
