#include "serve/hedge.h"

#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

TEST(FirstByteTimes, SaysNothingOfAFew) {
  FirstByteTimes t;
  for (int i = 0; i < FirstByteTimes::needed - 1; ++i) t.add(0.1);
  EXPECT_FALSE(t.quantile(0.9));
  t.add(0.1);
  EXPECT_TRUE(t.quantile(0.9));
}

TEST(FirstByteTimes, QuantilesAreWithinAClass) {
  FirstByteTimes t;
  for (int i = 1; i <= 1000; ++i) t.add(i * 1e-3);
  for (const double q : {0.5, 0.9, 0.95, 0.99}) {
    const double got = t.quantile(q)->base();
    EXPECT_GE(got, q * 0.999);
    EXPECT_LE(got, q * 1.20);
  }
}

TEST(FirstByteTimes, ForgetsWhatWasLongAgo) {
  FirstByteTimes t;
  for (int i = 0; i < 4000; ++i) t.add(0.01);
  for (int i = 0; i < 20'000; ++i) t.add(1);
  EXPECT_GT(t.quantile(0.1)->base(), 0.9);
}

TEST(FirstByteTimes, TakesEveryNumber) {
  FirstByteTimes t;
  for (int i = 0; i < 10; ++i)
    for (const double s :
         {0.0, 1e-9, 1e9, -1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
      t.add(s);
  EXPECT_EQ(t.counted(), 40);
  EXPECT_DOUBLE_EQ(t.quantile(0)->base(), 1e-3);
  EXPECT_GT(t.quantile(1)->base(), 600);
}

TEST(FirstByteTimes, ManyThreadsLoseNothingBelowTheHalving) {
  FirstByteTimes t;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int j = 0; j < 1000; ++j) t.add(0.01);
      });
  }
  EXPECT_EQ(t.counted(), 4000);
}

}  // namespace
}  // namespace wattline::serve
