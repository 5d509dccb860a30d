#include "study/correlation.h"

#include <algorithm>
#include <cmath>

#include "study/distributions.h"
#include "study/rank.h"

namespace wattline::study {
namespace {

struct Pairs {
  std::vector<double> x, y;
};
Pairs finite_pairs(Values x, Values y) {
  Pairs out;
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i)
    if (std::isfinite(x[i]) && std::isfinite(y[i])) {
      out.x.push_back(x[i]);
      out.y.push_back(y[i]);
    }
  return out;
}

double shared_squares(Values x, double mean_x, Values y, double mean_y) {
  double out = 0;
  for (std::size_t i = 0; i < x.size(); ++i) out += (x[i] - mean_x) * (y[i] - mean_y);
  return out;
}

Correlation of_pairs(Values x, Values y) {
  Correlation out;
  out.n = x.size();
  const Moments a = moments(x), b = moments(y);
  if (out.n < 3 || !(a.squares > 0) || !(b.squares > 0)) {
    out.r = out.p = NAN;
    return out;
  }
  out.r = std::clamp(shared_squares(x, a.mean, y, b.mean) / std::sqrt(a.squares * b.squares), -1.0, 1.0);
  const double df = static_cast<double>(out.n) - 2, rest = 1 - out.r * out.r;
  out.p = rest > 0 ? t_two_sided(out.r * std::sqrt(df / rest), df) : 0;
  return out;
}

}  // namespace

Correlation pearson(Values x, Values y) {
  const Pairs pairs = finite_pairs(x, y);
  return of_pairs(pairs.x, pairs.y);
}

Correlation spearman(Values x, Values y) {
  const Pairs pairs = finite_pairs(x, y);
  return of_pairs(ranks(pairs.x), ranks(pairs.y));
}

LineFit line_fit(Values x, Values y) {
  const Pairs pairs = finite_pairs(x, y);
  LineFit out;
  out.n = pairs.x.size();
  const Moments a = moments(pairs.x), b = moments(pairs.y);
  if (out.n < 3 || !(a.squares > 0)) {
    out.slope = out.intercept = out.slope_error = out.t = out.p = NAN;
    return out;
  }
  out.slope = shared_squares(pairs.x, a.mean, pairs.y, b.mean) / a.squares;
  out.intercept = b.mean - out.slope * a.mean;
  double left = 0;
  for (std::size_t i = 0; i < out.n; ++i) {
    const double off = pairs.y[i] - out.intercept - out.slope * pairs.x[i];
    left += off * off;
  }
  const double df = static_cast<double>(out.n) - 2;
  out.slope_error = std::sqrt(left / df / a.squares);
  out.t = out.slope_error > 0 ? out.slope / out.slope_error : (out.slope == 0 ? 0 : INFINITY);
  out.p = std::isinf(out.t) ? 0 : t_two_sided(out.t, df);
  return out;
}

Interval wilson(std::size_t counted, std::size_t all) {
  if (all == 0) return {0, 1};
  const double n = static_cast<double>(all), share = static_cast<double>(counted) / n, z = normal_quantile(0.975);
  const double middle = share + z * z / (2 * n);
  const double half = z * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  const double scale = 1 + z * z / n;
  return {std::max(0.0, (middle - half) / scale), std::min(1.0, (middle + half) / scale)};
}

}  // namespace wattline::study
