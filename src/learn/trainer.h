// The network in libtorch: the same model that `lm` runs, differentiable. The only file that includes
// torch is trainer.cpp, since such a file takes half a minute to compile.
//
// Matrices inside the layers learn by Muon (Jordan et al. 2024: momentum whose update is brought
// near an orthogonal matrix by five Newton-Schulz steps), the rest by AdamW (Loshchilov & Hutter
// 2019, arXiv:1711.05101).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "learn/examples.h"
#include "lm/model.h"

namespace wattline::learn {

// Random start: normal, scaled by the width of the input.
lm::Weights random_weights(const lm::Shape&, std::mt19937_64 random);

class Trainer {
 public:
  struct Rates {
    double matrix = 0.01;  // Muon
    double other = 0.02;  // AdamW
    double weight_decay = 0.01;
  };
  // All that the next step depends on: to stop and go on as if nothing had happened.
  struct State {
    std::int64_t steps = 0;
    lm::Weights weights;
    lm::Weights momentum, square;  // by tensor; empty before the first step; square: of AdamW alone
  };
  // `threads`: of the arithmetic, for the whole process.
  Trainer(const lm::Shape&, const State& start, const Rates&, int threads);
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  // One step of the optimisers on the mean gradient of the batches, with the rates times `scale`.
  // The mean loss of an answer token, in nats.
  double step(std::span<const Batch> batches, double scale);
  lm::Weights weights() const;
  State state() const;
  // Logits [tokens][vocabulary] of one sequence.
  std::vector<float> logits(const std::vector<int>& tokens) const;

 private:
  struct Network;
  std::unique_ptr<Network> network_;
};

}  // namespace wattline::learn
