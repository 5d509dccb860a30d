#include "study/summary.h"

#include <algorithm>
#include <cmath>

#include "study/distributions.h"

namespace wattline::study {

double Moments::variance() const { return n < 2 ? std::nan("") : squares / static_cast<double>(n - 1); }
double Moments::sd() const { return std::sqrt(variance()); }
double Moments::standard_error() const { return std::sqrt(variance() / static_cast<double>(n)); }

Moments moments(Values v) {
  Moments m;
  m.n = v.size();
  if (v.empty()) {
    m.mean = std::nan("");
    return m;
  }
  // About the first value differences of near neighbours are exact (Sterbenz).
  const double pivot = v.front(), n = static_cast<double>(v.size());
  double sum = 0, lost = 0;  // Neumaier
  for (const double x : v) {
    const double d = x - pivot, t = sum + d;
    lost += std::abs(sum) >= std::abs(d) ? (sum - t) + d : (d - t) + sum;
    sum = t;
  }
  const double offset = (sum + lost) / n;
  m.mean = pivot + offset;
  // Corrected two-pass (Chan, Golub and LeVeque 1983, eq. 1.7).
  double square = 0, rest = 0;
  for (const double x : v) {
    const double d = (x - pivot) - offset;
    square += d * d;
    rest += d;
  }
  m.squares = std::max(0.0, square - rest * rest / n);
  return m;
}

std::vector<double> sorted(Values v) {
  std::vector<double> out(v.begin(), v.end());
  std::sort(out.begin(), out.end());
  return out;
}

double quantile(Values s, double p) {
  if (s.empty()) return std::nan("");
  const double at = p * static_cast<double>(s.size() - 1);
  const auto i = static_cast<std::size_t>(at);
  if (i + 1 >= s.size()) return s.back();
  return s[i] + (at - static_cast<double>(i)) * (s[i + 1] - s[i]);
}

double median(Values v) { return quantile(sorted(v), 0.5); }

Summary summarise(Values v, double confidence) {
  Summary s;
  s.m = moments(v);
  const std::vector<double> order = sorted(v);
  s.median = quantile(order, 0.5);
  s.q1 = quantile(order, 0.25);
  s.q3 = quantile(order, 0.75);
  s.least = order.empty() ? std::nan("") : order.front();
  s.greatest = order.empty() ? std::nan("") : order.back();
  std::vector<double> away;
  for (const double x : v) away.push_back(std::abs(x - s.median));
  s.mad = 1.4826 * median(away);
  if (s.mad > 0)
    s.outliers =
        static_cast<std::size_t>(std::count_if(away.begin(), away.end(), [&](double d) { return d > 3 * s.mad; }));
  const double half = v.size() < 2
                          ? std::nan("")
                          : t_quantile(0.5 + confidence / 2, static_cast<double>(v.size() - 1)) * s.m.standard_error();
  s.mean_interval = {s.m.mean - half, s.m.mean + half};
  if (!order.empty() && order.front() > 0) {
    double logs = 0;
    for (const double x : v) logs += std::log(x);
    s.geometric_mean = std::exp(logs / static_cast<double>(v.size()));
    if (v.size() > 1) s.cv = s.m.sd() / s.m.mean;
  }
  return s;
}

double lag_one_autocorrelation(Values v) {
  const Moments m = moments(v);
  if (v.size() < 3 || !(m.squares > 0)) return std::nan("");
  double sum = 0;
  for (std::size_t i = 1; i < v.size(); ++i) sum += (v[i] - m.mean) * (v[i - 1] - m.mean);
  return sum / m.squares;
}

}  // namespace wattline::study
