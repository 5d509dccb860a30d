// What a linear head sees of a text: the encoder's summary (encoder.h) and, beside it, hashed n-grams
// (hashed_ngrams.h) in 2^bits places, at length 1.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/encoder.h"

namespace wattline::text {

struct Features {
  std::vector<float> dense;
  std::vector<std::pair<std::uint32_t, float>> sparse;  // place, value; places may repeat
};

class FeatureReader {
 public:
  // `encoder` may be null: n-grams only. `bits` 0 (no n-grams) to 20. Error (bad_input) when nothing is left.
  FeatureReader(std::shared_ptr<const Encoder> encoder, unsigned bits);

  std::size_t dense_width() const { return encoder_ ? encoder_->summary_width() : 0; }
  std::size_t sparse_width() const { return bits_ == 0 ? 0 : std::size_t{1} << bits_; }
  unsigned bits() const { return bits_; }
  // Of the encoder and of how n-grams are hashed.
  const std::string& fingerprint() const { return fingerprint_; }

  // Replaces `out`, keeping its room.
  EncodeFacts read(std::string_view text, Features& out) const;
  Features read(std::string_view text) const;

 private:
  std::shared_ptr<const Encoder> encoder_;
  unsigned bits_;
  std::string fingerprint_;
};

}  // namespace wattline::text
