#include "text/hashed_ngrams.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "text/bm25.h"
#include "text/fold.h"
#include "text/units.h"
#include "text/utf8.h"

namespace wattline::text {
namespace {

constexpr std::size_t longest_text = 65536;

std::uint64_t combined(std::uint64_t a, std::uint64_t b) {
  std::uint64_t h = (a ^ (b + 0x9E3779B97F4A7C15u + (a << 6) + (a >> 2))) * 0xBF58476D1CE4E5B9u;
  return h ^ h >> 29;
}

// The character n-grams of one unit with its edges marked.
template <class F>
void each_piece(std::string_view unit, F&& f) {
  std::array<char32_t, 5> window{};
  std::size_t seen = 0;
  const auto push = [&](char32_t c) {
    std::rotate(window.begin(), window.begin() + 1, window.end());
    window[4] = c;
    ++seen;
    for (std::size_t n = 3; n <= 5 && n <= seen; ++n) {
      std::uint64_t h = n;
      for (std::size_t k = 5 - n; k < 5; ++k) h = combined(h, window[k]);
      f(h);
    }
  };
  push('<');
  each_code_point(unit, [&](char32_t c) { push(fold_code_point(c)); });
  push('>');
}

std::string_view start_of(std::string_view text) {
  if (text.size() <= longest_text) return text;
  std::size_t cut = longest_text;
  while (cut > longest_text - 3 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return text.substr(0, cut);
}

void add(std::span<float> out, std::uint64_t hash, float weight) {
  out[(hash >> 8) % out.size()] += (hash & 1) != 0 ? weight : -weight;
}

void check_room(std::span<float> out, std::size_t width) {
  if (out.size() != width)
    throw bad_input(fmt::format("room for {} values; a vector has {}", out.size(), width), "encode");
}

}  // namespace

std::uint32_t each_ngram(std::string_view text, const std::function<void(std::uint64_t, float)>& f) {
  thread_local std::vector<std::uint64_t> features;
  features.clear();
  std::uint32_t units = 0;
  std::uint64_t before = 0;
  for (UnitWalk walk(start_of(text)); walk.next(); ++units) {
    const std::uint64_t word = term_hash(walk.unit());
    features.push_back(word);
    if (units > 0) features.push_back(combined(before, word));
    before = word;
    each_piece(walk.unit(), [&](std::uint64_t h) { features.push_back(h); });
  }
  std::sort(features.begin(), features.end());
  for (auto at = features.begin(); at != features.end();) {
    const auto end = std::upper_bound(at, features.end(), *at);
    f(*at, 1 + std::log(static_cast<float>(end - at)));
    at = end;
  }
  return units;
}

EncodeFacts HashedNgrams::encode(std::string_view text, std::span<float> out) const {
  check_room(out, width());
  std::fill(out.begin(), out.end(), 0.0f);
  EncodeFacts facts;
  facts.truncated = text.size() > longest_text;
  facts.tokens = each_ngram(text, [&](std::uint64_t h, float w) { add(out, h, w); });
  normalise(out);
  return facts;
}

EncodeFacts HashedNgrams::encode_tokens(std::string_view text, std::vector<float>& rows) const {
  rows.clear();
  EncodeFacts facts;
  facts.truncated = text.size() > longest_text;
  for (UnitWalk walk(start_of(text)); walk.next(); ++facts.tokens) {
    rows.resize(rows.size() + width());
    const auto row = std::span(rows).last(width());
    add(row, term_hash(walk.unit()), 1);
    each_piece(walk.unit(), [&](std::uint64_t h) { add(row, h, 1); });
    normalise(row);
  }
  return facts;
}

}  // namespace wattline::text
