#include "policy/select/beta.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace wattline::policy {
namespace {

constexpr std::size_t most = 16, own = 48;  // entries; points that each brings to the grid

}  // namespace

void chance_of_best(std::span<const Beta> all, std::span<const double> shift, std::span<double> chances) {
  const std::size_t n = std::min(all.size(), most);
  std::fill(chances.begin(), chances.end(), 0.0);
  std::array<double, most * own> grid;
  std::size_t points = 0, alive = 0, last = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(shift[i])) continue;
    ++alive, last = i;
    // Denser around the mean: t^3-like spacing over +-8 standard deviations, within the support.
    for (std::size_t k = 0; k < own; ++k) {
      const double t = 2 * (static_cast<double>(k) + 0.5) / own - 1;
      const double x = all[i].mean() + all[i].sd() * 8 * (0.35 * t + 0.65 * t * t * t);
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
  std::array<std::array<float, most * own>, most> mass{};
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(shift[i])) continue;
    const double a = all[i].a - 1, b = all[i].b - 1;
    const double mode = std::clamp(a + b > 0 ? a / (a + b) : 0.5, 1e-6, 1 - 1e-6);
    const double top = a * std::log(mode) + b * std::log1p(-mode);
    const auto density = [&](double x) {
      return x <= 0 || x >= 1 ? 0.0 : std::exp(std::min(a * std::log(x) + b * std::log1p(-x) - top, 50.0));
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
  std::array<double, most> below{};
  double total = 0;
  for (std::size_t k = 1; k < points; ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      if (mass[i][k] <= 0) continue;
      double win = mass[i][k];
      for (std::size_t j = 0; j < n; ++j)
        if (j != i && std::isfinite(shift[j])) win *= below[j] + 0.5 * static_cast<double>(mass[j][k]);
      chances[i] += win;
    }
    for (std::size_t i = 0; i < n; ++i) below[i] += static_cast<double>(mass[i][k]);
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
