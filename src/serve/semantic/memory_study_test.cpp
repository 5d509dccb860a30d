#include "serve/semantic/memory_study.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "kernel/claim.h"
#include "serve/semantic/claims.h"

namespace wattline::serve {
namespace {

TEST(MemoryStudy, AStreamRepeatsAsOftenAsAsked) {
  std::mt19937_64 random(1);
  EXPECT_EQ(duplicated_stream(100, 0, random).size(), 100u);
  EXPECT_EQ(duplicated_stream(100, 0.25, random).size(), 125u);
  const auto thrice = duplicated_stream(100, 2, random);
  std::map<std::uint32_t, int> times;
  for (const auto i : thrice) ++times[i];
  EXPECT_EQ(times.size(), 100u);
  EXPECT_TRUE(std::all_of(times.begin(), times.end(), [](const auto& t) { return t.second == 3; }));
  EXPECT_FALSE(std::is_sorted(thrice.begin(), thrice.end()));
  EXPECT_TRUE(duplicated_stream(0, 1, random).empty());
}

TEST(MemoryStudy, WhatCameBeforeIsFoundAndNothingElse) {
  std::mt19937_64 random(2);
  const auto samples = made_up_samples(500, 64, random);
  const MemoryRun once = run_memory(samples, duplicated_stream(500, 0, random));
  EXPECT_EQ(once.hits, 0u);
  const MemoryRun twice = run_memory(samples, duplicated_stream(500, 1, random));
  EXPECT_EQ(twice.hits, 500u);
  EXPECT_EQ(twice.wrong, 0u);
  EXPECT_EQ(twice.hit_share(), 0.5);
  EXPECT_GT(twice.cpu_s, 0);
  // With little room less is found, and still nothing wrong.
  const MemoryRun tight = run_memory(samples, duplicated_stream(500, 1, random), 0.1);
  EXPECT_LT(tight.hits, 250u);
  EXPECT_GT(tight.hits, 0u);
  EXPECT_EQ(tight.wrong, 0u);
}

TEST(MemoryStudy, TheIdentity) {
  EXPECT_DOUBLE_EQ(memory_identity(0.5, Energy(2), Energy(100), 0.3, Energy(1)).base(), 0.5 * 32 + 1);
  EXPECT_DOUBLE_EQ(memory_identity(1, Energy(2), Energy(100), 0.3, Energy(1)).base(), 1);
}

TEST(MemoryStudy, ClaimsHoldAndTheWholeIsOpen) {
  Context context;
  const auto claims = cache_claims();
  ASSERT_EQ(claims.size(), 3u);
  EXPECT_EQ(claims[0].check(context).verdict, ClaimVerdict::holds);
  EXPECT_EQ(claims[1].check(context).verdict, ClaimVerdict::holds);
  const auto whole = claims[2].check(context);
  EXPECT_EQ(whole.verdict, ClaimVerdict::open);
  EXPECT_EQ(whole.ours, "50.0 % by the memory alone");
}

}  // namespace
}  // namespace wattline::serve
