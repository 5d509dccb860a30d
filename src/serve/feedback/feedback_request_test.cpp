#include "serve/feedback/feedback_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

using ::testing::HasSubstr;

FeedbackAsk good(std::string_view body) {
  auto read = read_feedback(body);
  if (auto* e = std::get_if<ApiError>(&read)) {
    ADD_FAILURE() << e->message;
    return {};
  }
  return std::get<FeedbackAsk>(std::move(read));
}
std::string bad(std::string_view body, int status = 400) {
  auto read = read_feedback(body);
  if (auto* e = std::get_if<ApiError>(&read)) {
    EXPECT_EQ(e->status, status);
    return e->message;
  }
  ADD_FAILURE() << "taken: " << body;
  return {};
}

TEST(FeedbackRequest, AllVerdicts) {
  EXPECT_EQ(good(R"({"answer_id":"wl-1","rating":"up"})").verdict.quality, 1);
  EXPECT_TRUE(good(R"({"answer_id":"wl-1","rating":"down"})").verdict.negative());
  EXPECT_EQ(good(R"({"score":0.25,"answer_id":"wl-1"})").verdict.quality, 0.25);
  EXPECT_EQ(good(R"({"answer_id":"wl-1","score":1})").verdict.quality, 1);
  const auto label = good(R"({"answer_id":"wl-1","label":"underpowered"})").verdict;
  EXPECT_TRUE(label.told().underpowered);
  EXPECT_EQ(label.told().quality, 0);
  EXPECT_TRUE(good(R"({"answer_id":"wl-1","label":"overprovisioned"})").verdict.told().overprovisioned);
  EXPECT_TRUE(good(R"({"answer_id":"wl-1","label":"failed"})").verdict.told().failed);
  EXPECT_EQ(good(R"({"answer_id":"wl-1","better_than":"wl-2"})").verdict.better_than, "wl-2");
}

// A built-in model's reply has the answer's id behind what OpenAI begins its ids with.
TEST(FeedbackRequest, TheReplysIdIsTheAnswers) {
  EXPECT_EQ(good(R"({"answer_id":"chatcmpl-wl-1","rating":"up"})").answer_id, "wl-1");
}

TEST(FeedbackRequest, WhatCannotBeIsRefusedWithTheMend) {
  EXPECT_THAT(bad(R"({"rating":"up"})"), HasSubstr("answer_id"));
  EXPECT_THAT(bad(R"({"answer_id":"wl-1"})"), HasSubstr("rating, score, label"));
  EXPECT_THAT(bad(R"({"answer_id":"wl-1","rating":"up","score":1})"), HasSubstr("one is allowed"));
  EXPECT_THAT(bad(R"({"answer_id":"wl-1","rating":"sideways"})"), HasSubstr("\"up\" and \"down\""));
  EXPECT_THAT(bad(R"({"answer_id":"wl-1","rating":true})"), HasSubstr("true"));
  EXPECT_THAT(bad(R"({"answer_id":"wl-1","score":1.01})"), HasSubstr("0 to 1"));
  EXPECT_THAT(bad(R"({"answer_id":"wl-1","score":-1})"), HasSubstr("0 to 1"));
  EXPECT_THAT(bad(R"({"answer_id":"wl-1","score":"1"})"), HasSubstr("0 to 1"));
  EXPECT_THAT(bad(R"({"answer_id":"wl-1","label":"meh"})"), HasSubstr("underpowered"));
  EXPECT_THAT(bad(R"({"answer_id":"wl-1","better_than":"wl-1"})"), HasSubstr("itself"));
  EXPECT_THAT(bad(R"({"answer_id":"","rating":"up"})"), HasSubstr("0 bytes"));
  EXPECT_THAT(bad(R"({"answer_id":7,"rating":"up"})"), HasSubstr("no text"));
  EXPECT_THAT(bad(R"({"answer_id":"wl-1","answer_id":"wl-2","rating":"up"})"), HasSubstr("twice"));
  EXPECT_THAT(bad(R"({"answer_id":"wl-1","rating":"up","comment":"x"})"), HasSubstr("'comment' is not known"));
  EXPECT_THAT(bad("[]"), HasSubstr("object"));
  EXPECT_THAT(bad(""), HasSubstr("body"));
  EXPECT_THAT(bad("{"), HasSubstr("body"));
  EXPECT_THAT(bad(std::string(20'000, ' '), 413), HasSubstr("20000"));
}

}  // namespace
}  // namespace wattline::serve
