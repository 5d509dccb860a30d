#include "serve/workload.h"

#include <gtest/gtest.h>

#include "kernel/error.h"
#include "serve/http_client.h"

namespace wattline::serve {
namespace {

TEST(Workload, AnAnswerIsRightAsWordsOfItsOwn) {
  EXPECT_TRUE(answers("42", "42"));
  EXPECT_TRUE(answers("The answer is 42.", "42"));
  EXPECT_TRUE(answers(" paris\n", "Paris"));
  EXPECT_TRUE(answers("It is New Delhi.", "new delhi"));
  EXPECT_FALSE(answers("142", "42"));
  EXPECT_FALSE(answers("-42", "42"));
  EXPECT_FALSE(answers("4.2", "2"));
  EXPECT_FALSE(answers("anything", ""));
}

TEST(Workload, ReadsAnswersWithAndWithoutCost) {
  const auto a = read_answer(
      R"({"choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":3,"completion_tokens":2,
          "wattline":{"energy":{"value":1.5,"low":1,"high":2,"unit":"J","method":"modelled"}}}})");
  EXPECT_EQ(a.text, "hi");
  EXPECT_EQ(a.tokens, 5);
  ASSERT_TRUE(a.energy);
  EXPECT_EQ(a.energy->value, 1.5);
  EXPECT_FALSE(a.carbon);
  EXPECT_FALSE(read_answer(R"({"choices":[{"message":{"content":null}}]})").energy);
  EXPECT_THROW(read_answer(R"({"error":{"message":"no such model"}})"), Error);
  EXPECT_THROW(read_answer("<html>"), Error);
  EXPECT_THROW(read_answer(R"({"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":1e300}})"), Error);
  EXPECT_THROW(read_answer(R"({"choices":[{"message":{"content":"a"}}],"usage":{"completion_tokens":-1}})"), Error);
  EXPECT_THROW(read_answer(R"({"choices":[]})"), Error);
}

TEST(HttpClient, BadAddressesAreNamed) {
  for (const char* url :
       {"", "127.0.0.1:80", "https://x", "http://", "http://host:port", "http://a b", "http://a\r\nX: y"})
    EXPECT_THROW(http_request("GET", url, "", Duration(1)), Error) << url;
}

TEST(HttpClient, NobodyListeningIsAWorldError) {
  try {
    http_request("GET", "http://127.0.0.1:1/x", "", Duration(2));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::world);
  }
}

}  // namespace
}  // namespace wattline::serve
