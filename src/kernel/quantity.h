// Physical quantities as strong types: a double in a coherent base unit, with a dimension checked at
// compile time and no cost at run time. Joules divided by seconds are watts; joules plus watts do
// not build.
//
// Base units: second, joule, gram, litre, token, byte, FLOP, USD, square metre, kelvin.
// gCO2e is its own dimension, so that a gram of CO2e never adds to a gram of copper.
#pragma once

#include <cmath>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace wattline {

// Exponents of the base units; also the run-time form of a dimension (see units.h).
struct Dimension {
  signed char time = 0, energy = 0, carbon = 0, mass = 0, volume = 0, token = 0, byte = 0, flop = 0, money = 0,
              area = 0, temperature = 0;

  constexpr bool operator==(const Dimension&) const = default;
  constexpr Dimension operator+(const Dimension& o) const {
    return {static_cast<signed char>(time + o.time),
            static_cast<signed char>(energy + o.energy),
            static_cast<signed char>(carbon + o.carbon),
            static_cast<signed char>(mass + o.mass),
            static_cast<signed char>(volume + o.volume),
            static_cast<signed char>(token + o.token),
            static_cast<signed char>(byte + o.byte),
            static_cast<signed char>(flop + o.flop),
            static_cast<signed char>(money + o.money),
            static_cast<signed char>(area + o.area),
            static_cast<signed char>(temperature + o.temperature)};
  }
  constexpr Dimension operator-() const {
    return {static_cast<signed char>(-time), static_cast<signed char>(-energy),     static_cast<signed char>(-carbon),
            static_cast<signed char>(-mass), static_cast<signed char>(-volume),     static_cast<signed char>(-token),
            static_cast<signed char>(-byte), static_cast<signed char>(-flop),       static_cast<signed char>(-money),
            static_cast<signed char>(-area), static_cast<signed char>(-temperature)};
  }
  constexpr Dimension operator-(const Dimension& o) const { return *this + (-o); }
};

template <Dimension D>
class Quantity {
 public:
  static constexpr Dimension dimension = D;

  constexpr Quantity() = default;
  // From a number of base units. Dimensionless quantities convert freely, others must say so.
  constexpr explicit(D != Dimension{}) Quantity(double base) : base_(base) {}
  constexpr operator double() const requires(D == Dimension{}) { return base_; }

  // The number of base units: J, s, g, L, tokens, bytes ...
  constexpr double base() const { return base_; }
  // The number of `unit`: power.in(kW).
  constexpr double in(Quantity unit) const { return base_ / unit.base_; }

  constexpr auto operator<=>(const Quantity&) const = default;
  constexpr Quantity operator-() const { return Quantity(-base_); }
  constexpr Quantity& operator+=(Quantity o) {
    base_ += o.base_;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity o) {
    base_ -= o.base_;
    return *this;
  }
  constexpr Quantity& operator*=(double f) {
    base_ *= f;
    return *this;
  }
  constexpr Quantity& operator/=(double f) {
    base_ /= f;
    return *this;
  }

 private:
  double base_ = 0;
};

template <Dimension D>
constexpr Quantity<D> operator+(Quantity<D> a, Quantity<D> b) {
  return a += b;
}
template <Dimension D>
constexpr Quantity<D> operator-(Quantity<D> a, Quantity<D> b) {
  return a -= b;
}
template <Dimension D>
constexpr Quantity<D> operator*(Quantity<D> a, double f) {
  return a *= f;
}
template <Dimension D>
constexpr Quantity<D> operator*(double f, Quantity<D> a) {
  return a *= f;
}
template <Dimension D>
constexpr Quantity<D> operator/(Quantity<D> a, double f) {
  return a /= f;
}
template <Dimension A, Dimension B>
requires(A != Dimension{} && B != Dimension{}) constexpr Quantity<A + B> operator*(Quantity<A> a, Quantity<B> b) {
  return Quantity<A + B>(a.base() * b.base());
}
template <Dimension A, Dimension B>
requires(B != Dimension{}) constexpr Quantity<A - B> operator/(Quantity<A> a, Quantity<B> b) {
  return Quantity<A - B>(a.base() / b.base());
}
template <Dimension D>
requires(D != Dimension{}) constexpr Quantity<-D> operator/(double f, Quantity<D> a) {
  return Quantity<-D>(f / a.base());
}
template <Dimension D>
constexpr bool is_finite(Quantity<D> q) {
  return std::isfinite(q.base());
}

