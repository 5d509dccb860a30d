#include "text/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <deque>

namespace wattline::text {
namespace {

using Vector = std::vector<float>;

double inner(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}
void add(Vector& a, double by, const Vector& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += static_cast<float>(by) * b[i];
}

struct Pair {
  Vector step, change;  // of x, of the gradient
  double rho;
};

// -H gradient by the two-loop recursion.
Vector direction_of(const Vector& gradient, const std::deque<Pair>& pairs) {
  Vector d = gradient;
  std::vector<double> alpha(pairs.size());
  for (std::size_t k = pairs.size(); k-- > 0;) {
    alpha[k] = pairs[k].rho * inner(pairs[k].step, d);
    add(d, -alpha[k], pairs[k].change);
  }
  if (!pairs.empty()) {
    const Pair& last = pairs.back();
    const double scale = 1 / (last.rho * inner(last.change, last.change));
    for (float& v : d) v *= static_cast<float>(scale);
  }
  for (std::size_t k = 0; k < pairs.size(); ++k)
    add(d, alpha[k] - pairs[k].rho * inner(pairs[k].change, d), pairs[k].step);
  for (float& v : d) v = -v;
  return d;
}

}  // namespace

LbfgsReport minimise(const std::function<double(std::span<const float>, std::span<float>)>& f, Vector& x,
                     const LbfgsOptions& o, const std::function<bool(int)>& go_on) {
  LbfgsReport report;
  Vector gradient(x.size()), next(x.size()), next_gradient(x.size());
  report.value = f(x, gradient);
  std::deque<Pair> pairs;
  for (report.iterations = 0;; ++report.iterations) {
    report.gradient = std::sqrt(inner(gradient, gradient));
    report.converged = report.gradient <= o.tolerance * std::max(1.0, std::sqrt(inner(x, x)));
    if (report.converged || report.iterations >= o.iterations || (go_on && !go_on(report.iterations))) return report;
    Vector d = direction_of(gradient, pairs);
    double slope = inner(d, gradient);
    if (!(slope < 0)) {
      // Rounding has made the memory useless: begin anew with the steepest descent.
      pairs.clear();
      d = gradient;
      for (float& v : d) v = -v;
      slope = -report.gradient * report.gradient;
    }
    double step = pairs.empty() ? std::min(1.0, 1 / report.gradient) : 1, value = report.value;
    int halvings = 0;
    for (;; step /= 2) {
      next = x;
      add(next, step, d);
      value = f(next, next_gradient);
      if (value <= report.value + 1e-4 * step * slope) break;
      // No better point within the precision of floats: this is the minimum.
      if (++halvings == 30) {
        report.converged = true;
        return report;
      }
    }
    Pair p{next, next_gradient, 0};
    add(p.step, -1, x);
    add(p.change, -1, gradient);
    const double curvature = inner(p.step, p.change);
    if (curvature > 1e-12) {
      p.rho = 1 / curvature;
      pairs.push_back(std::move(p));
      if (pairs.size() > static_cast<std::size_t>(o.memory)) pairs.pop_front();
    }
    x.swap(next);
    gradient.swap(next_gradient);
    report.value = value;
  }
}

}  // namespace wattline::text
