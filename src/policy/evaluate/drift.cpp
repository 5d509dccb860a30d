#include "policy/evaluate/drift.h"

#include <algorithm>
#include <cmath>

namespace wattline::policy {

bool PageHinkley::add(double x) {
  if (!std::isfinite(x)) return false;
  ++n_;
  mean_ += (x - mean_) / static_cast<double>(n_);
  if (n_ <= warm_up_) return false;
  sum_ += x - mean_ - tolerance_;
  least_ = std::min(least_, sum_);
  if (level() <= threshold_) return false;
  *this = PageHinkley(tolerance_, threshold_, warm_up_);
  return true;
}

bool ThreeSigma::add(double x) {
  if (!std::isfinite(x)) return false;
  values_.push_back(x);
  recent_ += x, recent_squares_ += x * x;
  if (values_.size() > window_) {
    const double moved = values_[values_.size() - 1 - window_];
    recent_ -= moved, recent_squares_ -= moved * moved;
    before_ += moved, before_squares_ += moved * moved;
  }
  if (values_.size() > window_ + baseline_) {
    before_ -= values_.front(), before_squares_ -= values_.front() * values_.front();
    values_.pop_front();
  }
  sigmas_ = 0;
  if (values_.size() < window_ + baseline_) return false;
  const double n = static_cast<double>(window_), m = static_cast<double>(baseline_);
  const double variance = std::max(before_squares_ / m - before_ / m * (before_ / m), 0.0);
  const double error = std::sqrt(variance * (1 / n + 1 / m));
  if (error > 1e-12) sigmas_ = (recent_ / n - before_ / m) / error;
  if (std::abs(sigmas_) <= 3) return false;
  values_.clear();
  recent_ = recent_squares_ = before_ = before_squares_ = 0;
  return true;
}

}  // namespace wattline::policy
