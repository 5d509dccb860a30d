#include "policy/select/warmth.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "study/summary.h"

namespace wattline::policy {

double cache_warmth(std::span<const double> recent, double observed, double age) {
  if (recent.size() <= 5 || !std::isfinite(observed)) return 0.5;
  const std::vector<double> times = study::sorted(recent);
  const double warm = study::quantile(times, 0.2), reference = study::quantile(times, 0.5),
               cold = study::quantile(times, 0.8);
  if (!(reference > 0)) return 0.5;
  const auto unit = [](double x) { return std::clamp(x, 0.0, 1.0); };
  const double raw = unit((cold - observed) / std::max(cold - warm, 0.1 * reference));
  const double reliability = unit((static_cast<double>(times.size()) - 5) / 45) *
                             unit((cold - warm) / reference / 0.15) * std::exp2(-std::max(age, 0.0) / 60);
  return reliability * raw + (1 - reliability) * 0.5;
}

}  // namespace wattline::policy
