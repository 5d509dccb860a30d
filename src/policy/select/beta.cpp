#include "policy/select/beta.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace wattline::policy {
namespace {

constexpr std::size_t most = 16;  // entries
// Points that each entry brings to the grid: together they are dense enough.
constexpr std::size_t points_of(std::size_t entries) { return entries <= 4 ? 20 : entries <= 8 ? 14 : 10; }
constexpr std::size_t most_points = most * points_of(most);
constexpr double reach = 7;  // standard deviations around the mean that hold all but some 1e-4 of any posterior

}  // namespace

void chance_of_best(std::span<const Beta> all, std::span<const double> shift, std::span<double> chances) {
  const std::size_t n = std::min(all.size(), most), own = points_of(n);
  std::fill(chances.begin(), chances.end(), 0.0);
  std::array<double, most_points> grid;
  std::size_t points = 0, alive = 0, last = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(shift[i])) continue;
    ++alive, last = i;
    // Denser around the mean: t^3-like spacing over the reach, within the support.
    for (std::size_t k = 0; k < own; ++k) {
      const double t = 2 * (static_cast<double>(k) + 0.5) / static_cast<double>(own) - 1;
      const double x = all[i].mean() + all[i].sd() * reach * (0.35 * t + 0.65 * t * t * t);
      grid[points++] = shift[i] + std::clamp(x, 1e-9, 1 - 1e-9);
    }
  }
  if (alive == 0) return;
  if (alive == 1) {
    chances[last] = 1;
    return;
  }
  std::sort(grid.begin(), grid.begin() + static_cast<std::ptrdiff_t>(points));
  // Per entry the distribution on the grid, by normalised trapezoids of the density; the normalising factor of the
  // density cancels.
  std::array<std::array<float, most_points>, most> mass;
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(shift[i])) continue;
    const double a = all[i].a - 1, b = all[i].b - 1;
    const double mode = std::clamp(a + b > 0 ? a / (a + b) : 0.5, 1e-6, 1 - 1e-6);
    const double top = a * std::log(mode) + b * std::log1p(-mode);
    const double mean = all[i].mean(), far = reach * all[i].sd();
    const auto density = [&](double x) {
      return x <= 0 || x >= 1 || std::abs(x - mean) > far
                 ? 0.0
                 : std::exp(std::min(a * std::log(x) + b * std::log1p(-x) - top, 50.0));
    };
    double sum = 0, before = density(grid[0] - shift[i]);
    for (std::size_t k = 1; k < points; ++k) {
      const double here = density(grid[k] - shift[i]);
      const double m = 0.5 * (before + here) * (grid[k] - grid[k - 1]);
      mass[i][k] = static_cast<float>(m);
      sum += m;
      before = here;
    }
    for (std::size_t k = 1; k < points; ++k) mass[i][k] = sum > 0 ? static_cast<float>(mass[i][k] / sum) : 0;
  }
  // The chance that i lies in this piece of the grid and all others below it, by products from both sides.
  std::array<double, most> below{};
  std::array<double, most + 1> before, after;
  double total = 0;
  for (std::size_t k = 1; k < points; ++k) {
    before[0] = after[n] = 1;
    const auto at_most = [&](std::size_t j) {
      return std::isfinite(shift[j]) ? below[j] + 0.5 * static_cast<double>(mass[j][k]) : 1.0;
    };
    for (std::size_t j = 0; j < n; ++j) before[j + 1] = before[j] * at_most(j);
    for (std::size_t j = n; j-- > 0;) after[j] = after[j + 1] * at_most(j);
    for (std::size_t i = 0; i < n; ++i) {
      if (!std::isfinite(shift[i])) continue;
      chances[i] += static_cast<double>(mass[i][k]) * before[i] * after[i + 1];
      below[i] += static_cast<double>(mass[i][k]);
    }
  }
  for (const double c : chances) total += c;
  if (total > 0)
    for (double& c : chances) c /= total;
  else  // posteriors too narrow for the grid: the highest mean
    for (std::size_t i = 0, best = last; i < n; ++i) {
      if (std::isfinite(shift[i]) && shift[i] + all[i].mean() > shift[best] + all[best].mean()) best = i;
      if (i + 1 == n) chances[best] = 1;
    }
}

}  // namespace wattline::policy
