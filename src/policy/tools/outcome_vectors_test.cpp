#include "policy/tools/outcome_vectors.h"

#include <cmath>

#include <gtest/gtest.h>

#include "text/encoder.h"

namespace wattline::policy {
namespace {

std::vector<float> refined(const OutcomeVectors& v, const Refinement& r) {
  std::vector<float> out(v.width());
  v.refined(0, r, out);
  return out;
}

TEST(OutcomeVectorsTest, WithoutOutcomesATextStaysItself) {
  OutcomeVectors v(2);
  v.add(std::vector<float>{3, 4});
  EXPECT_EQ(refined(v, {}), (std::vector<float>{0.6F, 0.8F}));
}

TEST(OutcomeVectorsTest, ServedQueriesPullAndFailuresPush) {
  OutcomeVectors v(2);
  v.add(std::vector<float>{1, 0});
  const std::vector<float> up = {0, 1};
  // One outcome of shrinkage 1 weighs half of the pull: (1 - 0.5) d + 0.5 s.
  v.served(0, up);
  const auto pulled = refined(v, {.pull = 1, .push = 0, .shrink = 1});
  EXPECT_NEAR(pulled[0], std::sqrt(0.5), 1e-6);
  EXPECT_NEAR(pulled[1], std::sqrt(0.5), 1e-6);
  // As many failures as successes of one direction, at equal strength: what is left is the text's part.
  v.failed(0, up);
  const auto both = refined(v, {.pull = 1, .push = 1, .shrink = 1});
  EXPECT_NEAR(both[0], 1, 1e-6);
  EXPECT_NEAR(both[1], 0, 1e-6);
  v.forget_failures();
  EXPECT_EQ(refined(v, {.pull = 1, .push = 1, .shrink = 1}), pulled);
  for (int i = 0; i < 1000; ++i) v.served(0, up);
  EXPECT_GT(refined(v, {.pull = 1, .push = 0, .shrink = 1})[1], 0.999);
  // A bounded pull never loses the text.
  EXPECT_GT(refined(v, {.pull = 0.5, .push = 0, .shrink = 1})[0], 0.7);
}

TEST(OutcomeVectorsTest, OldOutcomesFade) {
  OutcomeVectors v(2);
  v.add(std::vector<float>{1, 0});
  v.served(0, std::vector<float>{0, 1}, 10);
  for (int i = 0; i < 400; ++i) v.forget(0, 0.98F);
  EXPECT_LT(v.served_weight(0), 0.01F);
  EXPECT_GT(refined(v, {.pull = 1, .push = 0, .shrink = 2})[0], 0.99);
}

TEST(OutcomeVectorsTest, ALengthIsAlwaysOneOrNone) {
  OutcomeVectors v(2);
  v.add(std::vector<float>{0, 0});
  EXPECT_EQ(refined(v, {}), (std::vector<float>{0, 0}));
  v.served(0, std::vector<float>{1, 0});
  const auto r = refined(v, {});
  EXPECT_NEAR(text::dot(r, r), 1, 1e-6);
  // Opposite queries cancel to nothing; nothing is divided by it.
  OutcomeVectors w(2);
  w.add(std::vector<float>{0, 1});
  w.served(0, std::vector<float>{1, 0});
  w.served(0, std::vector<float>{-1, 0});
  EXPECT_EQ(refined(w, {.pull = 0.5, .push = 0, .shrink = 1}), (std::vector<float>{0, 1}));
}

TEST(OutcomeVectorsTest, SparseAndDenseAreTheSame) {
  OutcomeVectors dense(4), sparse(4);
  const std::uint32_t at[] = {1, 3};
  const float value[] = {0.6F, 0.8F};
  dense.add(std::vector<float>{0, 0.6F, 0, 0.8F});
  sparse.add(at, value);
  dense.served(0, std::vector<float>{0, 0.6F, 0, 0.8F});
  sparse.served(0, at, value);
  const std::uint32_t first[] = {0};
  const float one[] = {1};
  dense.failed(0, std::vector<float>{1, 0, 0, 0});
  sparse.failed(0, first, one);
  EXPECT_EQ(refined(dense, {}), refined(sparse, {}));
}

}  // namespace
}  // namespace wattline::policy
