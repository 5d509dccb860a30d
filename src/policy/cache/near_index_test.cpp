#include "policy/cache/near_index.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "text/encoder.h"

namespace wattline::policy {
namespace {

constexpr std::size_t width = 32;

std::vector<float> drawn(std::mt19937_64& random) {
  std::normal_distribution<float> normal;
  std::vector<float> v(width);
  for (float& x : v) x = normal(random);
  text::normalise(v);
  return v;
}

// Near `to`, as questions of one subject are.
std::vector<float> beside(std::span<const float> to, float by, std::mt19937_64& random) {
  auto v = drawn(random);
  for (std::size_t i = 0; i < width; ++i) v[i] = to[i] + by * v[i];
  text::normalise(v);
  return v;
}

NearIndex::Options small() {
  NearIndex::Options o;
  o.graph_from = 200;
  return o;
}

// Of the scan's five nearest the share that search() finds.
double recall(const NearIndex& index, std::mt19937_64& random) {
  double found = 0, all = 0;
  for (int n = 0; n < 200; ++n) {
    const auto query = drawn(random);
    const auto wanted = index.scan(query, 5), got = index.search(query, 5);
    for (const auto& w : wanted) {
      ++all;
      for (const auto& g : got) found += g.id == w.id;
    }
  }
  return found / all;
}

TEST(NearIndex, FewAreScanned) {
  std::mt19937_64 random(1);
  NearIndex index(width, small());
  EXPECT_TRUE(index.search(drawn(random), 3).empty());
  std::vector<std::vector<float>> held;
  for (std::uint64_t id = 0; id < 50; ++id) index.add(id, held.emplace_back(drawn(random)));
  EXPECT_FALSE(index.has_graph());
  const auto near = index.search(held[17], 3);
  ASSERT_EQ(near.size(), 3u);
  EXPECT_EQ(near[0].id, 17u);
  EXPECT_NEAR(near[0].cosine, 1, 1e-5);
  EXPECT_GE(near[1].cosine, near[2].cosine);
}

TEST(NearIndex, TheGraphFindsWhatTheScanFinds) {
  std::mt19937_64 random(2);
  NearIndex index(width, small());
  for (std::uint64_t id = 0; id < 1500; ++id) index.add(id, drawn(random));
  EXPECT_TRUE(index.has_graph());
  EXPECT_GT(recall(index, random), 0.95);
  // What matters to a cache: the nearest of a near-duplicate.
  int right = 0;
  for (std::uint64_t id = 0; id < 200; ++id) {
    const auto near = index.search(beside(index.vector_of(id * 7), 0.05f, random), 1);
    right += near.size() == 1 && near[0].id == id * 7;
  }
  EXPECT_GE(right, 198);
}

TEST(NearIndex, RecallHoldsWhenAllHasBeenReplacedSeveralTimes) {
  std::mt19937_64 random(3);
  NearIndex index(width, small());
  std::uint64_t next = 0, oldest = 0;
  for (; next < 600; ++next) index.add(next, drawn(random));
  for (int n = 0; n < 2400; ++n) {
    EXPECT_TRUE(index.remove(oldest++));
    index.add(next++, drawn(random));
  }
  EXPECT_EQ(index.size(), 600u);
  EXPECT_LT(index.tombstones(), 600u);
  EXPECT_TRUE(index.has_graph());
  EXPECT_GT(recall(index, random), 0.95);
  // None that is gone is ever found.
  for (int n = 0; n < 100; ++n)
    for (const auto& near : index.search(drawn(random), 10)) EXPECT_GE(near.id, oldest);
}

TEST(NearIndex, TombstonesAreClearedAway) {
  std::mt19937_64 random(4);
  NearIndex index(width, small());
  std::vector<std::vector<float>> held;
  for (std::uint64_t id = 0; id < 2000; ++id) index.add(id, held.emplace_back(drawn(random)));
  const std::size_t full = index.bytes();
  for (std::uint64_t id = 0; id < 1900; ++id) index.remove(id);
  EXPECT_EQ(index.size(), 100u);
  EXPECT_LT(index.tombstones(), 400u);
  EXPECT_LT(index.bytes(), full / 2);
  for (std::uint64_t id = 1900; id < 2000; ++id) EXPECT_EQ(index.search(held[id], 1).at(0).id, id);
  // And it grows again.
  for (std::uint64_t id = 2000; id < 3000; ++id) index.add(id, drawn(random));
  EXPECT_TRUE(index.has_graph());
  EXPECT_GT(recall(index, random), 0.95);
}

TEST(NearIndex, WhatIsNotThere) {
  NearIndex index(width, small());
  EXPECT_FALSE(index.remove(7));
  EXPECT_TRUE(index.vector_of(7).empty());
  std::mt19937_64 random(5);
  index.add(7, drawn(random));
  EXPECT_TRUE(index.remove(7));
  EXPECT_FALSE(index.remove(7));
  EXPECT_EQ(index.size(), 0u);
  EXPECT_TRUE(index.search(drawn(random), 1).empty());
  // A text without tokens has a vector of zeros: it is near nothing.
  index.add(8, std::vector<float>(width, 0));
  EXPECT_EQ(index.search(drawn(random), 1).at(0).cosine, 0);
}

TEST(NearIndex, IsMovedWithItsGraph) {
  std::mt19937_64 random(6);
  NearIndex first(width, small());
  for (std::uint64_t id = 0; id < 500; ++id) first.add(id, drawn(random));
  NearIndex second(std::move(first));
  EXPECT_TRUE(second.has_graph());
  EXPECT_GT(recall(second, random), 0.95);
  second.add(1000, drawn(random));
  EXPECT_EQ(second.size(), 501u);
}

}  // namespace
}  // namespace wattline::policy
