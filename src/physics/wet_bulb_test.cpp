#include "physics/wet_bulb.h"

#include <cmath>

#include <gtest/gtest.h>

namespace wattline::physics {
namespace {

// Stull (2011) gives 13.7 °C for 20 °C and 50 %.
TEST(WetBulb, StullsOwnExample) { EXPECT_NEAR(wet_bulb_stull(20, 50).celsius, 13.7, 0.05); }

TEST(WetBulb, PsychrometricIsThatOfTheTables) {
  EXPECT_NEAR(wet_bulb_psychrometric(20, 50, sea_level_pressure).celsius, 13.8, 0.1);
  EXPECT_NEAR(wet_bulb_psychrometric(30, 20, sea_level_pressure).celsius, 15.7, 0.1);
  EXPECT_NEAR(wet_bulb_psychrometric(35, 100, sea_level_pressure).celsius, 35, 1e-6);
}

TEST(WetBulb, LiesBelowTheDryBulbAndRisesWithHumidity) {
  for (double t = -15; t <= 45; t += 5) {
    double before = -100;
    for (double rh = 5; rh <= 100; rh += 5) {
      const double wet = wet_bulb_psychrometric(t, rh, 90000).celsius;
      EXPECT_LE(wet, t + 1e-9);
      EXPECT_GT(wet, before) << t << ' ' << rh;
      before = wet;
    }
  }
}

TEST(WetBulb, BothFormsAgreeAtSeaLevelWithinStullsError) {
  for (double t = 5; t <= 45; t += 5)
    for (double rh = 20; rh <= 99; rh += 10)
      EXPECT_NEAR(wet_bulb_stull(t, rh).celsius, wet_bulb_psychrometric(t, rh, sea_level_pressure).celsius, 1.0)
          << t << ' ' << rh;
}

// Thin air takes up more water at the same temperature, so the bulb gets colder.
TEST(WetBulb, FallsWithAltitude) {
  EXPECT_LT(wet_bulb_psychrometric(25, 30, standard_pressure(2500)).celsius,
            wet_bulb_psychrometric(25, 30, sea_level_pressure).celsius - 0.5);
  EXPECT_NEAR(standard_pressure(1000), 89875, 50);
}

TEST(WetBulb, HumidityComesBack) {
  for (double rh = 3; rh <= 100; rh += 9.7)
    EXPECT_NEAR(humidity_of(28, wet_bulb_psychrometric(28, rh, 88000).celsius, 88000), rh, 1e-6);
}

TEST(WetBulb, OutsideItsRangeIsFlagged) {
  EXPECT_TRUE(wet_bulb_stull(60, 50).clamped);
  EXPECT_TRUE(wet_bulb_stull(20, 2).clamped);
  EXPECT_FALSE(wet_bulb_stull(20, 50).clamped);
  EXPECT_EQ(wet_bulb_stull(60, 50).celsius, wet_bulb_stull(50, 50).celsius);
  EXPECT_TRUE(wet_bulb_psychrometric(20, 120, 1e5).clamped);
  EXPECT_TRUE(std::isnan(wet_bulb_stull(NAN, 50).celsius));
  EXPECT_TRUE(std::isnan(wet_bulb_psychrometric(20, NAN, 1e5).celsius));
}

}  // namespace
}  // namespace wattline::physics
