#include <algorithm>
#include <complex>
#include <numbers>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/series.h"
#include "kernel/series_steps.h"
#include "kernel/units.h"

namespace wattline {
namespace {

using Complex = std::complex<double>;

// Radix 2, in place (Cooley and Tukey 1965); the size is a power of two.
void fourier(std::vector<Complex>& a, bool inverse) {
  const std::size_t n = a.size();
  for (std::size_t i = 1, j = 0; i < n; ++i) {
    std::size_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(a[i], a[j]);
  }
  std::vector<Complex> turns(n / 2);
  for (std::size_t k = 0; k < n / 2; ++k)
    turns[k] = std::polar(1.0, (inverse ? 2 : -2) * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n));
  for (std::size_t length = 2; length <= n; length <<= 1)
    for (std::size_t i = 0; i < n; i += length)
      for (std::size_t k = 0; k < length / 2; ++k) {
        const Complex u = a[i + k], v = a[i + k + length / 2] * turns[k * (n / length)];
        a[i + k] = u + v;
        a[i + k + length / 2] = u - v;
      }
}

// Values on the grid, centred and scaled to 1 so that sums of squares keep their digits; 0 where there
// is none, and `known` then 0.
struct Gridded {
  std::vector<double> value, known;
  std::size_t count = 0;
};

Gridded gridded(const Series& s) {
  Gridded g;
  double mean = 0;
  for (const double v : s.values)
    if (std::isfinite(v)) mean += (v - mean) / static_cast<double>(++g.count);
  double largest = 0;
  for (const double v : s.values) {
    g.known.push_back(std::isfinite(v));
    g.value.push_back(std::isfinite(v) ? v - mean : 0);
    largest = std::max(largest, std::abs(g.value.back()));
  }
  if (largest > 0)
    for (double& v : g.value) v /= largest;
  return g;
}

std::vector<Complex> transformed(const std::vector<double>& v, std::size_t n, bool squared = false) {
  std::vector<Complex> a(n);
  for (std::size_t i = 0; i < v.size(); ++i) a[i] = squared ? v[i] * v[i] : v[i];
  fourier(a, false);
  return a;
}

// sum over k of a[k] b[k - lag], for all lags (negative ones from the end).
std::vector<Complex> correlated(const std::vector<Complex>& a, const std::vector<Complex>& b) {
  std::vector<Complex> out(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) out[i] = a[i] * std::conj(b[i]);
  fourier(out, true);
  for (Complex& c : out) c /= static_cast<double>(a.size());
  return out;
}

constexpr std::size_t most_points = std::size_t{1} << 22;

}  // namespace

Alignment align(const Series& reference, const Series& other, Duration max_lag, Duration step) {
  for (const Series* s : {&reference, &other})
    if (std::none_of(s->values.begin(), s->values.end(), [](double v) { return std::isfinite(v); }))
      throw bad_input(fmt::format("series '{}' has no values to align", s->name));
  if (!(max_lag.base() >= 0))
    throw bad_input("the greatest lag must be at least 0, not " + to_string(max_lag), "max_lag");
  const Gridded a = gridded(resample(reference, step)), b = gridded(resample(other, step));
  const detail::Ordered first(reference), second(other);
  // Both grids begin at their own first sample; `offset` is how much later the other's begins.
  const double offset = detail::seconds(detail::step_ns((*first).times.front(), (*second).times.front()));

  const std::size_t both = a.value.size() + b.value.size();
  if (both > most_points)
    throw bad_input(fmt::format("a step of {} makes {} points, more than {}", to_string(step), both, most_points),
                    "step", "take a longer step, or cut the series");
  std::size_t n = 1;
  while (n < both) n <<= 1;
  const auto va = transformed(a.value, n), ka = transformed(a.known, n), sa = transformed(a.value, n, true);
  const auto vb = transformed(b.value, n), kb = transformed(b.known, n), sb = transformed(b.value, n, true);
  const auto count = correlated(ka, kb), sum_a = correlated(va, kb), sum_b = correlated(ka, vb);
  const auto square_a = correlated(sa, kb), square_b = correlated(ka, sb), product = correlated(va, vb);

  const double least = std::max(3.0, 0.5 * static_cast<double>(std::min(a.count, b.count)));
  Alignment best;
  bool found = false;
  const auto points = static_cast<std::int64_t>(n);
  for (std::int64_t shift = 1 - static_cast<std::int64_t>(b.value.size());
       shift < static_cast<std::int64_t>(a.value.size()); ++shift) {
    // The other's point k lies on the reference's point k + shift when its times move by this much.
    const double lag = static_cast<double>(shift) * step.base() - offset;
    if (std::abs(lag) > max_lag.base() + 1e-9 * step.base()) continue;
    const auto at = static_cast<std::size_t>((shift + points) % points);
    const double m = std::round(count[at].real());
    if (m < least) continue;
    const double ma = sum_a[at].real() / m, mb = sum_b[at].real() / m;
    const double spread_a = square_a[at].real() / m - ma * ma, spread_b = square_b[at].real() / m - mb * mb;
    constexpr double rounding = 1e-12;  // of the transforms: below it nothing varies
    if (spread_a <= rounding || spread_b <= rounding) continue;
    const double r = (product[at].real() / m - ma * mb) / std::sqrt(spread_a * spread_b);
    const bool tie = found && std::abs(r - best.correlation) < 1e-9;
    if (!found || (tie ? std::abs(lag) < std::abs(best.lag.base()) : r > best.correlation))
      best = {Duration(lag), std::clamp(r, -1.0, 1.0)};
    found = true;
  }
  return best;
}

}  // namespace wattline
