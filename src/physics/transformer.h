// What a transformer has to compute and to move: FLOP, bytes and keys-and-values cache from its shape.
// Pure counting, no device: what is here is exact for the shape, not measured.
//
// Matrix products: 2 FLOP per parameter and token (Kaplan et al. 2020, arXiv:2001.08361, section 2.1);
// the input embedding is a table look-up, the output embedding is a product of the tokens whose next one is
// asked for: every decode step, but only the last position of a prompt. Attention: 4 * heads *
// head_size FLOP per layer, token and token looked back on (scores and weighted sum).
//
// A mixture of experts runs k of E experts a token; a pass over n tokens touches E * (1 - (1 - k/E)^n)
// different experts on average when the choices are independent (an upper bound: real routing clusters).
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/quantity.h"

namespace wattline::physics {

class Transformer {
 public:
  // Keeps no reference to the model. Error bad_input: no parameter count, or more active than there are.
  explicit Transformer(const catalog::Model&);

  bool shape_known() const { return layers_ > 0; }
  double layers() const { return layers_; }  // 0 where it is not published
  const std::vector<std::string>& warnings() const { return warnings_; }  // what had to be assumed

  // Of one decoded token that looks back on `context` tokens (itself included).
  Flops flops_per_token(double context) const;
  // Of `tokens` new positions after `before` cached ones, for one sequence, causal; logits of the last one.
  Flops prefill_flops(double tokens, double before = 0) const;
  // Of `steps` decode steps of one sequence; the first looks back on `context` + 1 tokens.
  Flops decode_flops(double steps, double context) const;

  Bytes stored_weights(double bits) const;  // all of them
  // Read by one pass over `tokens` tokens: each active matrix once, the experts that are touched.
  Bytes weights_read(double tokens, double bits) const;
  double experts_touched(double tokens) const;  // mean number of different experts; 0 when dense

  // Keys and values of one sequence: per token in all layers, what `context` tokens hold (a layer with a
  // window keeps only that), and what `steps` decode steps read back in sum.
  Bytes kv_per_token(double bits) const;
  Bytes kv_held(double context, double bits) const;
  Bytes kv_read(double steps, double context, double bits) const;

  // Moved through one device when `devices` share every layer: two all-reduces a layer of the hidden
  // state of each token in 16 bits, 2 * (n-1)/n of its size each (ring).
  Bytes exchanged(double tokens, double devices) const;

 private:
  double attention_flops() const;  // per token looked back on, of one layer
  double head_flops() const { return 2 * head_; }
  double body() const { return active_ - input_ - head_; }  // parameters in products of every token

  double total_ = 0, active_ = 0;  // parameters
  double input_ = 0, head_ = 0;  // looked up only; multiplied only where logits are asked for
  double shared_ = 0, expert_pool_ = 0;  // read by every pass; of all experts together
  double experts_ = 0, picked_ = 0;  // picked_/experts_ is the share that one token uses
  double layers_ = 0, windowed_ = 0, window_ = 0, hidden_ = 0;
  double attention_width_ = 0, latent_width_ = 0;  // heads * head_size; heads * latent size, 0 without
  double kv_elements_ = 0;  // per token and layer
  std::vector<std::string> warnings_;
};

// Sum of min(first + i, window) for i = 0 .. count-1 (window 0: no limit): how far `count` steps look back.
double windowed_sum(double first, double count, double window);

}  // namespace wattline::physics
