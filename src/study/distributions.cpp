#include "study/distributions.h"

#include <array>
#include <cmath>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

namespace wattline::study {
namespace {

namespace bm = boost::math;

// Out-of-range arguments give NaN, not exceptions.
using Quiet = bm::policies::policy<
    bm::policies::domain_error<bm::policies::ignore_error>, bm::policies::overflow_error<bm::policies::ignore_error>,
    bm::policies::evaluation_error<bm::policies::ignore_error>, bm::policies::pole_error<bm::policies::ignore_error>>;
using Normal = bm::normal_distribution<double, Quiet>;
using StudentsT = bm::students_t_distribution<double, Quiet>;
using FisherF = bm::fisher_f_distribution<double, Quiet>;
using ChiSquared = bm::chi_squared_distribution<double, Quiet>;
using NoncentralT = bm::non_central_t_distribution<double, Quiet>;

const double nan_value = std::nan("");
bool usable(double df) { return df > 0; }

}  // namespace

double normal_cdf(double z) { return std::isnan(z) ? z : 0.5 * std::erfc(-z / std::sqrt(2.0)); }
double normal_quantile(double p) { return p > 0 && p < 1 ? bm::quantile(Normal(), p) : nan_value; }

double t_cdf(double t, double df) {
  if (std::isnan(t) || !usable(df)) return nan_value;
  if (std::isinf(t)) return t > 0 ? 1 : 0;
  return bm::cdf(StudentsT(df), t);
}
double t_upper(double t, double df) {
  if (std::isnan(t) || !usable(df)) return nan_value;
  if (std::isinf(t)) return t > 0 ? 0 : 1;
  return bm::cdf(bm::complement(StudentsT(df), t));
}
double t_two_sided(double t, double df) {
  const double p = 2 * t_upper(std::abs(t), df);
  return p > 1 ? 1 : p;
}
double t_quantile(double p, double df) {
  return p > 0 && p < 1 && usable(df) ? bm::quantile(StudentsT(df), p) : nan_value;
}
double f_upper(double f, double df1, double df2) {
  if (std::isnan(f) || f < 0 || !usable(df1) || !usable(df2)) return nan_value;
  if (std::isinf(f)) return 0;
  return bm::cdf(bm::complement(FisherF(df1, df2), f));
}
double chi_squared_upper(double x, double df) {
  if (std::isnan(x) || x < 0 || !usable(df)) return nan_value;
  if (std::isinf(x)) return 0;
  return bm::cdf(bm::complement(ChiSquared(df), x));
}
double noncentral_t_cdf(double t, double df, double noncentrality) {
  if (!std::isfinite(t) || !usable(df) || !std::isfinite(noncentrality)) return nan_value;
  if (noncentrality == 0) return t_cdf(t, df);
  return bm::cdf(NoncentralT(df, noncentrality), t);
}

namespace {

// Gauss-Legendre, 16 points on [-1, 1] (the positive half).
constexpr std::array<double, 8> nodes{0.0950125098376374401853, 0.2816035507792589132305, 0.4580167776572273863424,
                                      0.6178762444026437484467, 0.7554044083550030338951, 0.8656312023878317438805,
                                      0.9445750230732325760780, 0.9894009349916499325962};
constexpr std::array<double, 8> weights{0.1894506104550684962854, 0.1826034150449235888668, 0.1691565193950025381893,
                                        0.1495959888165767320815, 0.1246289712555338720525, 0.0951585116824927848099,
                                        0.0622535239386478928628, 0.0271524594117540948518};

template <class F>
double integral(double low, double high, int panels, F&& f) {
  double sum = 0;
  const double half = (high - low) / (2 * panels);
  for (int p = 0; p < panels; ++p) {
    const double middle = low + (2 * p + 1) * half;
    for (std::size_t i = 0; i < nodes.size(); ++i)
      sum += weights[i] * (f(middle + half * nodes[i]) + f(middle - half * nodes[i]));
  }
  return sum * half;
}

// P(range of k standard normals <= w): k times the integral of phi(z) (Phi(z) - Phi(z - w))^(k-1).
double range_cdf(double w, int k) {
  if (w <= 0) return 0;
  constexpr double density = 0.3989422804014326779399;
  // Beyond 8.5 nothing is left at double precision.
  return std::min(1.0, k * integral(-8.5, 8.5, 10, [&](double z) {
                         return density * std::exp(-0.5 * z * z) * std::pow(normal_cdf(z) - normal_cdf(z - w), k - 1);
                       }));
}

}  // namespace

double studentized_range_cdf(double q, int k, double v) {
  if (std::isnan(q) || k < 2 || !usable(v)) return nan_value;
  if (q <= 0) return 0;
  if (std::isinf(q)) return 1;
  if (v > 1e5) return range_cdf(q, k);
  // s = chi_v / sqrt(v): its density times the range probability at q s.
  const double low = std::sqrt(bm::quantile(ChiSquared(v), 1e-15) / v);
  const double high = std::sqrt(bm::quantile(bm::complement(ChiSquared(v), 1e-15)) / v);
  const double constant = std::log(2.0) + 0.5 * v * std::log(0.5 * v) - std::lgamma(0.5 * v);
  return std::min(1.0, integral(low, high, 8, [&](double s) {
                    return std::exp(constant + (v - 1) * std::log(s) - 0.5 * v * s * s) * range_cdf(q * s, k);
                  }));
}

double studentized_range_quantile(double p, int k, double v) {
  if (!(p > 0 && p < 1) || k < 2 || !usable(v)) return nan_value;
  double low = 0, high = 4;
  while (studentized_range_cdf(high, k, v) < p && high < 1e6) {
    low = high;
    high *= 2;
  }
  // Illinois: regula falsi that halves the side that stays.
  double f_low = studentized_range_cdf(low, k, v) - p, f_high = studentized_range_cdf(high, k, v) - p;
  double q = high;
  for (int i = 0, side = 0; i < 60 && high - low > 1e-8 * high; ++i) {
    q = (low * f_high - high * f_low) / (f_high - f_low);
    const double f = studentized_range_cdf(q, k, v) - p;
    if (std::abs(f) < 1e-12) break;
    if (f < 0) {
      low = q;
      f_low = f;
      if (side == -1) f_high /= 2;
      side = -1;
    } else {
      high = q;
      f_high = f;
      if (side == 1) f_low /= 2;
      side = 1;
    }
  }
  return q;
}

}  // namespace wattline::study
