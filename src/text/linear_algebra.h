// The two inner loops of linear heads. Weights are [feature][width], width a multiple of 16.
#pragma once

#include <cstddef>

#include "text/features.h"

namespace wattline::text {

// scores[l] += sum over features f of x_f weights[f][l].
void linear_scores(const float* weights, std::size_t width, std::size_t dense, const Features& x, float* scores);
// gradient[f][l] += x_f errors[l].
void linear_gradient(float* gradient, std::size_t width, std::size_t dense, const Features& x, const float* errors);

}  // namespace wattline::text
