#include "text/features.h"

#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "text/hashed_ngrams.h"

namespace wattline::text {

FeatureReader::FeatureReader(std::shared_ptr<const Encoder> encoder, unsigned bits)
    : encoder_(std::move(encoder)), bits_(bits) {
  if (bits > 20) throw bad_input(fmt::format("2^{} places for n-grams; at most 2^20", bits), "features");
  if (!encoder_ && bits == 0) throw bad_input("neither an encoder nor n-grams", "features", "take one of them");
  fingerprint_ =
      fmt::format("{}+ngrams-1-{}",
                  encoder_ ? fmt::format("{}-{}", encoder_->fingerprint(), encoder_->summary_width()) : "none", bits);
}

EncodeFacts FeatureReader::read(std::string_view text, Features& out) const {
  EncodeFacts facts;
  out.dense.resize(dense_width());
  out.sparse.clear();
  if (encoder_) facts = encoder_->summarise(text, out.dense);
  if (bits_ == 0) return facts;
  double squares = 0;
  const std::uint32_t units = each_ngram(text, [&](std::uint64_t hash, float weight) {
    out.sparse.emplace_back(static_cast<std::uint32_t>(hash >> 8 & (sparse_width() - 1)),
                            (hash & 1) != 0 ? weight : -weight);
    squares += static_cast<double>(weight) * weight;
  });
  const auto scale = static_cast<float>(squares > 0 ? 1 / std::sqrt(squares) : 0);
  for (auto& [place, value] : out.sparse) value *= scale;
  if (!encoder_) facts.tokens = units;
  return facts;
}

Features FeatureReader::read(std::string_view text) const {
  Features made;
  read(text, made);
  return made;
}

}  // namespace wattline::text
