// Alarms that what was learned no longer holds: a change of the mean of a stream (a Brier score, an error, a quality).
#pragma once

#include <cstddef>
#include <deque>

namespace wattline::policy {

// Page's test in Hinkley's form for a rise of the mean: sum of (x - mean so far - tolerance), against its least.
class PageHinkley {
 public:
  PageHinkley(double tolerance = 0.02, double threshold = 20, std::size_t warm_up = 50)
      : tolerance_(tolerance), threshold_(threshold), warm_up_(warm_up) {}
  // True when `x` raises the alarm; it then begins anew.
  bool add(double x);
  double level() const { return sum_ - least_; }

 private:
  double tolerance_, threshold_, mean_ = 0, sum_ = 0, least_ = 0;
  std::size_t warm_up_, n_ = 0;
};

// The mean of the last `window` values against that of the `baseline` before them: an alarm beyond 3 standard errors.
class ThreeSigma {
 public:
  ThreeSigma(std::size_t window = 100, std::size_t baseline = 500) : window_(window), baseline_(baseline) {}
  bool add(double x);
  double sigmas() const { return sigmas_; }

 private:
  std::size_t window_, baseline_;
  std::deque<double> values_;
  double recent_ = 0, recent_squares_ = 0, before_ = 0, before_squares_ = 0, sigmas_ = 0;
};

}  // namespace wattline::policy
