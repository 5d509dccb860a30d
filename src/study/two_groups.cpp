#include "study/two_groups.h"

#include <algorithm>
#include <cmath>

#include "study/distributions.h"

namespace wattline::study {
namespace {

const double nan_value = std::nan("");

MeanDifference untested(MeanDifference d, std::string why) {
  d.t = d.p = d.standard_error = d.df = nan_value;
  d.interval = {nan_value, nan_value};
  d.no_test = std::move(why);
  return d;
}

MeanDifference tested(MeanDifference d, double confidence) {
  d.t = d.difference / d.standard_error;
  d.p = t_two_sided(d.t, d.df);
  const double half = t_quantile(0.5 + confidence / 2, d.df) * d.standard_error;
  d.interval = {d.difference - half, d.difference + half};
  return d;
}

// Means far from 0 differ by less than they round to: their difference is taken about one value.
double difference_of_means(Values a, Values b) {
  double sum_a = 0, sum_b = 0;
  const double pivot = a.front();
  for (const double x : a) sum_a += x - pivot;
  for (const double x : b) sum_b += x - pivot;
  return sum_b / static_cast<double>(b.size()) - sum_a / static_cast<double>(a.size());
}

std::vector<double> differences(Values a, Values b) {
  std::vector<double> d(std::min(a.size(), b.size()));
  for (std::size_t i = 0; i < d.size(); ++i) d[i] = b[i] - a[i];
  return d;
}

}  // namespace

MeanDifference welch(Values a, Values b, double confidence) {
  MeanDifference d;
  if (a.empty() || b.empty()) return untested(d, "a group is empty");
  d.difference = difference_of_means(a, b);
  if (a.size() < 2 || b.size() < 2) return untested(d, "one value in a group tells nothing of its spread");
  const Moments ma = moments(a), mb = moments(b);
  const double va = ma.variance() / static_cast<double>(ma.n), vb = mb.variance() / static_cast<double>(mb.n);
  if (!(va + vb > 0)) return untested(d, "the values of neither group vary");
  d.standard_error = std::sqrt(va + vb);
  // Scaled by the sum, so that squares of tiny variances do not vanish.
  const double ra = va / (va + vb), rb = vb / (va + vb);
  d.df = 1 / (ra * ra / static_cast<double>(ma.n - 1) + rb * rb / static_cast<double>(mb.n - 1));
  return tested(d, confidence);
}

MeanDifference student(Values a, Values b, double confidence) {
  MeanDifference d;
  if (a.empty() || b.empty()) return untested(d, "a group is empty");
  d.difference = difference_of_means(a, b);
  if (a.size() + b.size() < 3) return untested(d, "one value in a group tells nothing of its spread");
  const Moments ma = moments(a), mb = moments(b);
  d.df = static_cast<double>(ma.n + mb.n - 2);
  const double pooled = (ma.squares + mb.squares) / d.df;
  if (!(pooled > 0)) return untested(d, "the values of neither group vary");
  d.standard_error = std::sqrt(pooled * (1 / static_cast<double>(ma.n) + 1 / static_cast<double>(mb.n)));
  return tested(d, confidence);
}

MeanDifference paired(Values a, Values b, double confidence) {
  MeanDifference d;
  const std::vector<double> each = differences(a, b);
  if (each.empty()) return untested(d, "there are no pairs");
  const Moments m = moments(each);
  d.difference = m.mean;
  if (m.n < 2) return untested(d, "one pair tells nothing of the spread");
  if (!(m.squares > 0)) return untested(d, "all pairs differ by the same");
  d.standard_error = m.standard_error();
  d.df = static_cast<double>(m.n - 1);
  return tested(d, confidence);
}

std::optional<RelativeDifference> relative_difference(Values a, Values b, bool pairs, double confidence) {
  const MeanDifference d = pairs ? paired(a, b, confidence) : welch(a, b, confidence);
  if (!d.no_test.empty()) return std::nullopt;
  const Moments ma = moments(a), mb = moments(b);
  const double t = t_quantile(0.5 + confidence / 2, d.df);
  const double saa = ma.variance() / static_cast<double>(ma.n), sbb = mb.variance() / static_cast<double>(mb.n);
  double sab = 0;
  if (pairs) {
    for (std::size_t i = 0; i < a.size(); ++i) sab += (a[i] - ma.mean) * (b[i] - mb.mean);
    sab /= static_cast<double>(ma.n - 1) * static_cast<double>(ma.n);
  }
  // Ratios r with (mb - r ma)^2 <= t^2 (sbb - 2 r sab + r^2 saa).
  const double qa = ma.mean * ma.mean - t * t * saa, qb = ma.mean * mb.mean - t * t * sab,
               qc = mb.mean * mb.mean - t * t * sbb;
  if (!(qa > 0)) return std::nullopt;
  const double root = std::sqrt(std::max(0.0, qb * qb - qa * qc));
  // ma may be negative: "lower by" is still measured on its size.
  const double one = (qb - root) / qa - 1, other = (qb + root) / qa - 1, sign = ma.mean < 0 ? -1 : 1;
  return RelativeDifference{d.difference / std::abs(ma.mean),
                            {std::min(sign * one, sign * other), std::max(sign * one, sign * other)}};
}

namespace {

// The noncentrality at which P(T <= t) = p; falls as p rises.
double noncentrality_at(double t, double df, double p) {
  // Far out, or with many degrees of freedom, the normal form is as good and does not run out of range.
  if (std::abs(t) > 30 || df > 1000) return t - normal_quantile(p) * std::sqrt(1 + t * t / (2 * df));
  double low = t - 40, high = t + 40;
  for (int i = 0; i < 100 && high - low > 1e-9; ++i) {
    const double middle = 0.5 * (low + high);
    (noncentral_t_cdf(t, df, middle) > p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

std::optional<EffectSize> effect_size(Values a, Values b, bool pairs, double confidence) {
  const MeanDifference d = pairs ? paired(a, b, confidence) : student(a, b, confidence);
  if (!d.no_test.empty()) return std::nullopt;
  const double na = static_cast<double>(a.size()), nb = static_cast<double>(b.size());
  const double to_d = pairs ? std::sqrt(1 / na) : std::sqrt(1 / na + 1 / nb);  // d = t * to_d
  // Hedges' J (1981), with the gamma functions.
  const double j =
      d.df > 1 ? std::exp(std::lgamma(d.df / 2) - std::lgamma((d.df - 1) / 2)) / std::sqrt(d.df / 2) : nan_value;
  EffectSize e;
  e.d = d.t * to_d;
  e.g = j * e.d;
  const double tail = 0.5 - confidence / 2;
  e.interval = {j * to_d * noncentrality_at(d.t, d.df, 1 - tail), j * to_d * noncentrality_at(d.t, d.df, tail)};
  return e;
}

double cliffs_delta(Values a, Values b) {
  const std::vector<double> order = sorted(a);
  double sum = 0;
  for (const double x : b) {
    const auto below = std::lower_bound(order.begin(), order.end(), x) - order.begin();
    const auto above = order.end() - std::upper_bound(order.begin(), order.end(), x);
    sum += static_cast<double>(below - above);
  }
  return sum / (static_cast<double>(a.size()) * static_cast<double>(b.size()));
}

Equivalence equivalence(const MeanDifference& d, double margin) {
  Equivalence e;
  e.margin = margin;
  if (d.no_test.empty()) {
    e.p_lower = t_upper((d.difference + margin) / d.standard_error, d.df);
    e.p_upper = t_upper((margin - d.difference) / d.standard_error, d.df);
  }
  return e;
}

double detectable(const MeanDifference& d, double alpha, double power) {
  return (t_quantile(1 - alpha / 2, d.df) + t_quantile(power, d.df)) * d.standard_error;
}

std::size_t needed_per_group(double sd, double difference, double alpha, double power, bool pairs) {
  const double ratio = sd / difference, groups = pairs ? 1 : 2;
  if (!(ratio > 0) || !std::isfinite(ratio)) return 0;
  const double z = normal_quantile(1 - alpha / 2) + normal_quantile(power);
  double n = std::max(2.0, std::ceil(groups * z * z * ratio * ratio));
  if (n > 1e6) return static_cast<std::size_t>(std::min(n, 1e15));
  // The t quantiles are wider than the normal ones: a few more.
  for (int i = 0; i < 1000; ++i, ++n) {
    const double df = groups * (n - 1), t = t_quantile(1 - alpha / 2, df) + t_quantile(power, df);
    if (groups * t * t * ratio * ratio <= n) break;
  }
  return static_cast<std::size_t>(n);
}

}  // namespace wattline::study
