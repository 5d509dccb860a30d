// Small models with random weights, for tests.
#pragma once

#include <random>

#include "lm/model.h"

namespace wattline::lm::test {

inline Shape small_shape() {
  Shape s;
  s.dim = 24;
  s.hidden = 40;
  s.layers = 2;
  s.heads = 4;
  s.kv_heads = 2;
  s.vocabulary = ByteTokenizer::size;
  s.context = 64;
  return s;
}

inline Weights random_weights(const Shape& shape, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Weights weights;
  for (const auto& spec : tensor_specs(shape)) {
    std::size_t count = 1;
    for (auto n : spec.shape) count *= static_cast<std::size_t>(n);
    auto& values = weights[spec.name];
    for (std::size_t i = 0; i < count; ++i)
      values.push_back(static_cast<float>(static_cast<double>(random() >> 11) * 0x1p-53 - 0.5));
  }
  return weights;
}

inline std::shared_ptr<const Model> random_model(const Shape& shape, std::uint64_t seed) {
  return std::make_shared<const Model>("random", shape, random_weights(shape, seed), std::make_shared<ByteTokenizer>(),
                                       "random");
}

}  // namespace wattline::lm::test
