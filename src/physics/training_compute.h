// Compute of a training run from parameters and tokens. Pure counting.
//
// Kaplan et al. 2020 (arXiv:2001.08361), section 2.1: 2 FLOP per parameter and token forward, twice as many
// backward. A mixture of experts counts the parameters that a token uses. These are the FLOP that the model
// needs (MFU is a share of the peak for them); where activations are computed again in the backward pass,
// the hardware does more (HFU), at most one forward pass more.
#pragma once

#include "kernel/quantity.h"

namespace wattline::physics {

inline constexpr double flop_forward = 2, flop_backward = 4;  // per active parameter and token

// `active_parameters`, `tokens` >= 0.
constexpr Flops training_flops(double active_parameters, double tokens) {
  return Flops((flop_forward + flop_backward) * active_parameters * tokens);
}
// MFU from HFU; `recomputed`: the share of activations that are computed twice, 0 to 1.
constexpr double mfu_from_hfu(double hfu, double recomputed) {
  return hfu * (flop_forward + flop_backward) / (flop_forward * (1 + recomputed) + flop_backward);
}

}  // namespace wattline::physics
