// GGUF, version 3: the model files of ggml and llama.cpp. Written, not read.
//
// Little-endian: "GGUF", version, number of tensors and of key-value pairs, the pairs, where each tensor lies, then
// the tensors, each on a multiple of the alignment. A tensor's dimensions are told from the fastest one on.
// Source: the GGUF specification of ggml (ggml-org/ggml, docs/gguf.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lm/model.h"
#include "lm/safetensors.h"

namespace wattline::lm {

class GgufWriter {
 public:
  static constexpr std::uint64_t alignment = 32;

  GgufWriter& text(std::string_view key, std::string_view value);
  GgufWriter& natural(std::string_view key, std::uint32_t value);
  GgufWriter& number(std::string_view key, float value);
  GgufWriter& flag(std::string_view key, bool value);
  GgufWriter& texts(std::string_view key, const std::vector<std::string>& values);
  GgufWriter& integers(std::string_view key, const std::vector<std::int32_t>& values);
  // `shape` row-major, slowest dimension first, as safetensors has it. `values` outlives the writer.
  GgufWriter& tensor(std::string_view name, const std::vector<std::int64_t>& shape, const std::vector<float>& values,
                     StoredAs as);
  // The file.
  std::string take() const;

 private:
  struct Tensor {
    std::string name;
    std::vector<std::int64_t> shape;
    const std::vector<float>* values;
    StoredAs as;
  };
  void begin(std::string_view key, std::uint32_t type);

  std::string pairs_;
  std::uint64_t count_ = 0;
  std::vector<Tensor> tensors_;
};

// A model of ours as llama.cpp's architecture "llama". Its rotary positions turn adjacent pairs, as ours do, so no
// rows are permuted; the output head is the embedding. Norms are always fp32, as that engine wants them.
//
// The tokenizer is byte-level BPE without a merge: one token a byte, then the four marks. `begin` is put before every
// text and `end` ends generation. `turn` is a token with a visible text, for no engine but ours turns the number that
// follows it back: a number that is not turned should not look like an answer.
std::string gguf_of(std::string_view name, const Shape&, const Weights&, StoredAs as);

}  // namespace wattline::lm
