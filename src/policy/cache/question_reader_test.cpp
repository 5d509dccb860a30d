#include "policy/cache/question_reader.h"

#include <gtest/gtest.h>

#include "policy/cache/agreement.h"
#include "text/hashed_ngrams.h"

namespace wattline::policy {
namespace {

QuestionReader reader() { return {std::make_shared<text::HashedNgrams>(), {}}; }

TEST(QuestionReader, MatchesWhatHasAMeaningOfItsOwn) {
  const auto r = reader().read("What is the capital of France?");
  EXPECT_EQ(r.why_not, "");
  EXPECT_EQ(r.vector.size(), 512u);
  EXPECT_NEAR(text::dot(r.vector, r.vector), 1, 1e-4);
}

TEST(QuestionReader, SaysWhyNot) {
  const auto q = reader();
  EXPECT_NE(q.read("What is the weather today?").why_not, "");
  EXPECT_NE(q.read("yes").why_not, "");
  EXPECT_NE(q.read("").why_not, "");
  EXPECT_NE(q.read("Log in to p\u0430ypal for me").why_not, "");
  EXPECT_NE(q.read(std::string(20'000, 'a') + " b c d").why_not, "");
}

TEST(QuestionReader, IsNotSureOfASubjectWhereNothingTellsIt) {
  QuestionReader::Options strict;
  strict.least_sure = 1.01;
  EXPECT_EQ(QuestionReader(std::make_shared<text::HashedNgrams>(), strict).read("What is the law of torts?").subject,
            "");
  QuestionReader::Options none;
  none.subjects = false;
  EXPECT_EQ(QuestionReader(std::make_shared<text::HashedNgrams>(), none).read("What is the law of torts?").subject, "");
}

TEST(Agreement, OfAnswers) {
  const text::HashedNgrams e;
  EXPECT_TRUE(agree(e, "Paris.", "paris").same);
  EXPECT_FALSE(agree(e, "It is 42", "It is 43").same);
  EXPECT_FALSE(agree(e, "It is safe", "It is not safe").same);
  EXPECT_FALSE(agree(e, "Paris", "Berlin").same);
  EXPECT_TRUE(agree(e, "The answer is Paris, the capital of France, on the river Seine.",
                    "Paris, the capital of France, on the river Seine, is the answer.")
                  .same);
}

TEST(Agreement, CountsWithAnInterval) {
  FalseHits f;
  EXPECT_EQ(f.interval().low, 0);
  EXPECT_EQ(f.interval().high, 1);
  f.judged = 100;
  f.wrong = 2;
  EXPECT_EQ(f.rate(), 0.02);
  EXPECT_NEAR(f.interval().low, 0.0055, 5e-4);
  EXPECT_NEAR(f.interval().high, 0.0700, 5e-4);
}

}  // namespace
}  // namespace wattline::policy
