#include "serve/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;

Tried tried(std::vector<double> right, std::vector<double> joules) {
  return {std::move(right), std::move(joules), std::vector<double>(2, 0.01)};
}

TEST(Compare, SavesWhatItDoesNotSpend) {
  std::mt19937_64 random(1);
  const Tried large{{1, 1, 1, 0}, {4, 4, 4, 4}, {1, 1, 1, 1}}, small{{1, 0, 1, 0}, {1, 1, 1, 1}, {1, 1, 1, 1}};
  const Comparison c = compare(small, large, random);
  EXPECT_DOUBLE_EQ(c.accuracy, 0.5);
  EXPECT_DOUBLE_EQ(c.relative, 0.5 / 0.75);
  EXPECT_DOUBLE_EQ(c.saved, 0.75);
  EXPECT_NEAR(c.saved_low, 0.75, 1e-12);  // no question differs
  EXPECT_LT(c.low, 0.5);
  EXPECT_GT(c.high, 0.5);
  const Comparison same = compare(large, large, random);
  EXPECT_EQ(same.saved, 0);
  EXPECT_EQ(same.relative, 1);
}

TEST(Compare, TheIntervalOfASavingHoldsIt) {
  std::mt19937_64 random(2);
  Tried mine, theirs;
  for (int i = 0; i < 200; ++i) {
    mine.right.push_back(1);
    theirs.right.push_back(1);
    mine.joules.push_back(i % 3 ? 1 : 5);
    theirs.joules.push_back(5);
  }
  const Comparison c = compare(mine, theirs, random);
  EXPECT_LT(c.saved_low, c.saved);
  EXPECT_GT(c.saved_high, c.saved);
  EXPECT_GT(c.saved_low, 0.4);
  EXPECT_LT(c.saved_high, 0.65);
}

TEST(Compare, TheOracleTakesTheCheapestRightAnswer) {
  const Tried o = oracle({tried({1, 0}, {1, 1}), tried({1, 1}, {4, 4})});
  EXPECT_EQ(o.right, (std::vector<double>{1, 1}));
  EXPECT_EQ(o.joules, (std::vector<double>{1, 4}));
  EXPECT_EQ(oracle({tried({0, 0}, {3, 1}), tried({0, 0}, {2, 4})}).joules, (std::vector<double>{2, 1}));
}

TEST(Compare, AsksAServer) {
  TestGateway g;
  auto again = babbler();
  lm::Shape shape = again->shape();
  lm::Weights weights;
  for (const auto& spec : lm::tensor_specs(shape)) {
    std::size_t n = 1;
    for (auto d : spec.shape) n *= static_cast<std::size_t>(d);
    weights[spec.name].assign(n, 0.02f);
  }
  g.parts.models.push_back(
      std::make_shared<const lm::Model>("second", shape, weights, std::make_shared<lm::ByteTokenizer>(), "test"));
  g.config.builtin.models.push_back("second");
  g.start();
  CompareOptions o;
  o.url = "http://127.0.0.1:" + std::to_string(g.port());
  o.questions = 10;
  o.max_tokens = 4;
  Context context;
  const Result r = run_compare(o, context);
  const Table* t = r.find_table("serve.compare.v1");
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(t->rows(), 3u);  // two models and the oracle
  EXPECT_EQ(t->column("asked").texts()[2], "oracle");
  EXPECT_NE(r.find_table("serve.compare_levels.v1"), nullptr);

  o.models = {"babbler"};
  EXPECT_THROW(run_compare(o, context), Error);
  o.models = {"babbler", "nobody"};
  EXPECT_THROW(run_compare(o, context), Error);
}

}  // namespace
}  // namespace wattline::serve::tests
