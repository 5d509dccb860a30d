// What holds of every algorithm.
#include "policy/select/family.h"

#include <gtest/gtest.h>

#include "kernel/error.h"
#include "policy/select/testing.h"

namespace wattline::policy {
namespace {

using tests::choose;
using tests::made;
using tests::three;

class EveryAlgorithm : public ::testing::TestWithParam<std::string> {};

// A situation and candidates drawn at random, with much that is not known.
struct World {
  std::vector<Prediction> candidates;
  std::vector<float> features;
  Situation situation;
};
World drawn(std::mt19937_64& r) {
  const auto unit = [&] { return std::uniform_real_distribution<double>(0, 1)(r); };
  const auto maybe = [&](double v) { return unit() < 0.25 ? Prediction::unknown : v; };
  World w;
  static const char* names[] = {"a", "b", "c", "d", "e", "f"};
  w.candidates.resize(1 + r() % 6);
  for (std::size_t i = 0; i < w.candidates.size(); ++i) {
    auto& c = w.candidates[i];
    c.model = names[i];
    c.able = unit() < 0.7;
    c.quality = maybe(unit());
    c.quality_low = maybe(unit() * 0.9);
    c.energy = maybe(unit() < 0.1 ? 0 : 100 * unit());
    c.carbon = maybe(unit());
    c.money = maybe(unit() * 1e-3);
    c.latency = maybe(10 * unit());
    c.ttft = maybe(unit());
    c.tpot = maybe(0.1 * unit());
    c.in_flight = std::floor(10 * unit());
    c.warmth = unit();
    c.switch_energy = 50 * unit();
    c.context_window = unit() < 0.3 ? 0 : static_cast<std::int64_t>(1e5 * unit());
    c.weight = 3 * unit() - 0.5;
  }
  for (int i = 0; i < 5; ++i) w.features.push_back(static_cast<float>(unit()));
  w.situation.domain = unit() < 0.5 ? "math" : "law";
  w.situation.features = w.features;
  w.situation.prompt_tokens = static_cast<std::int64_t>(1e5 * unit() * unit());
  w.situation.history_tokens = static_cast<std::int64_t>(static_cast<double>(w.situation.prompt_tokens) * unit());
  w.situation.turn = static_cast<int>(12 * unit());
  w.situation.switches = static_cast<int>(4 * unit());
  w.situation.tool_loop = unit() < 0.2;
  w.situation.chained = unit() < 0.3;
  w.situation.portable = unit() < 0.8;
  w.situation.previous = static_cast<int>(r() % 9) - 2;  // also beyond the candidates
  w.situation.session_idle = 600 * unit();
  return w;
}

void teach(Selector& s, const World& w, std::mt19937_64& r) {
  std::vector<double> scores(w.candidates.size());
  const Choice c = s.choose(w.candidates, w.situation, r, scores);
  Feedback f;
  f.candidate = c.candidate;
  f.preferred_over = static_cast<int>(r() % 8) - 4;
  f.propensity = c.propensity;
  f.quality = static_cast<double>(r() % 3) / 2;
  f.latency = static_cast<double>(r() % 5);
  f.output_tokens = static_cast<double>(r() % 3000);
  f.underpowered = r() % 5 == 0;
  f.overprovisioned = r() % 5 == 0;
  f.failed = r() % 9 == 0;
  s.learn(w.candidates, w.situation, f);
}

TEST_P(EveryAlgorithm, ChancesAreADistributionOverAbleCandidates) {
  const auto s = made(GetParam());
  std::mt19937_64 r(7);
  for (int round = 0; round < 3000; ++round) {
    const World w = drawn(r);
    std::vector<double> scores(w.candidates.size()), chances(w.candidates.size());
    const Choice c = s->choose(w.candidates, w.situation, r, scores);
    bool any = false;
    for (const auto& p : w.candidates) any = any || p.able;
    EXPECT_FALSE(c.reason.empty());
    ASSERT_EQ(c.candidate >= 0, any);
    if (!any) continue;
    s->weigh(w.candidates, w.situation, scores, chances);
    double sum = 0;
    for (std::size_t i = 0; i < chances.size(); ++i) {
      ASSERT_GE(chances[i], 0);
      if (!w.candidates[i].able) {
        ASSERT_EQ(chances[i], 0) << i;
      }
      sum += chances[i];
    }
    ASSERT_NEAR(sum, 1, 1e-9);
    const auto chosen = static_cast<std::size_t>(c.candidate);
    ASSERT_TRUE(w.candidates[chosen].able);
    ASSERT_GT(c.propensity, 0);
    ASSERT_NEAR(c.propensity, chances[chosen], 1e-9);
    for (const int e : c.escalation) {
      ASSERT_TRUE(w.candidates[static_cast<std::size_t>(e)].able);
      ASSERT_NE(e, c.candidate);
    }
    if (round % 3 == 0) teach(*s, w, r);
  }
}

TEST_P(EveryAlgorithm, ChoosesAsOftenAsItSays) {
  const auto s = made(GetParam());
  std::mt19937_64 r(11);
  for (int i = 0; i < 40; ++i) teach(*s, drawn(r), r);
  World w;
  w.candidates = three();
  w.candidates[1].ttft = w.candidates[1].tpot = Prediction::unknown;
  w.candidates[0].weight = 3;
  const auto told = tests::chances(*s, w.candidates);
  std::vector<double> scores(3), seen(3);
#ifdef __SANITIZE_ADDRESS__
  const int n = 10'000;
#else
  const int n = 100'000;
#endif
  for (int i = 0; i < n; ++i) {
    const Choice c = s->choose(w.candidates, {}, r, scores);
    seen[static_cast<std::size_t>(c.candidate)] += 1.0 / n;
    ASSERT_NEAR(c.propensity, told[static_cast<std::size_t>(c.candidate)], 1e-12);
  }
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(seen[i], told[i], 5 * std::sqrt(0.25 / n)) << i;
}

TEST_P(EveryAlgorithm, SameGeneratorSameChoice) {
  const auto s = made(GetParam());
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Choice a = choose(*s, three(), {}, seed), b = choose(*s, three(), {}, seed);
    EXPECT_EQ(a.candidate, b.candidate);
    EXPECT_EQ(a.reason, b.reason);
    EXPECT_EQ(a.escalation, b.escalation);
  }
}

TEST_P(EveryAlgorithm, KeepsWhatItLearned) {
  const auto s = made(GetParam()), other = made(GetParam());
  std::mt19937_64 r(3);
  for (int i = 0; i < 200; ++i) teach(*s, drawn(r), r);
  const Json state = s->state();
  if (state.is_null()) return;
  other->restore(parse_json(state.dump()));
  for (int i = 0; i < 50; ++i) {
    const World w = drawn(r);
    const auto a = tests::chances(*s, w.candidates, w.situation), b = tests::chances(*other, w.candidates, w.situation);
    for (std::size_t k = 0; k < a.size(); ++k) ASSERT_NEAR(a[k], b[k], 1e-9);
  }
  EXPECT_THROW(other->restore(parse_json(R"({"answers": 3})")), Error);
  EXPECT_EQ(other->state().dump(), parse_json(state.dump()).dump());  // and nothing has changed
}

TEST_P(EveryAlgorithm, RefusesWhatItDoesNotKnow) {
  try {
    made(GetParam(), R"({"epsilno": 0.1})");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("epsilno"), std::string::npos);
  }
  EXPECT_THROW(made(GetParam(), "[1]"), Error);
}

