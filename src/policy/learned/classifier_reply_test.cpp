#include "policy/learned/classifier_reply.h"

#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline::policy {
namespace {

TEST(ClassifierReplyTest, AllForms) {
  for (const char* text :
       {R"({"label":"toxic","score":0.9})", R"({"class":"toxic","probability":0.9})",
        R"({"labels":[{"label":"ok","score":0.1},{"label":"toxic","score":0.9}]})",
        R"({"predictions":[{"category":"toxic","confidence":0.9}]})", R"({"scores":{"ok":0.1,"toxic":0.9}})",
        R"({"probabilities":{"toxic":0.9}})", R"([{"label":"toxic","score":0.9}])",
        R"([[{"label":"ok","score":0.1},{"label":"toxic","score":0.9}]])"}) {
    const auto read = read_classifier_reply(text, "http://c");
    EXPECT_EQ(score_of(read, "toxic"), 0.9) << text;
    EXPECT_EQ(score_of(read, "other"), 0) << text;
  }
}

TEST(ClassifierReplyTest, WhatIsNoReplyIsAnError) {
  for (const char* text :
       {"", "{", "3", "[]", "[[]]", "{}", R"({"label":"toxic"})", R"({"score":1})", R"({"label":7,"score":1})",
        R"({"label":"toxic","score":1.5})", R"({"label":"toxic","score":-0.1})", R"({"label":"toxic","score":"0.9"})",
        R"({"label":"","score":1})", R"({"labels":[]})", R"({"labels":[{"label":"a","score":1},3]})",
        R"({"scores":{}})", R"({"scores":{"a":2}})", R"([[[{"label":"a","score":1}]]])"})
    EXPECT_THROW(read_classifier_reply(text, "http://c"), Error) << text;
}

}  // namespace
}  // namespace wattline::policy
