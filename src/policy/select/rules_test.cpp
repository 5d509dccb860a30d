// The algorithms that learn nothing: what each of them takes, and why.
#include <gtest/gtest.h>

#include "policy/select/testing.h"
#include "policy/select/verify.h"
#include "policy/select/warmth.h"

namespace wattline::policy {
namespace {

using tests::chances;
using tests::choose;
using tests::made;
using tests::three;
constexpr double unknown = Prediction::unknown;

TEST(StaticTest, TakesTheFirstAble) {
  auto c = three();
  EXPECT_EQ(choose(*made("static"), c).candidate, 0);
  c[0].able = false;
  EXPECT_EQ(choose(*made("static"), c).candidate, 1);
  for (auto& p : c) p.able = false;
  EXPECT_EQ(choose(*made("static"), c).candidate, -1);
  EXPECT_EQ(choose(*made("static"), {}).candidate, -1);
}

TEST(WeightedTest, FollowsTheWeights) {
  auto c = three();
  c[0].weight = 3, c[1].weight = 1, c[2].weight = -5;
  EXPECT_EQ(chances(*made("weighted"), c), (std::vector<double>{0.75, 0.25, 0}));
  c[0].able = false;
  EXPECT_EQ(chances(*made("weighted"), c), (std::vector<double>{0, 1, 0}));
  c[1].weight = 0;  // nothing left but a weight below 0: even chances beat no answer
  EXPECT_EQ(chances(*made("weighted"), c), (std::vector<double>{0, 0.5, 0.5}));
}

TEST(MultiFactorTest, BringsEachFactorToOneScale) {
  std::vector<Prediction> c(3);
  c[0].quality = 0, c[1].quality = 5, c[2].quality = 10;  // 0, 0.5, 1
  c[0].latency = 1, c[1].latency = 2, c[2].latency = 5;  // 1, 0.75, 0
  c[0].money = c[1].money = c[2].money = 3;  // alike: 0.5
  c[0].in_flight = unknown, c[1].in_flight = 4, c[2].in_flight = 8;  // not known: 0; 1; 0
  std::vector<double> scores(3);
  std::mt19937_64 random(1);
  EXPECT_EQ(made("multi_factor")->choose(c, {}, random, scores).candidate, 1);
  EXPECT_NEAR(scores[0], 0.25 * (0 + 1 + 0.5 + 0), 1e-12);
  EXPECT_NEAR(scores[1], 0.25 * (0.5 + 0.75 + 0.5 + 1), 1e-12);
  EXPECT_NEAR(scores[2], 0.25 * (1 + 0 + 0.5 + 0), 1e-12);
}

TEST(MultiFactorTest, EnergyDecidesWhenAsked) {
  EXPECT_EQ(choose(*made("multi_factor", R"({"weights": {"energy": 1}})"), three()).candidate, 0);
  EXPECT_EQ(choose(*made("multi_factor", R"({"weights": {"quality": 1}})"), three()).candidate, 2);
  auto c = three();
  c[0].switch_energy = 1e6;  // loading it would cost more than it saves
  EXPECT_EQ(choose(*made("multi_factor", R"({"weights": {"energy": 1}})"), c).candidate, 1);
}

TEST(MultiFactorTest, LimitsComeFirst) {
  const std::string want_best = R"("weights": {"quality": 1})";
  EXPECT_EQ(choose(*made("multi_factor", "{\"max_latency_s\": 2.5, " + want_best + "}"), three()).candidate, 1);
  EXPECT_EQ(choose(*made("multi_factor", "{\"max_ttft_ms\": 150, " + want_best + "}"), three()).candidate, 0);
  auto c = three();
  c[2].ttft = unknown;  // what is not known breaks no limit
  EXPECT_EQ(choose(*made("multi_factor", "{\"max_ttft_ms\": 150, " + want_best + "}"), c).candidate, 2);
  Situation s;
  s.prompt_tokens = 800;  // 1000 tokens in all: 0.1, 0.5 and 2.5 USD a million
  EXPECT_EQ(choose(*made("multi_factor", "{\"max_usd_per_1m\": 1, " + want_best + "}"), three(), s).candidate, 1);
  c = three();
  c[0].money = 9;
  EXPECT_EQ(choose(*made("multi_factor", R"({"max_energy_j": 1})"), c).candidate, 1);  // the cheapest
  EXPECT_EQ(choose(*made("multi_factor", R"({"max_energy_j": 1, "on_no_candidates": "first"})"), c).candidate, 0);
  EXPECT_EQ(choose(*made("multi_factor", R"({"max_energy_j": 1, "on_no_candidates": "fail"})"), c).candidate, -1);
}

TEST(LatencyAwareTest, TakesTheFastest) {
  const auto p = chances(*made("latency_aware", R"({"refresh": 0})"), three());
  EXPECT_EQ(p, (std::vector<double>{1, 0, 0}));
}

// The reference drops models without a history, so a new one never gets traffic.
TEST(LatencyAwareTest, ANewModelIsNotStarved) {
  auto c = three();
  c[2].ttft = c[2].tpot = unknown;
  const auto s = made("latency_aware");
  EXPECT_GE(chances(*s, c)[2], 0.05);
  std::mt19937_64 random(5);
  std::vector<double> scores(3);
  int asked = 0;
  for (int i = 0; i < 1000; ++i) asked += s->choose(c, {}, random, scores).candidate == 2;
  EXPECT_GT(asked, 20);
  EXPECT_LT(asked, 100);
  for (auto& p : c) p.ttft = p.tpot = unknown;
  for (const double p : chances(*s, c)) EXPECT_NEAR(p, 1.0 / 3, 1e-12);
}

TEST(CheapestAdequateTest, IsBoundByTheLowerBound) {
  const auto s = made("cheapest_adequate", R"({"min_quality": 0.7})");
  auto c = three();  // lower bounds 0.55, 0.70, 0.85
  EXPECT_EQ(choose(*s, c).candidate, 1);
  c[0].quality = 0.9;  // good on average, but little is known of it
  EXPECT_EQ(choose(*s, c).candidate, 1);
  c[0].quality_low = 0.7;
  EXPECT_EQ(choose(*s, c).candidate, 0);
  c[0].quality_low = unknown;
  EXPECT_EQ(choose(*s, c).candidate, 1);
}

TEST(CheapestAdequateTest, TheBestWhenNoneIsAdequate) {
  const auto s = made("cheapest_adequate", R"({"min_quality": 0.95})");
  auto c = three();
  EXPECT_EQ(choose(*s, c).candidate, 2);
  c[2].able = false;
  EXPECT_EQ(choose(*s, c).candidate, 1);
  c[0].quality = c[1].quality;  // as good and cheaper
  EXPECT_EQ(choose(*s, c).candidate, 0);
  for (auto& p : c) p.quality = p.quality_low = unknown;
  EXPECT_EQ(choose(*s, c).candidate, 0);
}

TEST(CheapestAdequateTest, CountsWhatASwitchCosts) {
  const auto s = made("cheapest_adequate", R"({"min_quality": 0.5})");
  auto c = three();
  EXPECT_EQ(choose(*s, c).candidate, 0);
  c[0].switch_energy = 31;  // 41 J against 40
  EXPECT_EQ(choose(*s, c).candidate, 1);
  c[0].energy = unknown;  // an unknown cost never beats a known one
  EXPECT_EQ(choose(*s, c).candidate, 1);
  const auto fast = made("cheapest_adequate", R"({"min_quality": 0.5, "minimise": {"latency": 1, "energy": 0.001}})");
  c[0].latency = 9;
  c[0].energy = 1;
  EXPECT_EQ(choose(*fast, c).candidate, 1);
}

TEST(ByLengthTest, TakesTheSmallestPoolThatFits) {
  const auto s = made("by_length", R"({"default_output_tokens": 500})");
  Situation long_one;
  long_one.prompt_tokens = 3000;
  EXPECT_EQ(choose(*s, three(), long_one).candidate, 0);  // 3500 of 4096
  long_one.prompt_tokens = 3700;
  EXPECT_EQ(choose(*s, three(), long_one).candidate, 1);
  long_one.max_output_tokens = 100;
  EXPECT_EQ(choose(*s, three(), long_one).candidate, 0);
  long_one.prompt_tokens = 1'000'000;  // longer than all: the widest
  EXPECT_EQ(choose(*s, three(), long_one).candidate, 2);
}

TEST(ByLengthTest, LearnsHowLongAnswersOfADomainAre) {
  const auto s = made("by_length", R"({"default_output_tokens": 500})");
  Situation story;
  story.domain = "stories";
  story.prompt_tokens = 1000;
  Feedback f;
  f.candidate = 0;
  for (int i = 1; i <= 100; ++i) {
    f.output_tokens = 40.0 * i;  // 75th percentile: 3000 and the width of a bin
    s->learn(three(), story, f);
  }
  EXPECT_EQ(choose(*s, three(), story).candidate, 1);
  story.domain = "other";
  EXPECT_EQ(choose(*s, three(), story).candidate, 0);
}

TEST(CascadeTest, ExpectedCostCountsFailedAttempts) {
  const double costs[] = {1, 10, 100}, p[] = {0.5, 0.8, 1};
  EXPECT_NEAR(expected_cost(costs, p), 1 + 0.5 * 10 + 0.5 * 0.2 * 100, 1e-12);
  EXPECT_EQ(expected_cost({}, {}), 0);
}

TEST(CascadeTest, StartsSmallAndEscalatesInOrder) {
  const Choice c = choose(*made("cascade"), three());
  EXPECT_EQ(c.candidate, 0);
  EXPECT_EQ(c.escalation, (std::vector<int>{1, 2}));
}

// A small model that mostly fails only adds its own energy.
TEST(CascadeTest, LeavesOutWhatCostsMoreThanItSaves) {
  auto c = three();
  c[0].quality = 0.1;
  c[0].energy = 30;
  c[1].quality = 0.7;
  const Choice chosen = choose(*made("cascade"), c);
  EXPECT_EQ(chosen.candidate, 1);
  EXPECT_EQ(chosen.escalation, (std::vector<int>{2}));
  c[1].quality = 0.05;  // worse than the smaller: no place in the chain
  c[0].energy = 1;
  const Choice skipped = choose(*made("cascade"), c);
  EXPECT_EQ(skipped.candidate, 0);
  EXPECT_EQ(skipped.escalation, (std::vector<int>{2}));
  EXPECT_TRUE(choose(*made("cascade", R"({"max_attempts": 1})"), three()).escalation.empty());
}

// The chain found backwards is the best of all chains in which each is better than the one before.
TEST(CascadeTest, NoOtherChainIsCheaper) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> unit(0, 1);
  for (int round = 0; round < 200; ++round) {
    std::vector<Prediction> c(5);
    for (auto& p : c) p.quality = unit(random), p.energy = 100 * unit(random), p.model = "m";
    const Choice chosen = choose(*made("cascade"), c);
    std::vector<int> chain = {chosen.candidate};
    chain.insert(chain.end(), chosen.escalation.begin(), chosen.escalation.end());
    const auto cost_of = [&](const std::vector<int>& members) {
      std::vector<double> costs, p;
      for (const int m : members) {
        costs.push_back(c[static_cast<std::size_t>(m)].energy);
        p.push_back(c[static_cast<std::size_t>(m)].quality);
      }
      return expected_cost(costs, p);
    };
    int best = 0;
    for (int i = 1; i < 5; ++i)
      if (c[static_cast<std::size_t>(i)].quality > c[static_cast<std::size_t>(best)].quality) best = i;
    ASSERT_EQ(chain.back(), best);
    for (int a = -1; a < 5; ++a)
      for (int b = -1; b < 5; ++b) {
        std::vector<int> other;
        if (a >= 0 && a != best) other.push_back(a);
        if (b >= 0 && b != best && b != a) other.push_back(b);
        other.push_back(best);
        const auto before = [&](int x, int y) {
          const auto &l = c[static_cast<std::size_t>(x)], &r = c[static_cast<std::size_t>(y)];
          return l.quality < r.quality && l.energy < r.energy;
        };
        if (other.size() > 1 && !before(other[0], other[1])) continue;
        if (other.size() > 2 && !before(other[1], other[2])) continue;
        ASSERT_LE(cost_of(chain), cost_of(other) + 1e-9);
      }
  }
}

TEST(VerifyTest, VotesStopByTheBetaRule) {
  EXPECT_NEAR(vote_confidence(0, 0), 0.5, 1e-12);
  EXPECT_NEAR(vote_confidence(1, 0), 0.75, 1e-12);
  EXPECT_NEAR(vote_confidence(4, 0), 1 - std::pow(0.5, 5), 1e-12);
  EXPECT_NEAR(vote_confidence(5, 2) + vote_confidence(2, 5), 1, 1e-12);
  const StopRule rule{StopRule::Method::votes, 0.95};
  EXPECT_EQ(judge(rule, {.votes_first = 3}, 2), Verdict::sample);  // 0.9375
  EXPECT_EQ(judge(rule, {.votes_first = 4}, 2), Verdict::accept);  // 0.96875
  EXPECT_EQ(judge(rule, {.votes_first = 4, .votes_second = 1}, 0), Verdict::escalate);  // 0.891
  EXPECT_EQ(judge(rule, {.votes_first = 0}, 0), Verdict::escalate);
}

TEST(VerifyTest, WhatIsNotMeasuredIsNotAccepted) {
  using M = StopRule::Method;
  for (const M m : {M::format, M::avg_logprob, M::margin, M::hybrid, M::self_verify, M::votes})
    EXPECT_EQ(judge({m, StopRule::default_threshold(m)}, {}), Verdict::escalate) << static_cast<int>(m);
  EXPECT_EQ(judge({M::avg_logprob, -1}, {.avg_logprob = -0.4}), Verdict::accept);
  EXPECT_EQ(judge({M::avg_logprob, -1}, {.avg_logprob = -1}), Verdict::escalate);
  EXPECT_EQ(judge({M::avg_logprob, -1}, {.format_ok = false, .avg_logprob = -0.1}), Verdict::escalate);
  EXPECT_EQ(judge({M::hybrid, 0.5}, {.avg_logprob = -0.1, .margin = 0.3}), Verdict::accept);
  EXPECT_EQ(judge({M::hybrid, 0.5}, {.avg_logprob = -3, .margin = 0.6}), Verdict::escalate);
}

TEST(WarmthTest, ComesFromTimesToFirstToken) {
  std::vector<double> times;
  for (int i = 0; i < 60; ++i) times.push_back(i % 2 ? 0.1 : 1.0);
  EXPECT_NEAR(cache_warmth(times, 0.1, 0), 1, 1e-9);
  EXPECT_NEAR(cache_warmth(times, 1.0, 0), 0, 1e-9);
  EXPECT_NEAR(cache_warmth(times, 0.1, 60), 0.75, 1e-9);  // half forgotten after a minute
  EXPECT_EQ(cache_warmth(std::vector<double>(5, 0.1), 0.1, 0), 0.5);
  EXPECT_EQ(cache_warmth(std::vector<double>(60, 0.1), 0.1, 0), 0.5);  // no spread, nothing to tell
  EXPECT_EQ(cache_warmth(times, unknown, 0), 0.5);
}

}  // namespace
}  // namespace wattline::policy
