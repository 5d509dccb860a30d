#include "physics/training_compute.h"

#include <gtest/gtest.h>

namespace wattline::physics {
namespace {

TEST(TrainingCompute, SixPerParameterAndToken) {
  EXPECT_DOUBLE_EQ(training_flops(70e9, 2e12).base(), 8.4e23);
  EXPECT_DOUBLE_EQ(training_flops(12e9, 300e9).base(), 2.16e22);
  EXPECT_DOUBLE_EQ(training_flops(0, 1e12).base(), 0);
}

TEST(TrainingCompute, RecomputationIsInTheHardwareAlone) {
  EXPECT_DOUBLE_EQ(mfu_from_hfu(0.4, 0), 0.4);
  EXPECT_DOUBLE_EQ(mfu_from_hfu(0.4, 1), 0.3);
  EXPECT_LT(mfu_from_hfu(0.4, 0.5), 0.4);
}

}  // namespace
}  // namespace wattline::physics
