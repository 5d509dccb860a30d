// What a terminal sends, taken apart: keys out of bytes. Bytes may come in any pieces; what is no key is passed over.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::meter {

struct Key {
  enum class Kind { text, enter, escape, backspace, up, down, left, right, page_up, page_down, home, end, quit };
  Kind kind = Kind::text;
  std::string text;  // one character, UTF-8
  bool operator==(const Key&) const = default;
};

class KeyReader {
 public:
  std::vector<Key> feed(std::string_view bytes);
  // No more came for a while: a lone ESC was the key.
  std::vector<Key> settle();

 private:
  bool take(std::vector<Key>& out, bool settled);
  std::string waiting_;
};

}  // namespace wattline::meter
