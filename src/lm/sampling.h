// Which token comes next, given the logits.
#pragma once

#include <random>
#include <span>

namespace wattline::lm {

// The likeliest; the lowest id of equals.
int likeliest(std::span<const float> logits);
// Drawn from softmax(logits / temperature) among the likeliest tokens that together hold at least
// `top_p` (Holtzman et al. 2020, arXiv:1904.09751). temperature 0 takes the likeliest.
int sample(std::span<const float> logits, double temperature, double top_p, std::mt19937_64& random);
// -ln softmax(logits)[token], in double precision.
double surprise(std::span<const float> logits, int token);

}  // namespace wattline::lm
