#include "policy/cache/recorded_questions.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline::policy {
namespace {

using ::testing::HasSubstr;

std::string fault(std::string_view content) {
  try {
    read_recorded_questions(content, "asked.csv");
  } catch (const Error& e) {
    return e.what();
  }
  return "none";
}

TEST(RecordedQuestions, OfColumns) {
  const auto q = read_recorded_questions("question\tanswer\tenergy_j\nWho is it?\tme\t3.5\nWhat?\t\t\n", "x");
  ASSERT_EQ(q.rows.size(), 2u);
  EXPECT_EQ(q.rows[0].text, "Who is it?");
  EXPECT_EQ(q.rows[0].label, "me");
  EXPECT_EQ(q.rows[0].joules, 3.5);
  EXPECT_TRUE(std::isnan(q.rows[1].joules));
  EXPECT_EQ(q.labelled, 1u);
  EXPECT_EQ(q.with_energy, 1u);
  EXPECT_EQ(q.timed, 0u);
  // Quotes that are letters.
  EXPECT_EQ(read_recorded_questions("question\tanswer\n\"Act\" of what?\ta\n", "x").rows[0].text, "\"Act\" of what?");
}

TEST(RecordedQuestions, OfLines) {
  const auto q = read_recorded_questions(
      "{\"prompt\":\"a b c\",\"label\":7,\"tenant\":\"lab\",\"seconds\":1}\n\n{\"text\":\"d\",\"seconds\":2.5}\n", "x");
  ASSERT_EQ(q.rows.size(), 2u);
  EXPECT_EQ(q.rows[0].label, "7");
  EXPECT_EQ(q.rows[0].scope, "lab");
  EXPECT_EQ(q.rows[1].seconds, 2.5);
  EXPECT_EQ(q.timed, 2u);
}

TEST(RecordedQuestions, FaultsAreTold) {
  EXPECT_THAT(fault("TIMESTAMP,ContextTokens,GeneratedTokens\n2023,100,20\n"), HasSubstr("no prompts"));
  EXPECT_THAT(fault("{\"timestamp\":0.4,\"prompt_tokens\":467}\n"), HasSubstr("asked.csv:1"));
  EXPECT_THAT(fault("prompt\n"), HasSubstr("no questions"));
  EXPECT_THAT(fault(""), Not(HasSubstr("none")));
  EXPECT_THAT(fault("prompt,seconds\na,2\nb,1\n"), HasSubstr("sort the rows"));
  EXPECT_THAT(fault("prompt,seconds\na,soon\n"), HasSubstr("'soon'"));
  EXPECT_THAT(fault("prompt,energy_j\na,-1\n"), HasSubstr("0 or more"));
  EXPECT_THAT(fault("{\"prompt\":\"a\",\"energy_j\":\"much\"}"), HasSubstr("much"));
  EXPECT_THAT(fault("{\"prompt\":\"a\"\n"), HasSubstr("asked.csv:1"));
  EXPECT_THAT(fault("[1]\n"), Not(HasSubstr("none")));
}

}  // namespace
}  // namespace wattline::policy
