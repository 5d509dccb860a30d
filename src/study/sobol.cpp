#include "study/sobol.h"

#include <algorithm>
#include <cmath>

#include <boost/random/sobol.hpp>
#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::study {
namespace {

double unit(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

// Rows of a shifted Sobol sequence of `columns` dimensions, none of them exactly 0 or 1.
std::vector<double> points_of(std::size_t rows, std::size_t columns, std::mt19937_64& random) {
  std::vector<double> shift(columns), out;
  for (double& s : shift) s = unit(random);
  boost::random::sobol sequence(columns);
  const double range = static_cast<double>(boost::random::sobol::max());
  out.reserve(rows * columns);
  for (std::size_t i = 0; i < rows * columns; ++i) {
    double x = static_cast<double>(sequence()) / range + shift[i % columns];
    x -= std::floor(x);
    out.push_back(std::clamp(x, 1e-12, 1 - 1e-12));
  }
  return out;
}

struct Runs {
  std::vector<double> a, b;
  std::vector<std::vector<double>> mixed;  // [input]: A with that column of B
};

void indices(const Runs& r, std::span<const std::size_t> rows, std::vector<double>& first, std::vector<double>& total) {
  const double n = static_cast<double>(rows.size());
  double mean = 0, variance = 0;
  for (const auto i : rows) mean += r.a[i] + r.b[i];
  mean /= 2 * n;
  for (const auto i : rows) variance += (r.a[i] - mean) * (r.a[i] - mean) + (r.b[i] - mean) * (r.b[i] - mean);
  variance /= 2 * n;
  for (std::size_t k = 0; k < r.mixed.size(); ++k) {
    double s = 0, t = 0;
    for (const auto i : rows) {
      s += r.b[i] * (r.mixed[k][i] - r.a[i]);
      t += (r.a[i] - r.mixed[k][i]) * (r.a[i] - r.mixed[k][i]);
    }
    first[k] = variance > 0 ? s / n / variance : 0;
    total[k] = variance > 0 ? t / (2 * n) / variance : 0;
  }
}

}  // namespace

double sorted_quantile(std::span<const double> sorted, double p) {
  if (sorted.empty()) return NAN;
  const double at = p * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const auto high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

SobolIndices sobol_indices(std::size_t inputs, std::size_t points,
                           const std::function<double(std::span<const double>)>& output, const Context& context) {
  if (inputs == 0 || inputs > 500) throw bad_input(fmt::format("{} inputs; 1 to 500 are allowed", inputs));
  if (points < 8 || points > 10'000'000) throw bad_input(fmt::format("{} points; 8 to 10,000,000 are allowed", points));
  auto random = context.random("sobol");
  const auto both = points_of(points, 2 * inputs, random);
  Runs r;
  r.mixed.resize(inputs);
  std::vector<double> x(inputs);
  for (std::size_t i = 0; i < points; ++i) {
    if (i % 64 == 0) context.check_cancelled();
    const double* a = &both[i * 2 * inputs];
    const double* b = a + inputs;
    r.a.push_back(output({a, inputs}));
    r.b.push_back(output({b, inputs}));
    for (std::size_t k = 0; k < inputs; ++k) {
      std::copy(a, a + inputs, x.begin());
      x[k] = b[k];
      r.mixed[k].push_back(output(x));
    }
  }
  SobolIndices out;
  out.outputs = r.a;
  out.outputs.insert(out.outputs.end(), r.b.begin(), r.b.end());
  for (const double y : out.outputs) out.mean += y / static_cast<double>(2 * points);
  for (const double y : out.outputs) out.variance += (y - out.mean) * (y - out.mean) / static_cast<double>(2 * points);
  std::sort(out.outputs.begin(), out.outputs.end());
  // Taking the mean off keeps the first-order estimator's own variance small.
  for (auto* runs : {&r.a, &r.b})
    for (double& y : *runs) y -= out.mean;
  for (auto& runs : r.mixed)
    for (double& y : runs) y -= out.mean;

  std::vector<std::size_t> rows(points);
  for (std::size_t i = 0; i < points; ++i) rows[i] = i;
  std::vector<double> first(inputs), total(inputs);
  indices(r, rows, first, total);
  out.of.resize(inputs);
  for (std::size_t k = 0; k < inputs; ++k) out.of[k] = {first[k], total[k], {first[k], first[k]}, {total[k], total[k]}};
  if (!(out.variance > 0)) return out;

  constexpr std::size_t resamples = 200;
  std::vector<std::vector<double>> firsts(inputs), totals(inputs);
  for (std::size_t s = 0; s < resamples; ++s) {
    context.check_cancelled();
    for (auto& row : rows) row = static_cast<std::size_t>(random() % points);
    indices(r, rows, first, total);
    for (std::size_t k = 0; k < inputs; ++k) {
      firsts[k].push_back(first[k]);
      totals[k].push_back(total[k]);
    }
  }
  const auto interval = [](std::vector<double>& v) {
    std::sort(v.begin(), v.end());
    return Interval{sorted_quantile(v, 0.025), sorted_quantile(v, 0.975)};
  };
  for (std::size_t k = 0; k < inputs; ++k) {
    out.of[k].first_interval = interval(firsts[k]);
    out.of[k].total_interval = interval(totals[k]);
  }
  return out;
}

}  // namespace wattline::study