// The named quantities. "Duration" counts elapsed time; instants are Time (time.h).
using Ratio = Quantity<Dimension{}>;
using Duration = Quantity<Dimension{.time = 1}>;
using Energy = Quantity<Dimension{.energy = 1}>;
using Carbon = Quantity<Dimension{.carbon = 1}>;
using Mass = Quantity<Dimension{.mass = 1}>;
using Volume = Quantity<Dimension{.volume = 1}>;
using Tokens = Quantity<Dimension{.token = 1}>;
using Bytes = Quantity<Dimension{.byte = 1}>;
using Flops = Quantity<Dimension{.flop = 1}>;
using Money = Quantity<Dimension{.money = 1}>;
using Area = Quantity<Dimension{.area = 1}>;
using TemperatureDifference = Quantity<Dimension{.temperature = 1}>;
using Power = decltype(Energy{} / Duration{});
using Frequency = decltype(1.0 / Duration{});
using CarbonIntensity = decltype(Carbon{} / Energy{});
using WaterIntensity = decltype(Volume{} / Energy{});
using EnergyPrice = decltype(Money{} / Energy{});
using Bandwidth = decltype(Bytes{} / Duration{});
using ComputeRate = decltype(Flops{} / Duration{});
using TokenRate = decltype(Tokens{} / Duration{});
using EnergyPerToken = decltype(Energy{} / Tokens{});
using PowerPerByte = decltype(Power{} / Bytes{});

// A point on the temperature scale. Points subtract to differences; they neither add nor scale.
class Temperature {
 public:
  constexpr Temperature() = default;
  static constexpr Temperature celsius(double c) { return Temperature(c + 273.15); }
  static constexpr Temperature kelvin(double k) { return Temperature(k); }
  static constexpr Temperature fahrenheit(double f) { return celsius((f - 32) / 1.8); }
  constexpr double in_celsius() const { return kelvin_ - 273.15; }
  constexpr double in_kelvin() const { return kelvin_; }
  constexpr auto operator<=>(const Temperature&) const = default;
  constexpr TemperatureDifference operator-(Temperature o) const { return TemperatureDifference(kelvin_ - o.kelvin_); }
  constexpr Temperature operator+(TemperatureDifference d) const { return Temperature(kelvin_ + d.base()); }

 private:
  constexpr explicit Temperature(double k) : kelvin_(k) {}
  double kelvin_ = 273.15;
};

// Units as constants: 3.0 * units::kWh, power.in(units::mW).
namespace units {
inline constexpr Duration s{1}, ms{1e-3}, us{1e-6}, ns{1e-9}, minute{60}, hour{3600}, day{86400}, year{365.25 * 86400};
inline constexpr Energy J{1}, mJ{1e-3}, kJ{1e3}, MJ{1e6}, Wh{3600}, mWh{3.6}, kWh{3.6e6}, MWh{3.6e9};
inline constexpr Power W{1}, mW{1e-3}, kW{1e3}, MW{1e6};
inline constexpr Carbon gCO2e{1}, mgCO2e{1e-3}, ugCO2e{1e-6}, kgCO2e{1e3}, tCO2e{1e6};
inline constexpr CarbonIntensity gCO2e_per_kWh = gCO2e / kWh;
inline constexpr Volume L{1}, mL{1e-3}, uL{1e-6}, m3{1e3};
inline constexpr WaterIntensity L_per_kWh = L / kWh;
inline constexpr Mass g{1}, kg{1e3};
inline constexpr Tokens token{1};
inline constexpr Bytes byte{1}, kB{1e3}, MB{1e6}, GB{1e9}, TB{1e12}, KiB{1024}, MiB{1048576}, GiB{1073741824.0};
inline constexpr Flops flop{1}, GFLOP{1e9}, TFLOP{1e12};
inline constexpr Money USD{1};
inline constexpr Frequency Hz{1};
inline constexpr TemperatureDifference K{1};
}  // namespace units

}  // namespace wattline
