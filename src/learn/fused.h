// Two steps of the network forwards and backwards in one pass each, where a chain of tensor operations
// would walk memory a dozen times. Plain loops over row-major arrays; the trainer makes them
// differentiable.
#pragma once

#include <cstdint>

namespace wattline::learn {

// y = x / rms(x) * weight by row (Zhang & Sennrich 2019, arXiv:1910.07467); `scale` gets 1 / rms by row.
void rms_norm_forward(const float* x, const float* weight, std::int64_t rows, std::int64_t width, float epsilon,
                      float* y, float* scale);
// Given dy: dx, and dweight added to.
void rms_norm_backward(const float* x, const float* weight, const float* scale, const float* dy, std::int64_t rows,
                       std::int64_t width, float* dx, float* dweight);

// Turns the pairs (2i, 2i+1) of every head of x [rows][length][heads][size] by the angle of their
// position: `cosines` and `sines` are [length][size / 2] (Su et al. 2021, arXiv:2104.09864).
// direction -1 turns back, which is also the derivative.
void rotate_forward(const float* x, const float* cosines, const float* sines, std::int64_t rows, std::int64_t length,
                    std::int64_t heads, std::int64_t size, float direction, float* y);

}  // namespace wattline::learn
