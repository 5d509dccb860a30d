#include "serve/semantic/compatible.h"

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

CompatibleRequest read(std::string_view body, bool by_user = false) { return compatible_request(body, by_user, 1); }

constexpr std::string_view plain =
    R"({"model":"m","messages":[{"role":"system","content":"Be short."},{"role":"user","content":"What is \"it\"?\n\u00e9"}],"temperature":0.5})";

TEST(Compatible, TakesTheQuestionOut) {
  const auto r = read(plain);
  EXPECT_EQ(r.why_not, "");
  EXPECT_EQ(r.question, "What is \"it\"?\n\u00e9");
  EXPECT_EQ(r.scope.find("What is"), std::string::npos);
  EXPECT_NE(r.scope.find("Be short."), std::string::npos);
  EXPECT_EQ(r.temperature, 0.5);
  EXPECT_FALSE(r.later_turn);
  EXPECT_FALSE(r.stream);
}

TEST(Compatible, WhatIsAskedDoesNotMatterAndHowDoes) {
  const auto scope = [](std::string_view body) { return read(body).scope; };
  const std::string one = scope(R"({"model":"m","messages":[{"role":"user","content":"a"}]})");
  EXPECT_EQ(one, scope(R"({"messages":[{"content":"b","role":"user"}], "model":"m", "metadata":{"a":1},"user":"u"})"));
  EXPECT_EQ(one, scope(R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"b"}]}]})"));
  for (const char* other : {
           R"({"model":"n","messages":[{"role":"user","content":"a"}]})",
           R"({"model":"m","messages":[{"role":"user","content":"a"}],"stream":true})",
           R"({"model":"m","messages":[{"role":"user","content":"a"}],"temperature":0})",
           R"({"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":5})",
           R"({"model":"m","messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_object"}})",
           R"({"model":"m","messages":[{"role":"user","content":"a"}],"nobody_knows":1})",
           R"({"model":"m","messages":[{"role":"user","name":"bob","content":"a"}]})",
           R"({"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"a"}]})",
       })
    EXPECT_NE(one, scope(other)) << other;
  EXPECT_NE(read(R"({"messages":[{"role":"user","content":"a"}],"user":"u"})", true).scope,
            read(R"({"messages":[{"role":"user","content":"a"}],"user":"v"})", true).scope);
}

TEST(Compatible, EarlierTurnsCount) {
  const auto r = read(
      R"({"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"},{"role":"user","content":"z"}]})");
  EXPECT_TRUE(r.later_turn);
  EXPECT_EQ(r.question, "z");
  EXPECT_NE(r.scope.find("\"y\""), std::string::npos);
  EXPECT_FALSE(read(R"({"messages":[{"role":"developer","content":"x"},{"role":"user","content":"z"}]})").later_turn);
}

TEST(Compatible, SaysWhyNot) {
  for (const char* body : {
           "",
           "[]",
           "{",
           R"({"messages":[]})",
           R"({"model":"m"})",
           R"({"messages":[{"role":"assistant","content":"a"}]})",
           R"({"messages":[{"role":"user"}]})",
           R"({"messages":[{"role":"user","content":7}]})",
           R"({"messages":["a"]})",
           R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:"}}]}]})",
           R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]})",
           R"({"messages":[{"role":"tool","content":"a","tool_call_id":"1"}]})",
           R"({"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function"}]})",
           R"({"messages":[{"role":"user","content":"a"}],"functions":[{}]})",
           R"({"messages":[{"role":"user","content":"a"}],"store":true})",
           R"({"messages":[{"role":"user","content":"a"}],"web_search_options":{}})",
           R"({"messages":[{"role":"user","content":"a","content":"b"}]})",
           R"({"model":"m","model":"n","messages":[{"role":"user","content":"a"}]})",
       })
    EXPECT_NE(read(body).why_not, "") << body;
  // Tools that are none are none.
  EXPECT_EQ(read(R"({"messages":[{"role":"user","content":"a"}],"tools":[],"functions":null})").why_not, "");
}

}  // namespace
}  // namespace wattline::serve
