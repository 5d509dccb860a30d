// Whole characters out of bytes that a model makes: what is not UTF-8 becomes U+FFFD, what may yet
// become a character waits.
#pragma once

#include <string>
#include <string_view>

namespace wattline::lm {

class Utf8Stream {
 public:
  // Appends the characters that `bytes` completes to `out`.
  void push(std::string_view bytes, std::string& out);
  // No more bytes: what waits becomes one U+FFFD.
  void finish(std::string& out);

 private:
  std::string waiting_;
};

}  // namespace wattline::lm
