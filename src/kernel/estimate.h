// A value that knows how sure it is and where it came from.
//
// An Estimate holds a mean, its standard uncertainty split by cause, the method, and its sources.
// Causes are factor ids ("grid.FR.2024"): errors that come from one shared factor are correlated, so
// they add linearly within a factor and in quadrature across factors. A million rows on one grid
// factor therefore do not become falsely certain. What no factor explains is independent.
//
// Propagation is first order (GUM, JCGM 100:2008, eq. 13), with the second-order term of products
// of independent parts. The 95 % interval is normal for values that can be of either sign and
// log-normal with the same two moments (Fenton-Wilkinson) for positive ones, so it never crosses 0.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kernel/quantity.h"

namespace wattline {

// Ordered from best to worst: combining takes the worst.
enum class Method { measured, declared, modelled };
std::string_view to_string(Method);
Method parse_method(std::string_view);

struct Interval {
  double low = 0, high = 0;
};

// The estimate without its dimension: what results, tables and the ledger carry. `unit` is a unit
// code (units.h) and the numbers are in that unit.
struct Measure {
  double value = 0;
  Interval interval;
  std::string unit;
  Method method = Method::modelled;
  std::vector<std::string> sources;
};

// The arithmetic, written once for all dimensions, on numbers of base units.
class RawEstimate {
 public:
  RawEstimate() = default;
  // An exact number.
  explicit RawEstimate(double value) : value_(value) {}
  RawEstimate(double value, double sd, Method method, std::string source);

  double value() const { return value_; }
  double sd() const;
  Interval interval() const;  // 95 %
  Method method() const { return method_; }
  const std::set<std::string>& sources() const { return sources_; }
  // Standard uncertainty by factor id, signed by direction; "" is not among them.
  const std::map<std::string, double>& by_factor() const { return by_factor_; }
  double independent_sd() const;
  bool can_be_negative() const { return signed_; }

  // Declares that the value's uncertainty is that of a shared factor.
  void attribute_to(const std::string& factor_id);
  // Another number known in the same way: its method, sources and one factor (or none) stay.
  void renumber(double value, double sd);
  void set_signed() { signed_ = true; }
  void add_source(const std::string& source) { sources_.insert(source); }
  void worsen(Method m) { method_ = std::max(method_, m); }

  static RawEstimate sum(const RawEstimate&, const RawEstimate&, double sign);
  static RawEstimate product(const RawEstimate&, const RawEstimate&);
  static RawEstimate quotient(const RawEstimate&, const RawEstimate&);
  static RawEstimate scaled(const RawEstimate&, double);

 private:
  double value_ = 0;
  double independent_variance_ = 0;
  std::map<std::string, double> by_factor_;
  std::set<std::string> sources_;
  Method method_ = Method::measured;
  bool signed_ = false;
};

template <class Q>
class Estimate {
 public:
  Estimate() = default;
  explicit Estimate(RawEstimate raw) : raw_(std::move(raw)) {}

  // An exact number ("12 cores"): no uncertainty, and never what makes a result worse known.
  static Estimate exact(Q value) { return Estimate(RawEstimate(value.base())); }
  // Value with standard uncertainty.
  static Estimate with_sd(Q value, Q sd, Method method, std::string source) {
    return Estimate(RawEstimate(value.base(), sd.base(), method, std::move(source)));
  }
  // Value whose true figure lies within low..high with 95 %; the wider side sets the spread.
  static Estimate within(Q value, Q low, Q high, Method method, std::string source) {
    double half = std::max(high.base() - value.base(), value.base() - low.base());
    return Estimate(RawEstimate(value.base(), half / 1.96, method, std::move(source)));
  }
  // Value known to +- `fraction` (95 %).
  static Estimate relative(Q value, double fraction, Method method, std::string source) {
    return Estimate(RawEstimate(value.base(), std::abs(value.base()) * fraction / 1.96, method, std::move(source)));
  }
  // The same, its error shared by everything that uses the factor.
  Estimate from_factor(const std::string& factor_id) && {
    raw_.attribute_to(factor_id);
    return std::move(*this);
  }

  Q value() const { return Q(raw_.value()); }
  Q sd() const { return Q(raw_.sd()); }
  Q low() const { return Q(raw_.interval().low); }
  Q high() const { return Q(raw_.interval().high); }
  Method method() const { return raw_.method(); }
  const RawEstimate& raw() const { return raw_; }
  RawEstimate& raw() { return raw_; }

  // As numbers of `unit` ("kWh"); with no unit, the one that reads best.
  Measure measure(std::string_view unit = {}) const;

  Estimate& operator+=(const Estimate& o) { return *this = *this + o; }
  friend Estimate operator+(const Estimate& a, const Estimate& b) {
    return Estimate(RawEstimate::sum(a.raw_, b.raw_, 1));
  }
  friend Estimate operator-(const Estimate& a, const Estimate& b) {
    return Estimate(RawEstimate::sum(a.raw_, b.raw_, -1));
  }
  friend Estimate operator*(const Estimate& a, double f) { return Estimate(RawEstimate::scaled(a.raw_, f)); }
  friend Estimate operator*(double f, const Estimate& a) { return a * f; }

 private:
  RawEstimate raw_;
};

template <class A, class B>
auto operator*(const Estimate<A>& a, const Estimate<B>& b) {
  return Estimate<decltype(A{} * B{})>(RawEstimate::product(a.raw(), b.raw()));
}
template <class A, class B>
auto operator/(const Estimate<A>& a, const Estimate<B>& b) {
  return Estimate<decltype(A{} / B{})>(RawEstimate::quotient(a.raw(), b.raw()));
}

Measure to_measure(const RawEstimate&, Dimension, std::string_view unit);

template <class Q>
Measure Estimate<Q>::measure(std::string_view unit) const {
  return to_measure(raw_, Q::dimension, unit);
}

// "1.366 kWh (0.98 .. 1.9, modelled)"
std::string to_string(const Measure&, int significant = 4);
template <class Q>
std::string to_string(const Estimate<Q>& e, int significant = 4) {
  return to_string(e.measure(), significant);
}

}  // namespace wattline
