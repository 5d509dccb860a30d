#include "serve/exact_cache.h"

#include <cmath>
#include <random>
#include <thread>

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

constexpr std::int64_t second = 1'000'000'000;

CacheKey key(std::uint64_t n) {
  CacheKey k;
  std::mt19937_64 random(n);
  for (std::size_t i = 0; i < 32; i += 8) {
    const auto v = random();
    std::memcpy(k.bytes.data() + i, &v, 8);
  }
  return k;
}
StoredReplyPtr reply(std::string body, double joules = 1) {
  auto r = std::make_shared<StoredReply>();
  r->body = std::move(body);
  r->joules = {joules, joules / 2, joules * 2};
  return r;
}
ExactCacheOptions options(std::size_t bytes, std::size_t shards = 1, std::int64_t ttl_s = 100) {
  ExactCacheOptions o;
  o.bytes = bytes;
  o.shards = shards;
  o.ttl_ns = ttl_s * second;
  return o;
}

TEST(ExactCache, GivesBackWhatWasPut) {
  ExactCache c(options(1 << 20));
  EXPECT_FALSE(c.find(key(1), 0).reply);
  EXPECT_TRUE(c.put(key(1), reply("one"), 0));
  const auto found = c.find(key(1), 3 * second);
  ASSERT_TRUE(found.reply);
  EXPECT_EQ(found.reply->body, "one");
  EXPECT_EQ(found.age_ns, 3 * second);
  EXPECT_FALSE(c.find(key(2), 0).reply);
  c.put(key(1), reply("uno"), 4 * second);
  EXPECT_EQ(c.find(key(1), 5 * second).reply->body, "uno");
  EXPECT_EQ(c.find(key(1), 5 * second).age_ns, second);
  const auto t = c.totals();
  EXPECT_EQ(t.entries, 1u);
  EXPECT_EQ(t.hits, 3u);
  EXPECT_EQ(t.misses, 2u);
  EXPECT_EQ(t.stored, 2u);
  c.clear();
  EXPECT_FALSE(c.find(key(1), 5 * second).reply);
  EXPECT_EQ(c.totals().bytes, 0u);
}

TEST(ExactCache, ForgetsWhatIsPastItsTime) {
  ExactCache c(options(1 << 20, 1, 10));
  c.put(key(1), reply("one"), 0);
  c.put(key(2), reply("two"), 5 * second);
  EXPECT_TRUE(c.find(key(1), 10 * second).reply);
  EXPECT_FALSE(c.find(key(1), 10 * second, 9 * second).reply);  // too old for who asks, kept for others
  EXPECT_TRUE(c.find(key(1), 10 * second, 10 * second).reply);
  EXPECT_FALSE(c.find(key(1), 10 * second + 1).reply);
  EXPECT_EQ(c.totals().entries, 1u);
  c.put(key(3), reply("three"), 30 * second);  // takes the dead with it
  EXPECT_EQ(c.totals().entries, 1u);
  EXPECT_EQ(c.totals().expired, 2u);
}

TEST(ExactCache, NeverHoldsMoreThanItMay) {
  ExactCache c(options(256 << 10, 4));
  std::mt19937 random(1);
  for (std::uint64_t i = 0; i < 5000; ++i) {
    c.put(key(i), reply(std::string(random() % 6000, 'x'), 1 + static_cast<double>(random() % 100)), 0);
    ASSERT_LE(c.totals().bytes, 256u << 10);
  }
  EXPECT_GT(c.totals().evicted, 4000u);
  EXPECT_GT(c.totals().bytes, 128u << 10);
  EXPECT_FALSE(c.put(key(9), reply(std::string(c.largest() + 1, 'x')), 0));
  EXPECT_FALSE(ExactCache(options(0)).put(key(9), reply(""), 0));
}

TEST(ExactCache, KeepsWhatSavesMostForItsRoom) {
  ExactCache c(options(64 << 10));
  c.put(key(1), reply(std::string(1000, 'd'), 1000), 0);  // dear
  c.put(key(2), reply(std::string(1000, 'u'), 1), 0);  // cheap, but used
  c.put(key(3), reply(std::string(1000, 'c'), 1), 0);  // cheap
  for (int i = 0; i < 20; ++i) c.find(key(2), 0);
  for (std::uint64_t i = 100; i < 200; ++i) c.put(key(i), reply(std::string(1000, 'x'), 1), 0);
  EXPECT_TRUE(c.find(key(1), 0).reply);
  EXPECT_TRUE(c.find(key(2), 0).reply);
  EXPECT_FALSE(c.find(key(3), 0).reply);
  // What was dear and is not asked for any more leaves in the end.
  ExactCache old(options(64 << 10));
  old.put(key(1), reply(std::string(1000, 'd'), 20), 0);
  for (std::uint64_t i = 0; i < 20'000; ++i) old.put(key(1000 + i), reply(std::string(1000, 'x'), 1), 0);
  EXPECT_FALSE(old.find(key(1), 0).reply);
}

// Requests by Zipf's law with sizes and costs of long tails: the joules that hits save, against a plain
// least-recently-used list of the same bytes.
TEST(ExactCache, SavesMoreEnergyThanLeastRecentlyUsed) {
  constexpr std::size_t room = 256 << 10, things = 2000;
  std::mt19937 random(7);
  std::lognormal_distribution<double> size(6.5, 1), cost(0, 1.5);
  std::vector<double> weights, costs;
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < things; ++i) {
    weights.push_back(std::pow(static_cast<double>(i + 1), -0.9));
    sizes.push_back(std::min<std::size_t>(static_cast<std::size_t>(size(random)), 8000));
    costs.push_back(cost(random));
  }
  std::discrete_distribution<std::size_t> ask(weights.begin(), weights.end());
  ExactCache c(options(room));
  std::list<std::size_t> recent;
  std::size_t recent_bytes = 0;
  double saved = 0, saved_recent = 0;
  for (int i = 0; i < 30'000; ++i) {
    const auto n = ask(random);
    if (c.find(key(n), 0).reply) saved += costs[n];
    else c.put(key(n), reply(std::string(sizes[n], 'x'), costs[n]), 0);
    const auto it = std::find(recent.begin(), recent.end(), n);
    if (it != recent.end()) {
      saved_recent += costs[n];
      recent.splice(recent.begin(), recent, it);
      continue;
    }
    recent.push_front(n);
    for (recent_bytes += sizes[n] + 512; recent_bytes > room; recent.pop_back())
      recent_bytes -= sizes[recent.back()] + 512;
  }
  EXPECT_GT(saved, 1.1 * saved_recent);
}

TEST(ExactCache, ManyThreadsAtOnce) {
  ExactCache c(options(128 << 10, 4));
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      for (int i = 0; i < 5000; ++i) {
        const std::uint64_t n = random() % 300;
        const auto found = c.find(key(n), i);
        if (found.reply && found.reply->body != std::string(n, 'x') + std::to_string(n)) ++wrong;
        if (!found.reply) c.put(key(n), reply(std::string(n, 'x') + std::to_string(n)), i);
        if (i % 1000 == 0) c.totals();
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(c.totals().hits, 1000u);
  EXPECT_LE(c.totals().bytes, 128u << 10);
}

}  // namespace
}  // namespace wattline::serve
