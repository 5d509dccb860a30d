#include "study/bootstrap.h"

#include <algorithm>
#include <cmath>

#include "study/distributions.h"

namespace wattline::study {
namespace {

// 0 .. n-1; the same on every machine, which the standard's distributions do not promise.
std::size_t draw(std::mt19937_64& random, std::size_t n) {
  return static_cast<std::size_t>(((random() >> 32) * static_cast<std::uint64_t>(n)) >> 32);
}

// Skewness of the influence of single values, by leaving each out in turn. Of large groups every
// k-th value is left out: the acceleration needs no more than some hundreds.
double acceleration(const std::vector<Values>& groups, const Statistic& statistic) {
  double cubes = 0, squares = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (groups[g].size() < 2) continue;
    const std::size_t stride = groups[g].size() / 500 + 1;
    std::vector<Values> without = groups;
    std::vector<double> rest, left_out;
    double mean = 0;
    for (std::size_t i = 0; i < groups[g].size(); i += stride) {
      rest.assign(groups[g].begin(), groups[g].end());
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
      without[g] = rest;
      left_out.push_back(statistic(without));
      mean += left_out.back();
    }
    const double n = static_cast<double>(groups[g].size()), scale = (n - 1) / n;
    mean /= static_cast<double>(left_out.size());
    for (const double x : left_out) {
      const double influence = scale * (mean - x);
      cubes += influence * influence * influence * static_cast<double>(stride);
      squares += influence * influence * static_cast<double>(stride);
    }
  }
  const double a = squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
  return std::isfinite(a) ? a : 0;
}

}  // namespace

Bootstrap bootstrap(const std::vector<Values>& groups, const Statistic& statistic, std::size_t resamples,
                    double confidence, std::mt19937_64 random, const std::function<void()>& between) {
  Bootstrap b;
  b.value = statistic(groups);
  std::vector<std::vector<double>> drawn;
  for (const Values g : groups) drawn.emplace_back(g.size());
  const std::vector<Values> views(drawn.begin(), drawn.end());
  std::vector<double> found;
  found.reserve(resamples);
  for (std::size_t r = 0; r < resamples; ++r) {
    if (between && r % 256 == 0) between();
    for (std::size_t g = 0; g < groups.size(); ++g)
      for (double& x : drawn[g]) x = groups[g][draw(random, groups[g].size())];
    if (const double v = statistic(views); std::isfinite(v)) found.push_back(v);
  }
  b.resamples = found.size();
  if (found.size() < 2) {
    b.standard_error = std::nan("");
    b.percentile = b.bca = {std::nan(""), std::nan("")};
    return b;
  }
  std::sort(found.begin(), found.end());
  b.standard_error = moments(found).sd();
  const double tail = 0.5 - confidence / 2;
  b.percentile = b.bca = {quantile(found, tail), quantile(found, 1 - tail)};
  if (found.front() == found.back()) return b;
  // Ties with the value itself count half, so that discrete statistics are not pushed aside.
  const auto below = static_cast<double>(std::lower_bound(found.begin(), found.end(), b.value) - found.begin());
  const auto not_above = static_cast<double>(std::upper_bound(found.begin(), found.end(), b.value) - found.begin());
  const double n = static_cast<double>(found.size());
  const double bias = normal_quantile(std::clamp(0.5 * (below + not_above) / n, 0.5 / n, 1 - 0.5 / n));
  const double a = acceleration(groups, statistic);
  const auto level = [&](double p) {
    const double z = bias + normal_quantile(p), scale = 1 - a * z;
    return scale > 0 ? normal_cdf(bias + z / scale) : p;
  };
  b.bca = {quantile(found, level(tail)), quantile(found, level(1 - tail))};
  return b;
}

}  // namespace wattline::study
