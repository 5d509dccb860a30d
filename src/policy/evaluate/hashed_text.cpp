#include "policy/evaluate/hashed_text.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "text/fold.h"
#include "text/units.h"

namespace wattline::policy {
namespace {

std::uint64_t hashed(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t h = 0xcbf29ce484222325U ^ (seed * 0x9e3779b97f4a7c15U);
  for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93U;
  return h ^ (h >> 32);
}

}  // namespace

void HashedText::add(std::string_view text, SparseRows& out) const {
  const std::string folded = text::folded(text);
  const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
  std::vector<std::uint32_t> found;
  const auto put = [&](std::uint64_t h) { found.push_back(static_cast<std::uint32_t>(h & mask)); };
  std::uint64_t before = 0;
  std::string padded;
  for (text::UnitWalk walk(folded); walk.next();) {
    const std::uint64_t word = hashed(walk.unit(), 1);
    if (words) put(word);
    if (pairs && before != 0) put(hashed({reinterpret_cast<const char*>(&word), sizeof word}, before));
    before = word;
    if (!pieces) continue;
    padded.assign(1, ' ').append(walk.unit()).append(1, ' ');
    for (std::size_t length = 3; length <= 5; ++length)
      for (std::size_t i = 0; i + length <= padded.size(); ++i)
        put(hashed(std::string_view(padded).substr(i, length), 2));
  }
  std::sort(found.begin(), found.end());
  for (std::size_t i = 0; i < found.size();) {
    std::size_t j = i;
    while (j < found.size() && found[j] == found[i]) ++j;
    out.index.push_back(found[i]);
    out.value.push_back(1 + std::log(static_cast<float>(j - i)));
    i = j;
  }
  out.begin.push_back(out.index.size());
}

InverseFrequency::InverseFrequency(const SparseRows& all, std::span<const std::size_t> rows, int bits,
                                   std::size_t least)
    : weight_(std::size_t{1} << bits) {
  for (const std::size_t r : rows)
    for (const std::uint32_t i : all.indices(r)) weight_[i] += 1;
  const float n = static_cast<float>(rows.size());
  for (float& w : weight_) w = w < static_cast<float>(least) ? 0 : std::log((1 + n) / (1 + w)) + 1;
}

SparseRows InverseFrequency::apply(const SparseRows& all) const {
  SparseRows out;
  for (std::size_t r = 0; r < all.rows(); ++r) {
    const auto index = all.indices(r);
    const auto value = all.values(r);
    float squares = 0;
    for (std::size_t k = 0; k < index.size(); ++k) {
      const float v = value[k] * weight_[index[k]];
      if (v == 0) continue;
      out.index.push_back(index[k]);
      out.value.push_back(v);
      squares += v * v;
    }
    const float scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
    for (std::size_t k = out.begin.back(); k < out.value.size(); ++k) out.value[k] *= scale;
    out.begin.push_back(out.index.size());
  }
  return out;
}

}  // namespace wattline::policy
