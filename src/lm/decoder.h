// A model at work on one sequence: tokens in, logits out, keys and values of the past kept. Not
// shared between threads; the model is.
#pragma once

#include <span>
#include <vector>

#include "lm/model.h"

namespace wattline::lm {

class Decoder {
 public:
  // Room for `capacity` tokens, at most the model's context. The model outlives the decoder.
  Decoder(const Model& model, int capacity);

  // Appends tokens; they are read together (matrix by matrix, not token by token). Logits are those
  // after the last one. More than the capacity is our own fault.
  void feed(std::span<const int> tokens);
  // The same, with the logits after every token: [tokens][vocabulary].
  std::vector<float> feed_all(std::span<const int> tokens);

  // After the last token fed: [vocabulary].
  std::span<const float> logits() const;
  int length() const { return length_; }
  int capacity() const { return capacity_; }

 private:
  void run(std::span<const int> tokens);
  void attention(int layer, int count);
  void feed_forward(int layer, int count);

  const Model& model_;
  int capacity_, length_ = 0;
  std::vector<std::vector<float>> keys_, values_;  // by layer: [capacity][kv_dim]
  // For the tokens of one run, rows padded as the matrices want them.
  std::vector<float> x_, normed_, qkv_, mixed_, inner_, added_;
  std::vector<float> scores_, logits_;
};

}  // namespace wattline::lm
