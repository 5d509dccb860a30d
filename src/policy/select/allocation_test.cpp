// Choosing among up to 16 candidates takes nothing from the heap, but for the list of an escalation.
#include <gtest/gtest.h>

#include "policy/counting_testing.h"
#include "policy/select/testing.h"

namespace wattline::policy {
namespace {

TEST(AllocationTest, ChoosingTakesNothingFromTheHeap) {
  std::vector<Prediction> sixteen;
  for (int i = 0; i < 16; ++i) sixteen.push_back(tests::three()[static_cast<std::size_t>(i % 3)]);
  const std::vector<float> features = {0.1F, 0.2F, 0.3F};
  Situation s;
  s.domain = "a domain whose name does not fit into a short string";
  s.features = features;
  s.previous = 2;
  s.turn = 3;
  s.prompt_tokens = 3000;
  s.history_tokens = 2000;
  std::vector<double> scores(16);
  for (const auto& a : algorithms()) {
    const auto selector = a.make({}, "");
    Feedback f;
    f.candidate = 1;
    f.quality = 1;
    f.output_tokens = 10;
    selector->learn(sixteen, s, f);
    std::mt19937_64 random(1);
    selector->choose(sixteen, s, random, scores);
    const tests::CountAllocations count;
    for (int i = 0; i < 20; ++i) selector->choose(sixteen, s, random, scores);
    const int allocations = count.so_far();
    EXPECT_LE(allocations, a.name == "cascade" ? 40 : 0) << a.name;
  }
}

}  // namespace
}  // namespace wattline::policy
