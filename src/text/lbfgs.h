// Limited-memory BFGS (Nocedal 1980; Liu and Nocedal 1989, doi:10.1007/BF01589116) for smooth convex
// functions of many variables, with a backtracking line search. Deterministic.
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace wattline::text {

struct LbfgsOptions {
  int iterations = 200, memory = 8;
  double tolerance = 1e-5;  // ends when the gradient's length falls below this times max(1, length of x)
};
struct LbfgsReport {
  int iterations = 0;
  double value = 0, gradient = 0;
  bool converged = false;
};

// `f(x, gradient)` returns the value and writes the gradient. `x` holds the start and gets the minimum;
// `go_on` is asked once an iteration (cancellation, progress).
LbfgsReport minimise(const std::function<double(std::span<const float> x, std::span<float> gradient)>& f,
                     std::vector<float>& x, const LbfgsOptions& = {},
                     const std::function<bool(int iteration)>& go_on = {});

}  // namespace wattline::text
