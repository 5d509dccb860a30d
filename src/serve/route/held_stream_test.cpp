#include "serve/route/held_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/route/evidence.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Events as a server would write them.
HeldStream held(const std::vector<std::string>& data, std::size_t limit = 1 << 20) {
  HeldStream out(limit);
  SseParser parser;
  for (const auto& d : data) {
    EXPECT_TRUE(parser.push("data: " + d + "\n\n"));
    while (const auto e = parser.next()) (void)out.keep(*e);
  }
  return out;
}

std::string told(HeldStream& h) {
  std::string out;
  while (const auto e = h.next()) out += e->raw;
  return out;
}

const std::vector<std::string> two_words = {
    R"({"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]})",
    R"({"choices":[{"index":0,"delta":{"content":"so "},"logprobs":{"content":[{"token":"so","logprob":-0.5}]}}]})",
    R"({"choices":[{"index":0,"delta":{"content":"it \"is\""},"logprobs":{"content":[{"token":"it","logprob":-1.5}]}}]})",
    R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})",
    R"({"choices":[],"usage":{"prompt_tokens":1}})",
    "[DONE]",
};

TEST(HeldStream, AddsUpToAReply) {
  const auto h = held(two_words);
  const std::string reply = h.reply();
  EXPECT_THAT(reply, HasSubstr(R"("content":"so it \"is\"")"));
  const auto evidence = evidence_of(reply, false);
  ASSERT_TRUE(evidence.avg_logprob);
  EXPECT_DOUBLE_EQ(*evidence.avg_logprob, -1);
  EXPECT_EQ(evidence.format_ok, true);
}

TEST(HeldStream, ToolCallsComeInPieces) {
  const auto h = held({
      R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"add","arguments":"{\"x\""}}]}}]})",
      R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]})",
      R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})",
  });
  EXPECT_EQ(evidence_of(h.reply(), false).format_ok, true);
  const auto broken = held({
      R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]}}]})",
      R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})",
  });
  EXPECT_EQ(evidence_of(broken.reply(), false).format_ok, false);
}

TEST(HeldStream, EveryChoiceHasToEndWell) {
  const auto h = held({
      R"({"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]})",
      R"({"choices":[{"index":1,"delta":{"content":"b"}}]})",
  });
  EXPECT_EQ(evidence_of(h.reply(), false).format_ok, false) << "the second has no end";
  EXPECT_EQ(evidence_of(held({}).reply(), false).format_ok, false) << "nothing came";
}

TEST(HeldStream, IsToldAsItCame) {
  auto h = held(two_words);
  std::string all;
  for (const auto& d : two_words) all += "data: " + d + "\n\n";
  EXPECT_EQ(told(h), all);
  EXPECT_TRUE(h.told());
}

TEST(HeldStream, WhoDidNotAskForLogprobsGetsNone) {
  auto h = held(two_words);
  h.drop_logprobs();
  const std::string all = told(h);
  EXPECT_THAT(all, HasSubstr(R"("logprobs":null)"));
  EXPECT_THAT(all, Not(HasSubstr("-0.5")));
  EXPECT_THAT(all, HasSubstr("data: [DONE]\n\n"));
}

TEST(HeldStream, SaysWhenItIsTooLong) {
  HeldStream h(40);
  SseParser parser;
  ASSERT_TRUE(parser.push("data: {}\n\ndata: {\"a\":\"0123456789012345\"}\n\n"));
  EXPECT_TRUE(h.keep(*parser.next()));
  EXPECT_FALSE(h.keep(*parser.next()));
  EXPECT_THAT(told(h), HasSubstr("0123456789012345")) << "what was kept is not lost";
}

}  // namespace
}  // namespace wattline::serve::tests
