#include "serve/token_estimate.h"

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

TokenEstimate of(std::string body) { return TokenEstimator().read(body); }

TEST(TokenEstimate, CountsTextByFourBytesAndMessagesByFour) {
  const auto e =
      of(R"({"model":"m","messages":[{"role":"system","content":"12345678"},{"role":"user","content":"123456789"}]})");
  EXPECT_EQ(e.input, 5 + 2 * 4);  // ceil(17 / 4)
  EXPECT_FALSE(e.output);
  EXPECT_EQ(e.answers, 1);
}

TEST(TokenEstimate, ImagesCountTheSameHoweverLong) {
  const auto image = [](std::size_t n) {
    return of(R"({"messages":[{"role":"user","content":[{"type":"text","text":"1234"},{"type":"image_url","image_url":{"url":"data:)" +
              std::string(n, 'A') + R"("}}]}]})")
        .input;
  };
  EXPECT_EQ(image(10), 1 + 8192 + 4);
  EXPECT_EQ(image(100'000), image(10));
}

TEST(TokenEstimate, ToolsAreTokensByTheByte) {
  const auto plain = of(R"({"messages":[{"role":"user","content":"x"}]})").input;
  EXPECT_EQ(of(R"({"messages":[{"role":"user","content":"x"}],"tools":[{"a":"bc"}]})").input,
            plain + 8 + (2 + 1 + 4 + 4));
  EXPECT_EQ(of(R"({"messages":[{"role":"user","content":"x"},{"role":"tool","content":"12345678"}]})").input,
            plain + 4 + 8 + 8);
  EXPECT_GT(
      of(R"({"messages":[{"role":"user","content":"x"},{"role":"assistant","content":null,"tool_calls":[{"id":"i","type":"function","function":{"name":"f","arguments":"{}"}}]}]})")
          .input,
      plain + 4 + 8 + 20);
}

TEST(TokenEstimate, OutputIsWhatTheRequestAllows) {
  EXPECT_EQ(of(R"({"messages":[],"max_tokens":100})").output, 100);
  EXPECT_EQ(of(R"({"messages":[],"max_completion_tokens":100,"max_tokens":5})").output, 100);
  EXPECT_EQ(of(R"({"input":"x","max_output_tokens":7})").output, 7);
  EXPECT_EQ(of(R"({"messages":[],"n":3})").answers, 3);
  // What is senseless is not made into a huge or negative reservation.
  for (const char* bad : {"-1", "0", "null", "\"many\"", "[]"})
    EXPECT_FALSE(of(std::string(R"({"max_tokens":)") + bad + "}").output) << bad;
  EXPECT_EQ(of(R"({"max_tokens":1e300})").output, 1e9);
  EXPECT_EQ(of(R"({"n":1e18})").answers, 128);
  EXPECT_EQ(of(R"({"n":-4})").answers, 1);
}

TEST(TokenEstimate, ReadsTheOtherDialects) {
  EXPECT_EQ(of(R"({"model":"m","prompt":"12345678"})").input, 2);
  EXPECT_EQ(of(R"({"model":"m","input":["1234","5678"]})").input, 2);
  EXPECT_EQ(
      of(R"({"model":"m","system":"1234","messages":[{"role":"user","content":[{"type":"text","text":"5678"}]}]})")
          .input,
      2 + 4);
  EXPECT_EQ(of(R"({"messages":[{"role":"user","content":[{"type":"tool_result","content":"12345678"}]}]})").input,
            4 + 8 + 8);
}

TEST(TokenEstimate, WhatIsNoJsonIsText) {
  EXPECT_EQ(of("12345").input, 2);
  EXPECT_EQ(of("").input, 0);
  EXPECT_EQ(of("[1,2]").input, 2);
  std::string deep = R"({"messages":)" + std::string(100'000, '[');
  EXPECT_GT(of(deep).input, 20'000);
  EXPECT_EQ(of(R"({"messages":7,"tools":"x","n":{}})").input, 0);
}

TEST(TokenCalibration, LearnsWhatAModelsTokensAre) {
  TokenCalibration c;
  const TokenEstimate e{100, std::nullopt, 1};
  EXPECT_EQ(c.of(e), 100 + 256);
  for (int i = 0; i < 9; ++i) c.learn(e, 125, 20);
  EXPECT_EQ(c.of(e), 356);  // not yet
  c.learn(e, 125, 20);
  EXPECT_NEAR(c.of(e), 125 + 20, 1);
  EXPECT_NEAR(c.of({100, 50.0, 2}), 125 + 100, 1);
  // Towards more tokens at once, towards fewer slowly.
  c.learn(e, 250, 20);
  EXPECT_GT(c.of(e), 220);
  c.learn(e, 100, 20);
  EXPECT_GT(c.of(e), 200);
  for (int i = 0; i < 200; ++i) c.learn(e, 100, 20);
  EXPECT_NEAR(c.of(e), 120, 2);
}

TEST(TokenCalibration, NonsenseTeachesNothing) {
  TokenCalibration c;
  for (int i = 0; i < 20; ++i) c.learn({0, {}, 1}, 5, 5);
  for (int i = 0; i < 20; ++i) c.learn({10, {}, 1}, 0, 5);
  EXPECT_EQ(c.of({100, {}, 1}), 356);
  for (int i = 0; i < 20; ++i) c.learn({1, {}, 1}, 1'000'000, 5);
  EXPECT_LE(c.of({100, 0.0, 1}), 100 * 100);
}

}  // namespace
}  // namespace wattline::serve
