#include "lm/model.h"

#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::lm {
namespace {

const std::vector<float>& tensor(const Weights& weights, const TensorSpec& spec, std::string_view where) {
  const auto found = weights.find(spec.name);
  if (found == weights.end()) throw bad_input(fmt::format("the tensor '{}' is missing", spec.name), std::string(where));
  std::size_t count = 1;
  for (auto n : spec.shape) count *= static_cast<std::size_t>(n);
  if (found->second.size() != count)
    throw bad_input(
        fmt::format("the tensor '{}' has {} numbers; the shape needs {}", spec.name, found->second.size(), count),
        std::string(where));
  for (float f : found->second)
    if (!std::isfinite(f))
      throw bad_input(fmt::format("the tensor '{}' holds {}; weights are finite", spec.name, f), std::string(where));
  return found->second;
}

std::vector<float> stacked(std::initializer_list<const std::vector<float>*> parts) {
  std::vector<float> all;
  for (const auto* part : parts) all.insert(all.end(), part->begin(), part->end());
  return all;
}

}  // namespace

Model::Model(std::string name, const Shape& shape, const Weights& weights, std::shared_ptr<const Tokenizer> tokenizer,
             std::string_view where)
    : name_(std::move(name)), shape_(shape), tokenizer_(std::move(tokenizer)) {
  shape_.check(where);
  if (tokenizer_->vocabulary() != shape_.vocabulary)
    throw bad_input(fmt::format("vocabulary is {}; the tokenizer has {}", shape_.vocabulary, tokenizer_->vocabulary()),
                    std::string(where));
  for (const auto& spec : tensor_specs(shape_)) tensor(weights, spec, where);
  const int dim = shape_.dim, hidden = shape_.hidden;
  embedding_ = weights.at("embedding");
  norm_ = weights.at("norm");
  head_ = Matrix(embedding_.data(), shape_.vocabulary, dim);
  for (int l = 0; l < shape_.layers; ++l) {
    const auto part = [&](std::string_view what) { return &weights.at(fmt::format("layers.{}.{}", l, what)); };
    Layer layer;
    layer.attention_norm = *part("attention_norm");
    layer.ffn_norm = *part("ffn_norm");
    layer.qkv = Matrix(stacked({part("q"), part("k"), part("v")}).data(), dim + 2 * shape_.kv_dim(), dim);
    layer.o = Matrix(part("o")->data(), dim, dim);
    layer.gate_up = Matrix(stacked({part("gate"), part("up")}).data(), 2 * hidden, dim);
    layer.down = Matrix(part("down")->data(), dim, hidden);
    layers_.push_back(std::move(layer));
  }
  const int pairs = shape_.head_size() / 2;
  for (int position = 0; position < shape_.context; ++position)
    for (int i = 0; i < pairs; ++i) {
      const double angle = position / std::pow(static_cast<double>(shape_.rope_base), static_cast<double>(i) / pairs);
      rope_cos_.push_back(static_cast<float>(std::cos(angle)));
      rope_sin_.push_back(static_cast<float>(std::sin(angle)));
    }
}

std::span<const float> Model::embedding(int token) const {
  const auto dim = static_cast<std::size_t>(shape_.dim);
  return std::span(embedding_).subspan(static_cast<std::size_t>(token) * dim, dim);
}

}  // namespace wattline::lm
