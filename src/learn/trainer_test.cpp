#include "learn/trainer.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/options.h"
#include "kernel/testing.h"
#include "kernel/write_whole.h"
#include "learn/capabilities.h"
#include "learn/fused.h"
#include "learn/training.h"
#include "lm/decoder.h"
#include "lm/evaluation.h"
#include "lm/generate.h"

namespace wattline::learn {
namespace {

Plan small_plan() {
  Plan p;
  p.shape.dim = 16;
  p.shape.hidden = 24;
  p.shape.layers = 2;
  p.shape.heads = 4;
  p.shape.kv_heads = 2;
  p.shape.vocabulary = lm::ByteTokenizer::size;
  p.shape.context = 128;
  p.steps = 12;
  p.warm_up = 2;
  p.cool_down = 4;
  p.tokens_per_step = 512;
  p.rates = {0.02, 0.01, 0.01};
  return p;
}

TEST(TrainingTest, AFewStepsLearn) {
  Training training(small_plan(), 1);
  double first = 0, last = 0;
  for (int i = 0; !training.done(); ++i) {
    const double loss = training.step();
    if (i < 2) first += loss / 2;
    if (i >= 10) last += loss / 2;
  }
  EXPECT_NEAR(first, std::log(260.0), 0.7) << "untrained, all tokens are nearly alike";
  EXPECT_LT(last, first - 0.5);
  EXPECT_GT(training.tokens_seen(), 12 * 256);
  EXPECT_GT(training.cpu_time().base(), 0);
}

TEST(TrainingTest, TheSameSeedGivesTheSameWeights) {
  Plan plan = small_plan();
  plan.steps = 3;
  const auto weights = [](const Plan& p) {
    Training t(p, 1);
    while (!t.done()) t.step();
    return t.weights();
  };
  EXPECT_EQ(weights(plan), weights(plan));
  Plan other = plan;
  other.seed = 2;
  EXPECT_NE(weights(plan), weights(other));
}

TEST(TrainingTest, ResumesAsIfItHadNeverStopped) {
  const tests::ScratchDir dir;
  const auto file = dir.path() / "checkpoint";
  Plan plan = small_plan();
  plan.steps = 6;
  Training whole(plan, 1), first(plan, 1);
  while (!whole.done()) whole.step();
  for (int i = 0; i < 3; ++i) first.step();
  first.save(file);
  Training second(plan, 1, file);
  EXPECT_EQ(second.step_count(), 3);
  EXPECT_EQ(second.tokens_seen(), first.tokens_seen());
  while (!second.done()) second.step();
  EXPECT_EQ(second.weights(), whole.weights());
}

TEST(TrainingTest, AnotherTrainingsCheckpointIsRefused) {
  const tests::ScratchDir dir;
  const auto file = dir.path() / "checkpoint";
  Training(small_plan(), 1).save(file);
  const auto error = [&](const Plan& plan) -> std::string {
    try {
      Training(plan, 1, file);
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_EQ(error(small_plan()), "no error");
  Plan other = small_plan();
  other.shape.hidden = 32;
  EXPECT_THAT(error(other), testing::HasSubstr("hidden 24"));
  other = small_plan();
  other.seed = 9;
  EXPECT_THAT(error(other), testing::HasSubstr("seed 1"));
  write_whole(file, "nonsense");
  EXPECT_NE(error(small_plan()), "no error");
}

TEST(PlanTest, RatesRiseAndFall) {
  Plan p = small_plan();
  p.steps = 100;
  p.warm_up = 10;
  p.cool_down = 20;
  EXPECT_NEAR(p.rate_scale(0), 0.1, 1e-12);
  EXPECT_EQ(p.rate_scale(9), 1);
  EXPECT_EQ(p.rate_scale(80), 1);
  EXPECT_NEAR(p.rate_scale(90), 0.5, 1e-12);
  EXPECT_EQ(p.rate_scale(100), 0);
  // A longer plan begins the same.
  Plan longer = p;
  longer.steps = 1000;
  for (int i = 0; i < 80; ++i) EXPECT_EQ(p.rate_scale(i), longer.rate_scale(i));
}

// libtorch's network and our decoder are one model.
TEST(OracleTest, TheDecoderIsTheNetwork) {
  for (int kv_heads : {1, 2, 4}) {
    lm::Shape shape = small_plan().shape;
    shape.kv_heads = kv_heads;
    lm::Weights weights = random_weights(shape, std::mt19937_64(3));
    for (auto& [name, values] : weights)
      if (name == "embedding")
        for (float& f : values) f *= 20;
    const Trainer network(shape, {0, weights, {}, {}}, {}, 1);
    const lm::Model model("oracle", shape, weights, std::make_shared<lm::ByteTokenizer>(), "oracle");
    std::mt19937_64 random(4);
    std::vector<int> tokens;
    for (int i = 0; i < 60; ++i) tokens.push_back(static_cast<int>(random() % lm::ByteTokenizer::size));
    lm::Decoder decoder(model, 64);
    const auto ours = decoder.feed_all(tokens), theirs = network.logits(tokens);
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) ASSERT_NEAR(ours[i], theirs[i], 2e-4);
  }
}

TEST(OracleTest, TheBuiltInModelToo) {
  std::mt19937_64 random(12);
  const lm::ByteTokenizer tokenizer;
  const auto model = lm::builtin_model("glow-xs");
  lm::Shape shape;
  const lm::Weights weights = lm::read_weights(lm::builtin_file("glow-xs"), "glow-xs", &shape, nullptr);
  const Trainer network(shape, {0, weights, {}, {}}, {}, 1);
  for (int i = 0; i < 10; ++i) {
    const auto e = make_example(lm::make_problem(lm::Split::test, random), tokenizer);
    lm::Decoder decoder(*model, 256);
    const auto ours = decoder.feed_all(e.tokens), theirs = network.logits(e.tokens);
    for (std::size_t k = 0; k < ours.size(); ++k) ASSERT_NEAR(ours[k], theirs[k], 1e-3);
  }
}

// Each derivative against the difference quotient.
TEST(FusedTest, NormDerivative) {
  constexpr std::int64_t rows = 3, width = 37;
  std::mt19937_64 random(2);
  const auto noise = [&](std::size_t n) {
    std::vector<float> v(n);
    for (float& f : v) f = static_cast<float>(static_cast<double>(random() >> 11) * 0x1p-52 - 1);
    return v;
  };
  auto x = noise(rows * width), weight = noise(width);
  const auto dy = noise(rows * width);
  std::vector<float> y(x.size()), scale(rows), dx(x.size()), dweight(width, 0.0f);
  const auto value = [&] {
    rms_norm_forward(x.data(), weight.data(), rows, width, 1e-5f, y.data(), scale.data());
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += static_cast<double>(y[i]) * dy[i];
    return sum;
  };
  value();
  rms_norm_backward(x.data(), weight.data(), scale.data(), dy.data(), rows, width, dx.data(), dweight.data());
  const auto slope = [&](float& at) {
    const float kept = at, step = 1e-2f;
    at = kept + step;
    const double up = value();
    at = kept - step;
    const double down = value();
    at = kept;
    return (up - down) / (2.0 * static_cast<double>(step));
  };
  for (std::size_t i = 0; i < x.size(); i += 5) EXPECT_NEAR(dx[i], slope(x[i]), 2e-3);
  for (std::size_t i = 0; i < weight.size(); i += 3) EXPECT_NEAR(dweight[i], slope(weight[i]), 2e-3);
}

TEST(FusedTest, RotatingBackUndoes) {
  std::vector<float> x(2 * 3 * 2 * 4), cosines(3 * 2), sines(3 * 2);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  for (std::size_t i = 0; i < cosines.size(); ++i) {
    cosines[i] = std::cos(static_cast<float>(i));
    sines[i] = std::sin(static_cast<float>(i));
  }
  std::vector<float> there(x.size()), back(x.size());
  rotate_forward(x.data(), cosines.data(), sines.data(), 2, 3, 2, 4, 1, there.data());
  rotate_forward(there.data(), cosines.data(), sines.data(), 2, 3, 2, 4, -1, back.data());
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(back[i], x[i], 1e-4);
  EXPECT_NE(there, x);
}

}  // namespace
}  // namespace wattline::learn
