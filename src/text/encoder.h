// A sentence encoder: a text in, a vector of unit length out, so that the inner product of two is their
// cosine. Members of the family: `use-lite` (use_lite.h) when its package is installed, `hashed-ngrams`
// (hashed_ngrams.h) always. find_encoder.h says which there is. Immutable; calls may come from many threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::text {

struct EncodeFacts {
  std::uint32_t tokens = 0;  // that entered the vector
  double unknown_share = 0;  // of these, the share that the vocabulary does not know; 0 to 1
  bool truncated = false;  // the text has more tokens than the encoder reads
};

class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual std::string_view name() const = 0;  // "use-lite"
  virtual std::size_t width() const = 0;  // values of a vector
  // Changes with anything that changes vectors: what was made with another fingerprint cannot be compared.
  virtual std::string_view fingerprint() const = 0;
  virtual std::string_view limits() const = 0;  // for people: "English; reads the first 128 tokens"

  // Writes width() values of length 1, or all 0 for a text without tokens. Takes any bytes.
  virtual EncodeFacts encode(std::string_view text, std::span<float> out) const = 0;
  // One vector of length 1 per token, for late interaction: facts.tokens rows of width() values. Error(unsupported) where
  // there are none of tokens.
  virtual bool has_tokens() const { return true; }
  virtual EncodeFacts encode_tokens(std::string_view text, std::vector<float>& rows) const = 0;

  // What linear heads read, in one pass: the sentence vector and, behind it, what else the encoder knows of
  // the text (use-lite: the mean of its token vectors, at length 1). summary_width() values.
  virtual std::size_t summary_width() const { return width(); }
  virtual EncodeFacts summarise(std::string_view text, std::span<float> out) const { return encode(text, out); }

  std::vector<float> encoded(std::string_view text) const {
    std::vector<float> out(width());
    encode(text, out);
    return out;
  }
};

// Inner product; of unit vectors the cosine. The shorter length counts.
float dot(std::span<const float> a, std::span<const float> b);
// Scales to length 1; a vector of zeros stays.
void normalise(std::span<float> v);
// Late interaction (Khattab and Zaharia 2020, ColBERT): the mean over rows of `query` of the best inner
// product with a row of `text`; 0 when either has no rows.
double max_similarity(std::span<const float> query, std::span<const float> text, std::size_t width);

}  // namespace wattline::text
