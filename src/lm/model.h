// A small Llama-style language model: RMSNorm, rotary positions, grouped-query attention, SwiGLU,
// embedding shared with the output head (Touvron et al. 2023, arXiv:2307.09288; Ainslie et al. 2023,
// arXiv:2305.13245). Immutable once made, and so shared freely between threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lm/matrix.h"
#include "lm/tokenizer.h"

namespace wattline::lm {

struct Shape {
  int dim = 0;  // width of the residual stream
  int hidden = 0;  // width inside the feed-forward part
  int layers = 0;
  int heads = 0, kv_heads = 0;
  int vocabulary = 0;
  int context = 0;  // tokens, prompt and answer together
  float rope_base = 10000;
  float norm_epsilon = 1e-5f;

  int head_size() const { return dim / heads; }
  int kv_dim() const { return head_size() * kv_heads; }
  std::int64_t parameters() const;
  // Error when a number is out of bounds or they do not fit together.
  void check(std::string_view where) const;
  bool operator==(const Shape&) const = default;
};

// Tensors by name, row-major fp32: "embedding" [vocabulary][dim], "norm" [dim], and for each layer
// "layers.N." + "attention_norm" [dim], "q" [dim][dim], "k" and "v" [kv_dim][dim], "o" [dim][dim],
// "ffn_norm" [dim], "gate" and "up" [hidden][dim], "down" [dim][hidden]. y = W x. Rotary positions
// turn adjacent pairs (2i, 2i+1) of each head.
using Weights = std::map<std::string, std::vector<float>>;
struct TensorSpec {
  std::string name;
  std::vector<std::int64_t> shape;
};
std::vector<TensorSpec> tensor_specs(const Shape&);

class Model {
 public:
  struct Layer {
    std::vector<float> attention_norm, ffn_norm;
    Matrix qkv, o;  // rows of q, then k, then v
    Matrix gate_up, down;  // rows of gate, then up
  };

  // Error when a tensor is missing, of wrong size, not finite, or not of this shape.
  Model(std::string name, const Shape& shape, const Weights& weights, std::shared_ptr<const Tokenizer> tokenizer,
        std::string_view where);

  const std::string& name() const { return name_; }
  const Shape& shape() const { return shape_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const std::vector<Layer>& layers() const { return layers_; }
  std::span<const float> embedding(int token) const;
  const std::vector<float>& norm() const { return norm_; }
  const Matrix& head() const { return head_; }
  // cos and sin for each position and pair: [context][head_size / 2].
  const std::vector<float>& rope_cos() const { return rope_cos_; }
  const std::vector<float>& rope_sin() const { return rope_sin_; }

 private:
  std::string name_;
  Shape shape_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::vector<float> embedding_, norm_, rope_cos_, rope_sin_;
  std::vector<Layer> layers_;
  Matrix head_;
};

// A model file: safetensors with the tensors above in fp16 or fp32, and its shape in the header's
// __metadata__ (see docs/formats/safetensors.md). `where` names it in errors.
std::shared_ptr<const Model> load_safetensors(std::string_view bytes, std::string_view where);
// The reverse, in fp16.
std::string save_safetensors(std::string_view name, const Shape&, const Weights&);
// The shape's part of the metadata, both ways.
using Metadata = std::map<std::string, std::string>;
Metadata shape_metadata(const Shape&);
Shape shape_from_metadata(const Metadata&, std::string_view where);
// The tensors of a model file, for those who go on training them.
Weights read_weights(std::string_view bytes, std::string_view where, Shape* shape, std::string* name);

// The models inside this program. Unknown names: Error that suggests the nearest.
std::vector<std::string> builtin_names();
std::shared_ptr<const Model> builtin_model(std::string_view name);
// Its model file.
std::string_view builtin_file(std::string_view name);

}  // namespace wattline::lm
