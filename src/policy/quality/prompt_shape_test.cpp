#include "policy/quality/prompt_shape.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

namespace wattline::policy {
namespace {

std::vector<float> shape(std::string_view text) { return PromptShape().encoded(text); }

TEST(PromptShapeTest, HasLengthOneAndReadsAnyBytes) {
  const std::string odd[] = {"", "1+1", "\xff\xfe", "What is the capital of France?", std::string(100000, '7')};
  for (const std::string& text : odd) {
    const auto v = shape(text);
    ASSERT_EQ(v.size(), PromptShape::values);
    EXPECT_NEAR(text::dot(v, v), 1, 1e-5) << text.substr(0, 20);
  }
}

TEST(PromptShapeTest, CountsDigitsAndLettersNotWhichTheyAre) {
  EXPECT_EQ(shape("17 + 25"), shape("93 + 48"));
  EXPECT_NE(shape("17 + 25"), shape("117 + 25"));
  EXPECT_NE(shape("17 + 25"), shape("17 + 25 + 3"));
  EXPECT_EQ(shape("Reverse the word tapok."), shape("Reverse the word lumid."));
  EXPECT_NE(shape("Reverse the word tapok."), shape("Reverse the word tapoklumid."));
  EXPECT_NE(shape("Which number is XIV?"), shape("Which number is ABC?"));
}

TEST(PromptShapeTest, OneRowStandsForTheTokens) {
  std::vector<float> rows;
  const auto facts = PromptShape().encode_tokens("1 + 1", rows);
  EXPECT_EQ(facts.tokens, 1u);
  EXPECT_EQ(rows.size(), PromptShape::values);
}

}  // namespace
}  // namespace wattline::policy
