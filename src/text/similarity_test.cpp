#include "text/similarity.h"

#include <gtest/gtest.h>

#include "text/hashed_ngrams.h"

namespace wattline::text {
namespace {

TEST(Similarity, TheSameTextIsAlikeAndOrderOfArgumentsSwapsPrecisionAndRecall) {
  const HashedNgrams encoder;
  EXPECT_NEAR(similarity(encoder, "the sum is seven", "the sum is seven").f1, 1, 1e-6);
  const auto there = similarity(encoder, "seven", "the sum is seven");
  const auto back = similarity(encoder, "the sum is seven", "seven");
  EXPECT_NEAR(there.precision, 1, 1e-6) << "all that it says is there";
  EXPECT_LT(there.recall, 0.9) << "but not all is said";
  EXPECT_DOUBLE_EQ(there.precision, back.recall);
  EXPECT_DOUBLE_EQ(there.recall, back.precision);
  EXPECT_NEAR(there.f1, 2 * there.precision * there.recall / (there.precision + there.recall), 1e-12);
}

TEST(Similarity, NothingIsLikeNothingOnly) {
  const HashedNgrams encoder;
  EXPECT_EQ(similarity(encoder, "", "").f1, 1);
  EXPECT_EQ(similarity(encoder, "", "seven").f1, 0);
  EXPECT_EQ(similarity(encoder, "seven", "").f1, 0);
  EXPECT_LT(similarity(encoder, "a watt is a joule a second", "qqq zzz").f1, 0.3);
}

}  // namespace
}  // namespace wattline::text
