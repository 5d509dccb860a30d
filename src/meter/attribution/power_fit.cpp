#include "meter/attribution/power_fit.h"

#include <algorithm>
#include <cmath>

namespace wattline::meter {
namespace {

constexpr double most_error = 2;  // W, as SmartWatts has it for processors

}  // namespace

double PowerFit::joules(const Signals& x) const {
  double out = 0;
  for (std::size_t i = 0; i < signals; ++i) out += coefficients_[i] * x[i];
  return out;
}

void PowerFit::add(const Signals& x, double joules_seen, double seconds) {
  const bool finite = std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v) && v >= 0; });
  if (!finite || !std::isfinite(joules_seen) || joules_seen < 0 || !(seconds > 0)) return;
  ticks_.push_back({x, joules_seen});
  if (ticks_.size() > most_ticks) ticks_.pop_front();
  ++since_fit_;
  if (fitted_) error_ += 0.1 * (std::abs(joules(x) - joules_seen) / seconds - error_);
  const bool due = !fitted_ ? ticks_.size() >= least_ticks : error_ > most_error && since_fit_ >= least_ticks;
  if (!due) return;
  // What was learned before the world changed would hold the fit back.
  if (fitted_) ticks_.erase(ticks_.begin(), ticks_.end() - static_cast<std::ptrdiff_t>(least_ticks));
  fit();
}

// Least squares with coefficients of at least 0, by going down one coordinate after the other on scaled signals.
void PowerFit::fit() {
  Signals scale{};
  for (const Tick& t : ticks_)
    for (std::size_t i = 0; i < signals; ++i) scale[i] = std::max(scale[i], t.x[i]);
  std::array<Signals, signals> gram{};
  Signals target{}, c{};
  double sum = 0;
  for (const Tick& t : ticks_) {
    sum += t.joules;
    for (std::size_t i = 0; i < signals; ++i) {
      if (scale[i] <= 0) continue;
      target[i] += t.x[i] / scale[i] * t.joules;
      for (std::size_t k = 0; k < signals; ++k)
        if (scale[k] > 0) gram[i][k] += t.x[i] / scale[i] * (t.x[k] / scale[k]);
    }
  }
  // A little is taken off for size, so that signals that always go together share what they explain.
  for (std::size_t i = 0; i < signals; ++i) gram[i][i] *= 1 + 1e-6;
  for (int round = 0; round < 2000; ++round)
    for (std::size_t i = 0; i < signals; ++i) {
      if (gram[i][i] <= 0) continue;
      double rest = target[i];
      for (std::size_t k = 0; k < signals; ++k)
        if (k != i) rest -= gram[i][k] * c[k];
      c[i] = std::max(0.0, rest / gram[i][i]);
    }
  for (std::size_t i = 0; i < signals; ++i) coefficients_[i] = scale[i] > 0 ? c[i] / scale[i] : 0;
  double square = 0;
  for (const Tick& t : ticks_) square += std::pow(joules(t.x) - t.joules, 2);
  const double n = static_cast<double>(ticks_.size());
  spread_ = sum > 0 ? 1.96 * std::sqrt(square / n) / (sum / n) : 1;
  error_ = 0;
  since_fit_ = 0;
  fitted_ = true;
  ++fits_;
}

}  // namespace wattline::meter
