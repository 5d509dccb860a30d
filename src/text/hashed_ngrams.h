// The encoder that is always there: words, pairs of words and character n-grams (3 to 5, within words)
// hashed with a sign into 512 values (Weinberger et al. 2009, arXiv 0902.2206), 1 + ln(count) each, scaled
// to length 1. It knows spelling, not meaning: "car" and "automobile" are strangers. Any language.
#pragma once

#include <functional>

#include "text/encoder.h"

namespace wattline::text {

// Calls f(hash, weight) once for each distinct feature of the text, in an order that depends on the text
// alone; weight is 1 + ln(count). Reads the first 64 KiB. Returns the units read.
std::uint32_t each_ngram(std::string_view text, const std::function<void(std::uint64_t hash, float weight)>& f);

class HashedNgrams final : public Encoder {
 public:
  std::string_view name() const override { return "hashed-ngrams"; }
  std::size_t width() const override { return 512; }
  std::string_view fingerprint() const override { return "hashed-ngrams-512-1"; }
  std::string_view limits() const override { return "any language, but spelling only; reads the first 64 KiB"; }
  EncodeFacts encode(std::string_view text, std::span<float> out) const override;
  // A vector for each unit (word), of its own n-grams.
  EncodeFacts encode_tokens(std::string_view text, std::vector<float>& rows) const override;
};

}  // namespace wattline::text
