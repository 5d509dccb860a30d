// The algorithms that learn, and the wrappers that keep sessions.
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "policy/select/beta.h"
#include "policy/select/conservative_q.h"
#include "policy/select/testing.h"

namespace wattline::policy {
namespace {

using tests::chances;
using tests::choose;
using tests::made;
using tests::three;

Feedback rated(int candidate, double quality) {
  Feedback f;
  f.candidate = candidate;
  f.quality = quality;
  return f;
}

double beta_draw(const Beta& b, std::mt19937_64& random) {
  const double x = std::gamma_distribution<double>(b.a)(random), y = std::gamma_distribution<double>(b.b)(random);
  return x / (x + y);
}

TEST(BetaTest, ChanceOfBestIsWhatSamplingGives) {
  std::mt19937_64 random(4);
  const std::vector<std::vector<Beta>> cases = {
      {{1, 1}, {1, 1}, {1, 1}}, {{2, 5}, {5, 2}}, {{300, 100}, {290, 110}, {3, 1}}, {{1, 30}, {1.5, 40}, {30000, 1e6}}};
  for (const auto& posteriors : cases) {
    std::vector<double> shift(posteriors.size()), told(posteriors.size()), seen(posteriors.size());
    for (std::size_t i = 0; i < shift.size(); ++i) shift[i] = 0.01 * static_cast<double>(i);
    chance_of_best(posteriors, shift, told);
    const int n = 200'000;
    for (int k = 0; k < n; ++k) {
      std::size_t best = 0;
      double top = -1;
      for (std::size_t i = 0; i < shift.size(); ++i)
        if (const double x = shift[i] + beta_draw(posteriors[i], random); x > top) top = x, best = i;
      seen[best] += 1.0 / n;
    }
    for (std::size_t i = 0; i < shift.size(); ++i) EXPECT_NEAR(told[i], seen[i], 0.007) << i;
  }
}

TEST(BetaTest, ExtremesStayADistribution) {
  std::vector<double> told(3);
  chance_of_best(std::vector<Beta>{{1e12, 1e12}, {1e12, 1.0001e12}, {1, 1e9}}, std::vector<double>{0, 0, 0}, told);
  EXPECT_NEAR(told[0] + told[1] + told[2], 1, 1e-9);
  EXPECT_GT(told[0], 0.99);
  chance_of_best(std::vector<Beta>{{2, 2}, {2, 2}, {2, 2}}, std::vector<double>{-INFINITY, -INFINITY, 0}, told);
  EXPECT_EQ(told, (std::vector<double>{0, 0, 1}));
  chance_of_best(std::vector<Beta>{{2, 2}}, std::vector<double>{-INFINITY}, std::span(told).first(1));
  EXPECT_EQ(told[0], 0);
}

TEST(ThompsonTest, LearnsByDomain) {
  const auto s = made("thompson");
  Situation math;
  math.domain = "math";
  const auto before = chances(*s, three(), math);
  for (const double p : before) EXPECT_GT(p, 0.003);  // every one can be learned of
  for (int i = 0; i < 60; ++i) {
    s->learn(three(), math, rated(0, 1));
    s->learn(three(), math, rated(2, i % 3 == 0));
  }
  EXPECT_GT(chances(*s, three(), math)[0], 0.9);
  Situation law;
  law.domain = "law";
  EXPECT_NEAR(chances(*s, three(), law)[0], before[0], 1e-12);
}

TEST(ThompsonTest, BadFeedbackIsNotTaken) {
  const auto s = made("thompson");
  for (const int candidate : {-1, 3, 99}) s->learn(three(), {}, rated(candidate, 1));
  s->learn(three(), {}, rated(0, Prediction::unknown));
  s->learn(three(), {}, rated(0, 1e300));  // counts as 1
  EXPECT_EQ(s->state().at("answers").as_array().size(), 1u);
  EXPECT_EQ(s->state().at("answers").as_array()[0].at("good").as_number(), 1);
  EXPECT_THROW(s->restore(parse_json(R"({"answers": [{"model": "a", "domain": "", "good": -1, "bad": 0}]})")), Error);
}

// Regret of learning is far below that of choosing by chance.
TEST(LinUcbTest, LearnsWhichModelSuitsWhichRequest) {
  const auto s = made("linucb", R"({"features": 1, "cost_weight": 0})");
  auto c = three();
  c.pop_back();
  std::mt19937_64 random(6);
  std::vector<double> scores(2);
  double right = 0;
  for (int i = 0; i < 2000; ++i) {
    const float x = random() % 2 ? 1.0F : -1.0F;
    Situation at;
    at.features = {&x, 1};
    const Choice chosen = s->choose(c, at, random, scores);
    EXPECT_GE(chosen.propensity, 0.025 - 1e-12);
    const bool good = (chosen.candidate == 0) == (x > 0);
    if (i >= 500) right += good / 1500.0;
    s->learn(c, at, rated(chosen.candidate, std::uniform_real_distribution<double>(0, 1)(random) < (good ? 0.8 : 0.4)));
  }
  EXPECT_GT(right, 0.95);
}

TEST(LinUcbTest, TheInverseIsTheInverse) {
  const auto s = made("linucb", R"({"features": 2, "ridge": 2})");
  const std::vector<std::vector<float>> seen = {{1, 2}, {0.5, -1}, {3, 0.1F}, {-2, 2}};
  double a[3][3] = {{2, 0, 0}, {0, 2, 0}, {0, 0, 2}};
  for (const auto& x : seen) {
    Situation at;
    at.features = x;
    s->learn(three(), at, rated(1, 0.5));
    const double full[] = {1, x[0], x[1]};
    for (int r = 0; r < 3; ++r)
      for (int k = 0; k < 3; ++k) a[r][k] += full[r] * full[k];
  }
  const Json state = s->state();
  const auto& inverse = state.at("arms").at("middle").at("inverse").as_array();
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c) {
      double sum = 0;
      for (std::size_t k = 0; k < 3; ++k) sum += a[r][k] * inverse[k * 3 + c].as_number();
      EXPECT_NEAR(sum, r == c, 1e-9);
    }
  EXPECT_THROW(made("linucb", R"({"features": 5})")->restore(state), Error);
}

TEST(EloTest, MovesByTheSurprise) {
  const auto s = made("elo", R"({"k": 32})");
  Feedback f;
  f.candidate = 0;
  f.preferred_over = 2;
  s->learn(three(), {}, f);
  EXPECT_NEAR(s->state().at("ratings").at("small").as_number(), 1516, 1e-9);
  EXPECT_NEAR(s->state().at("ratings").at("large").as_number(), 1484, 1e-9);
}

TEST(BradleyTerryTest, FindsTheStrengthsOfKnownOdds) {
  const auto s = made("bradley_terry");
  // small beats large in 3 of 4: 400 log10(3) apart, a little less with the half game against the field.
  Feedback win, loss;
  win.candidate = loss.preferred_over = 0;
  win.preferred_over = loss.candidate = 2;
  for (int i = 0; i < 40; ++i) s->learn(three(), {}, i % 4 ? win : loss);
  const Json state = s->state();
  const double apart = state.at("ratings").at("small").as_number() - state.at("ratings").at("large").as_number();
  EXPECT_NEAR(apart, 400 * std::log10(3.0), 15);
  EXPECT_EQ(choose(*s, three()).candidate, 0);
}

TEST(BradleyTerryTest, WhoAlwaysWinsStaysFinite) {
  const auto s = made("bradley_terry");
  Feedback win;
  win.candidate = 0;
  win.preferred_over = 1;
  for (int i = 0; i < 100; ++i) s->learn(three(), {}, win);
  EXPECT_LT(s->state().at("ratings").at("small").as_number(), 4000);
}

TEST(AdaptiveTest, TriesWhatIsNewThenKeepsTheBase) {
  const auto s = made("adaptive", R"({"min_chance": 0})");
  for (const double p : chances(*s, three())) EXPECT_NEAR(p, 1.0 / 3, 1e-12);
  for (int i = 0; i < 3; ++i) s->learn(three(), {}, rated(i, 1));
  // Nothing speaks against the base.
  for (int n = 0; n < 200; ++n)
    for (int i = 0; i < 3; ++i) s->learn(three(), {}, rated(i, 1));
  EXPECT_GT(chances(*s, three())[0], 0.9);
}

TEST(AdaptiveTest, LeavesABaseThatDoesBadly) {
  const auto s = made("adaptive", R"({"scope": "global"})");
  for (int n = 0; n < 100; ++n) {
    s->learn(three(), {}, rated(0, n % 4 == 0));
    s->learn(three(), {}, rated(1, n % 2));
    s->learn(three(), {}, rated(2, n % 10 != 0));
  }
  EXPECT_GT(chances(*s, three())[2], 0.95);
}

TEST(AdaptiveTest, AToolLoopIsNotDisturbed) {
  const auto s = made("adaptive");
  auto c = three();
  Situation loop;
  loop.previous = 1;
  loop.turn = 3;
  loop.tool_loop = true;
  c[1].warmth = 0.9;
  for (int n = 0; n < 30; ++n)
    for (int i = 0; i < 3; ++i) s->learn(c, {}, rated(i, 0.8));
  EXPECT_EQ(chances(*s, c, loop), (std::vector<double>{0, 1, 0}));
  // But a model that fails is left.
  for (int n = 0; n < 90; ++n) s->learn(c, {}, rated(1, 0));
  EXPECT_EQ(chances(*s, c, loop)[1], 0);
  loop.portable = false;
  c[1].warmth = 0;
  EXPECT_GE(chances(*s, c, loop)[1], 0);
}

TEST(SessionAwareTest, StaysUnlessItPays) {
  const auto s = made("session_aware", R"({"base": {"type": "cheapest_adequate", "min_quality": 0.5}})");
  auto c = three();
  Situation session;
  EXPECT_EQ(choose(*s, c, session).candidate, 0);
  session.previous = 1;
  session.turn = 0;
  EXPECT_EQ(choose(*s, c, session).candidate, 1);  // too young
  session.turn = 4;
  session.prompt_tokens = 8000;
  session.history_tokens = 7500;
  c[1].warmth = 1;
  c[0].quality = c[1].quality;
  c[0].energy = 36;  // 36 against 40 J is not worth the prefix
  EXPECT_EQ(choose(*s, c, session).candidate, 1);
  c[0].energy = 4;
  c[1].warmth = 0;
  EXPECT_EQ(choose(*s, c, session).candidate, 0);
  session.tool_loop = true;
  EXPECT_EQ(choose(*s, c, session).candidate, 1);
  c[1].able = false;  // a lock does not keep what cannot answer
  EXPECT_EQ(choose(*s, c, session).candidate, 0);
}

TEST(SessionAwareTest, AnIdleSessionIsFree) {
  const auto s = made("session_aware", R"({"base": {"type": "cheapest_adequate", "min_quality": 0.5}})");
  auto c = three();
  c[0].quality = c[1].quality;
  c[0].energy = 30;
  c[1].warmth = 1;
  Situation session;
  session.previous = 1;
  session.turn = 6;
  session.prompt_tokens = session.history_tokens = 9000;
  EXPECT_EQ(choose(*s, c, session).candidate, 1);
  session.session_idle = 301;
  EXPECT_EQ(choose(*s, c, session).candidate, 0);
}

TEST(CacheAffinityTest, BreaksNearTiesOnly) {
  const auto s =
      made("cache_affinity", R"({"base": {"type": "multi_factor", "weights": {"quality": 1, "latency": 1}}})");
  std::vector<Prediction> c(3);
  c[0].quality = 0.9, c[1].quality = 0.89, c[2].quality = 0;
  for (auto& p : c) p.latency = 1, p.context_window = 32768;
  Situation session;
  session.previous = 1;
  session.turn = 5;
  session.prompt_tokens = 5000;
  session.history_tokens = 4800;
  session.chained = true;
  EXPECT_EQ(choose(*s, c).candidate, 0);
  EXPECT_EQ(choose(*s, c, session).candidate, 1);
  c[1].quality = 0.4;
  EXPECT_EQ(choose(*s, c, session).candidate, 0);
}

// Sessions of two kinds: in hard ones (feature 1) the small model needs three turns more. Reward -1 a turn.
std::vector<LoggedTurn> sessions(int n, double share_large) {
  std::mt19937_64 random(8);
  std::vector<LoggedTurn> out;
  for (int i = 0; i < n; ++i) {
    const float hard = static_cast<float>(random() % 2);
    const bool large = static_cast<double>(random() % 1000) < 1000 * share_large;
    const int turns = hard > 0 && !large ? 5 : 2;
    for (int t = 0; t < turns; ++t) {
      Situation s;
      s.turn = t;
      s.features = {&hard, 1};
      // Large costs a little more a turn.
      out.push_back({turn_features(s, 1), large ? "large" : "small", large ? -1.2 : -1, t + 1 == turns});
    }
  }
  return out;
}

TEST(ConservativeQTest, PutsHardSessionsOnTheLargeModel) {
  const auto s = made("conservative_q", R"({"epsilon": 0})");
  s->restore(fit_conservative_q(sessions(400, 0.5), {.conservatism = 0.05}));
  auto c = three();
  for (const float hard : {0.0F, 1.0F}) {
    Situation at;
    at.features = {&hard, 1};
    EXPECT_EQ(choose(*s, c, at).candidate, hard > 0 ? 2 : 0);
  }
}

// With caution, what the log hardly tried is not taken for good.
TEST(ConservativeQTest, CautionKeepsToWhatTheLogKnows) {
  auto log = sessions(300, 0);
  log.push_back({log[0].features, "middle", 5, true});  // one lucky answer
  auto c = three();
  const float easy = 0;
  Situation at;
  at.features = {&easy, 1};
  const auto bold = made("conservative_q", R"({"epsilon": 0})"), cautious = made("conservative_q", R"({"epsilon": 0})");
  bold->restore(fit_conservative_q(log, {.conservatism = 0, .ridge = 1e-6, .rounds = 200, .steps = 100}));
  cautious->restore(fit_conservative_q(log, {.conservatism = 2}));
  EXPECT_EQ(choose(*bold, c, at).candidate, 1);
  EXPECT_EQ(choose(*cautious, c, at).candidate, 0);
}

TEST(ConservativeQTest, RefusesBadLogs) {
  EXPECT_THROW(fit_conservative_q({}), Error);
  std::vector<LoggedTurn> log = {{{1, 2}, "a", 0, false}, {{1}, "a", 0, true}};
  EXPECT_THROW(fit_conservative_q(log), Error);
  log[1].features = {1, 2};
  log[1].reward = NAN;
  EXPECT_THROW(fit_conservative_q(log), Error);
}

}  // namespace
}  // namespace wattline::policy
