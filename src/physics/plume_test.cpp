#include "physics/plume.h"

#include <cmath>

#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline::physics {
namespace {

const catalog::Catalog& known() {
  static const auto catalog = catalog::Catalog::load();
  return *catalog;
}

// Class D, open country, at 1 km: sy = 80 / sqrt(1.1) m, sz = 60 / sqrt(2.5) m.
TEST(Plume, BriggsCurves) {
  const Plume p(known(), Terrain::rural, 'D');
  EXPECT_NEAR(p.across.at(1000), 80 / std::sqrt(1.1), 1e-9);
  EXPECT_NEAR(p.up.at(1000), 60 / std::sqrt(2.5), 1e-9);
  EXPECT_NEAR(Plume(known(), Terrain::urban, 'A').up.at(1000), 240 * std::sqrt(2), 1e-9);
}

// What passes a plane across the wind is what the stack emits: the flux integrates to Q.
TEST(Plume, MassIsConserved) {
  for (const char c : {'A', 'B', 'C', 'D', 'E', 'F'})
    for (const auto terrain : {Terrain::rural, Terrain::urban}) {
      const Plume p(known(), terrain, c);
      const double x = 700, sy = p.across.at(x), sz = p.up.at(x), height = 12, wind = 3;
      double flux = 0;
      const int n = 200;
      const double dy = 12 * sy / n, dz = (height + 6 * sz) / n;
      for (int i = 0; i < n; ++i)
        for (int k = 0; k < n; ++k)
          flux += wind * p.concentration(5, wind, height, x, -6 * sy + (i + 0.5) * dy, (k + 0.5) * dz) * dy * dz;
      EXPECT_NEAR(flux, 5, 0.02) << c;
    }
}

TEST(Plume, HighestIsAMaximumAndScales) {
  const Plume p(known(), Terrain::rural, 'C');
  const auto best = p.highest(2, 3, 15);
  for (const double x : {30.0, 100.0, 300.0, 1000.0, 5000.0})
    EXPECT_LE(1e6 * p.concentration(2, 3, 15, x, 0, 0), best.micrograms_per_m3 * 1.001);
  EXPECT_NEAR(p.highest(4, 3, 15).micrograms_per_m3, 2 * best.micrograms_per_m3, 1e-9 * best.micrograms_per_m3);
  EXPECT_NEAR(p.highest(2, 6, 15).micrograms_per_m3, best.micrograms_per_m3 / 2, 1e-9 * best.micrograms_per_m3);
  EXPECT_LT(p.highest(2, 3, 40).micrograms_per_m3, best.micrograms_per_m3);
  EXPECT_GT(p.highest(2, 3, 40).metres, best.metres);
  EXPECT_EQ(p.concentration(2, 3, 15, -10, 0, 0), 0) << "nothing upwind";
}

TEST(Plume, OzoneLimitsTheDioxide) {
  EXPECT_DOUBLE_EQ(nitrogen_dioxide(100, 0.1, 0), 10);
  EXPECT_DOUBLE_EQ(nitrogen_dioxide(100, 0.1, 48), 10 + 46);
  EXPECT_DOUBLE_EQ(nitrogen_dioxide(100, 0.1, 1e6), 100);
}

TEST(Plume, AnotherClassIsRefused) { EXPECT_THROW(Plume(known(), Terrain::rural, 'G'), Error); }

}  // namespace
}  // namespace wattline::physics
