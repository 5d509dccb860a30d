#include "kernel/quantity.h"

#include <type_traits>

#include <gtest/gtest.h>

namespace wattline {
namespace {

using namespace units;

template <class A, class B>
concept Addable = requires(A a, B b) {
  a + b;
};
template <class A, class B>
concept Comparable = requires(A a, B b) {
  a < b;
};

// What physics forbids does not build.
static_assert(!Addable<Energy, Power>);
static_assert(!Addable<Carbon, Mass>);
static_assert(!Addable<Energy, double>);
static_assert(!Addable<Temperature, Temperature>);
static_assert(!Comparable<Energy, Duration>);
static_assert(!std::is_convertible_v<double, Energy>);
static_assert(std::is_convertible_v<double, Ratio>);
static_assert(std::is_same_v<decltype(Energy{} / Duration{}), Power>);
static_assert(std::is_same_v<decltype(Power{} * Duration{}), Energy>);
static_assert(std::is_same_v<decltype(Energy{} / Energy{}), Ratio>);
static_assert(std::is_same_v<decltype(CarbonIntensity{} * Energy{}), Carbon>);
// No cost over a double.
static_assert(sizeof(Energy) == sizeof(double));
static_assert(std::is_trivially_copyable_v<Energy>);

TEST(Quantity, ConvertsByUnits) {
  EXPECT_DOUBLE_EQ((1.0 * kWh).in(J), 3.6e6);
  EXPECT_DOUBLE_EQ((300.0 * mW).in(W), 0.3);
  EXPECT_DOUBLE_EQ((2.0 * hour * (50.0 * W)).in(Wh), 100);
  EXPECT_DOUBLE_EQ((1.5 * kWh * (400.0 * gCO2e_per_kWh)).in(gCO2e), 600);
}

TEST(Quantity, RatioActsAsANumber) {
  const double share = (30.0 * W) / (120.0 * W);
  EXPECT_DOUBLE_EQ(share, 0.25);
}

TEST(Quantity, TemperaturesAreAffine) {
  EXPECT_DOUBLE_EQ((Temperature::celsius(30) - Temperature::celsius(10)).in(K), 20);
  EXPECT_DOUBLE_EQ(Temperature::fahrenheit(212).in_celsius(), 100);
  EXPECT_DOUBLE_EQ((Temperature::celsius(20) + 5.0 * K).in_celsius(), 25);
}

}  // namespace
}  // namespace wattline
