#include "ledger/training/project.h"

#include <algorithm>
#include <cmath>

#include "study/distributions.h"
#include "study/summary.h"

namespace wattline::ledger::training {

Projection project(const std::vector<double>& all, double total, bool skip_first) {
  Projection out;
  const std::size_t skip = skip_first && all.size() >= 3 ? 1 : 0;
  const std::span<const double> seen(all.data() + skip, all.size() - skip);
  out.seen = seen.size();
  out.interval = {NAN, NAN};
  if (seen.empty()) {
    out.value = NAN;
    return out;
  }
  const auto m = study::moments(seen);
  const double n = static_cast<double>(m.n);
  // The epoch left out was spent all the same.
  const double spent = skip ? all.front() : 0, rest = total - static_cast<double>(skip);
  out.value = spent + m.mean * rest;
  if (m.n < 2) return out;
  const double half = study::t_quantile(0.975, n - 1) * m.sd() * std::sqrt(rest * rest / n + std::max(0.0, rest - n));
  out.interval = {std::max(0.0, out.value - half), out.value + half};
  return out;
}

}  // namespace wattline::ledger::training
