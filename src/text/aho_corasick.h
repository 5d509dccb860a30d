// A set of byte strings searched for at once (Aho and Corasick 1975): a complete table of transitions
// over classes of bytes, so that each byte of the text costs one look-up.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::text {

class AhoCorasick {
 public:
  AhoCorasick() = default;
  // Needles must not be empty. Error (bad_input) when the table would be over `limit` bytes.
  explicit AhoCorasick(std::span<const std::string> needles, std::size_t limit = std::size_t{16} << 20);

  bool empty() const { return outputs_.empty(); }

  // Calls f(needle, end) for every place where a needle ends; `end` is the offset behind it.
  template <class F>
  void search(std::string_view text, F&& f) const {
    search(text, class_of_, f);
  }
  // The same over a text whose bytes stand for others: `as[b]` for b. Made by read_as().
  using Classes = std::array<std::uint16_t, 256>;
  template <class F>
  void search(std::string_view text, const Classes& as, F&& f) const {
    std::uint32_t state = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      state = next_[state + as[static_cast<unsigned char>(text[i])]];
      if (state < first_output_) continue;
      const std::uint32_t row = (state - first_output_) / classes_;
      for (std::uint32_t k = output_begin_[row]; k < output_begin_[row + 1]; ++k) f(outputs_[k], i + 1);
    }
  }
  Classes read_as(const std::array<unsigned char, 256>& bytes) const {
    Classes as{};
    for (std::size_t b = 0; b < 256; ++b) as[b] = class_of_[bytes[b]];
    return as;
  }

 private:
  // States are numbered so that those where a needle ends come last, and are stored times `classes_`.
  Classes class_of_{};
  std::uint32_t classes_ = 1, first_output_ = UINT32_MAX;
  std::vector<std::uint32_t> next_, output_begin_, outputs_;
};

}  // namespace wattline::text
