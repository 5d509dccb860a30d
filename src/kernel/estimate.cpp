#include "kernel/estimate.h"

#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline {

std::string_view to_string(Method m) {
  switch (m) {
    case Method::measured: return "measured";
    case Method::declared: return "declared";
    case Method::modelled: return "modelled";
  }
  return "modelled";
}

Method parse_method(std::string_view s) {
  for (Method m : {Method::measured, Method::declared, Method::modelled})
    if (to_string(m) == s) return m;
  throw bad_input(fmt::format("unknown method '{}'; measured, declared or modelled is allowed", s));
}

RawEstimate::RawEstimate(double value, double sd, Method method, std::string source)
    : value_(value), independent_variance_(sd * sd), method_(method) {
  if (!source.empty()) sources_.insert(std::move(source));
}

double RawEstimate::independent_sd() const { return std::sqrt(independent_variance_); }

double RawEstimate::sd() const {
  double variance = independent_variance_;
  for (const auto& [factor, s] : by_factor_) variance += s * s;
  return std::sqrt(variance);
}

Interval RawEstimate::interval() const {
  constexpr double z = 1.959963984540054;  // 97.5 % point of the normal distribution
  const double s = sd();
  if (s == 0) return {value_, value_};
  if (signed_ || value_ <= 0) return {value_ - z * s, value_ + z * s};
  // Log-normal with the same mean and variance.
  const double variance_log = std::log1p((s / value_) * (s / value_));
  const double mean_log = std::log(value_) - variance_log / 2;
  const double spread = z * std::sqrt(variance_log);
  // A very wide log-normal has a median far below its mean; the value itself always stays inside.
  return {std::min(value_, std::exp(mean_log - spread)), std::max(value_, std::exp(mean_log + spread))};
}

void RawEstimate::attribute_to(const std::string& factor_id) {
  by_factor_[factor_id] += std::sqrt(independent_variance_);
  independent_variance_ = 0;
}

void RawEstimate::renumber(double value, double sd) {
  value_ = value;
  independent_variance_ = by_factor_.empty() ? sd * sd : 0;
  for (auto& [factor, part] : by_factor_) part = sd;
}

RawEstimate RawEstimate::scaled(const RawEstimate& a, double f) {
  RawEstimate out = a;
  out.value_ *= f;
  out.independent_variance_ *= f * f;
  for (auto& [factor, s] : out.by_factor_) s *= f;
  if (f < 0) out.signed_ = true;
  return out;
}

namespace {

// d(result) = da * wa + db * wb, factor by factor.
void combine_factors(std::map<std::string, double>& out, const std::map<std::string, double>& other, double weight) {
  for (const auto& [factor, s] : other) out[factor] += s * weight;
}

}  // namespace

RawEstimate RawEstimate::sum(const RawEstimate& a, const RawEstimate& b, double sign) {
  RawEstimate out = a;
  out.value_ += sign * b.value_;
  out.independent_variance_ += b.independent_variance_;
  combine_factors(out.by_factor_, b.by_factor_, sign);
  out.sources_.insert(b.sources_.begin(), b.sources_.end());
  out.method_ = std::max(a.method_, b.method_);
  out.signed_ = a.signed_ || b.signed_ || sign < 0;
  return out;
}

RawEstimate RawEstimate::product(const RawEstimate& a, const RawEstimate& b) {
  RawEstimate out = a;
  out.value_ = a.value_ * b.value_;
  for (auto& [factor, s] : out.by_factor_) s *= b.value_;
  combine_factors(out.by_factor_, b.by_factor_, a.value_);
  const double va = a.independent_variance_, vb = b.independent_variance_;
  double shared_a = 0, shared_b = 0;  // variance that sits in factors
  for (const auto& [factor, s] : a.by_factor_) shared_a += s * s;
  for (const auto& [factor, s] : b.by_factor_) shared_b += s * s;
  // The last terms are exact for independent operands and vanish for small spreads; what is shared
  // through a factor is already counted to first order above.
  out.independent_variance_ =
      va * b.value_ * b.value_ + vb * a.value_ * a.value_ + va * vb + va * shared_b + vb * shared_a;
  out.sources_.insert(b.sources_.begin(), b.sources_.end());
  out.method_ = std::max(a.method_, b.method_);
  out.signed_ = a.signed_ || b.signed_;
  return out;
}

RawEstimate RawEstimate::quotient(const RawEstimate& a, const RawEstimate& b) {
  RawEstimate inverse = b;
  const double v = b.value_;
  inverse.value_ = 1 / v;
  inverse.independent_variance_ = b.independent_variance_ / (v * v * v * v);
  for (auto& [factor, s] : inverse.by_factor_) s *= -1 / (v * v);
  return product(a, inverse);
}

Measure to_measure(const RawEstimate& raw, Dimension dimension, std::string_view unit) {
  Unit u;
  if (unit.empty()) {
    u = friendly_unit(raw.value(), dimension);
  } else {
    u = parse_unit(unit);
    if (u.dimension != dimension) throw bad_input(fmt::format("'{}' does not measure {}", unit, describe(dimension)));
  }
  const Interval i = raw.interval();
  return {raw.value() / u.scale,
          {i.low / u.scale, i.high / u.scale},
          u.symbol,
          raw.method(),
          {raw.sources().begin(), raw.sources().end()}};
}

std::string to_string(const Measure& m, int significant) {
  std::string out = format_number(m.value, significant);
  if (!m.unit.empty()) out += " " + m.unit;
  if (m.interval.low != m.interval.high)
    out += fmt::format(" ({} .. {}, {})", format_number(m.interval.low, 3), format_number(m.interval.high, 3),
                       to_string(m.method));
  else out += fmt::format(" ({})", to_string(m.method));
  return out;
}

}  // namespace wattline
