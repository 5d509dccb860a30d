#include "text/ngrams.h"

#include <algorithm>

#include "text/utf8.h"

namespace wattline::text {

void Trigrams::assign(std::string_view text) {
  grams_.clear();
  if (text.empty()) return;
  std::uint64_t window = ' ';
  std::size_t seen = 1;
  const auto push = [&](char32_t c) {
    window = (window << 21 | c) & ((std::uint64_t{1} << 63) - 1);
    if (++seen >= 3) grams_.push_back(window);
  };
  each_code_point(text, push);
  push(' ');
  std::sort(grams_.begin(), grams_.end());
  grams_.erase(std::unique(grams_.begin(), grams_.end()), grams_.end());
}

double Trigrams::jaccard(const Trigrams& other) const {
  std::size_t both = 0;
  for (auto a = grams_.begin(), b = other.grams_.begin(); a != grams_.end() && b != other.grams_.end();) {
    if (*a == *b) ++both, ++a, ++b;
    else if (*a < *b) ++a;
    else ++b;
  }
  const std::size_t either = grams_.size() + other.grams_.size() - both;
  return either == 0 ? 0 : static_cast<double>(both) / static_cast<double>(either);
}

}  // namespace wattline::text