TEST_P(EveryAlgorithm, ManyCandidatesAreNoTrouble) {
  const auto s = made(GetParam());
  std::vector<Prediction> many(40, three()[1]);
  for (int i = 0; i < 100; ++i) EXPECT_GE(choose(*s, many, {}, static_cast<std::uint64_t>(i)).candidate, 0);
}

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const auto& a : algorithms()) out.emplace_back(a.name);
  return out;
}
INSTANTIATE_TEST_SUITE_P(Family, EveryAlgorithm, ::testing::ValuesIn(names()), [](const auto& p) { return p.param; });

TEST(FamilyTest, AnUnknownAlgorithmSuggestsTheNearest) {
  try {
    made("cascad");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("cascade"), std::string::npos) << e.what();
  }
  EXPECT_EQ(algorithms().front().name, "static");
}

TEST(FamilyTest, AWrapperNamesItsInnerAlgorithm) {
  EXPECT_NO_THROW(made("session_aware", R"({"base": {"type": "thompson", "prior": 4}})"));
  EXPECT_NO_THROW(made("cache_affinity", R"({"base": {"type": "session_aware", "base": "linucb"}})"));
  EXPECT_THROW(made("session_aware", R"({"base": {"prior": 4}})"), Error);
  EXPECT_THROW(made("session_aware", R"({"base": {"type": "thompson", "priro": 4}})"), Error);
  EXPECT_THROW(made("session_aware", R"({"base": 7})"), Error);
}

TEST(FamilyTest, TheObjectiveIsANameOrWeights) {
  EXPECT_NO_THROW(made("cheapest_adequate", R"({"minimise": "carbon"})"));
  EXPECT_NO_THROW(made("cheapest_adequate", R"({"minimise": {"energy": 1, "latency": 5}})"));
  EXPECT_THROW(made("cheapest_adequate", R"({"minimise": "joules"})"), Error);
  EXPECT_THROW(made("cheapest_adequate", R"({"minimise": {"energy": 0}})"), Error);
  EXPECT_THROW(made("cheapest_adequate", R"({"minimise": {"energie": 1}})"), Error);
  EXPECT_THROW(made("cheapest_adequate", R"({"min_quality": 1.5})"), Error);
}

}  // namespace
}  // namespace wattline::policy
