#include "policy/request.h"

#include <gtest/gtest.h>

#include "policy/document.h"

namespace wattline::policy {
namespace {

TEST(RequestTest, TheQueryIsTheLastUserMessage) {
  const Message messages[] = {{.role = Role::system, .text = "be brief"},
                              {.role = Role::user, .text = "one"},
                              {.role = Role::assistant, .text = "two"},
                              {.role = Role::user, .text = "three"},
                              {.role = Role::tool, .text = "42"}};
  RequestView r;
  EXPECT_EQ(r.query(), "");
  r.messages = messages;
  EXPECT_EQ(r.query(), "three");
  r.messages = std::span(messages).first(1);
  EXPECT_EQ(r.query(), "");
}

TEST(RequestTest, TokensAreEstimatedByParts) {
  Message m{.role = Role::user, .text = "12345"};
  RequestView r;
  r.messages = {&m, 1};
  EXPECT_EQ(estimate_tokens(r).prompt, 2 + 4);
  EXPECT_EQ(estimate_tokens(r, 2).prompt, 3 + 4);
  m.images = 1;
  m.tool_calls = 2;
  m.structured_bytes = 30;
  EXPECT_EQ(estimate_tokens(r).prompt, 2 + 4 + 8192 + 16 + 30);
  const Tool tool{"f", "does", 100};
  r.tools = {&tool, 1};
  EXPECT_EQ(estimate_tokens(r).prompt, 2 + 4 + 8192 + 16 + 30 + 108);
  r.max_output_tokens = -5;
  EXPECT_EQ(estimate_tokens(r).reserve, 0);
  r.max_output_tokens = 256;
  EXPECT_EQ(estimate_tokens(r).total(), estimate_tokens(r).prompt + 256);
}

TEST(DocumentTest, AnEntryLeadsToItsRecipe) {
  Document d;
  d.main.name = "";
  d.recipes.push_back({.name = "speed"});
  d.entries.push_back({{"auto/fast", "fast"}, "speed"});
  EXPECT_EQ(d.policy_for("fast").name, "speed");
  EXPECT_EQ(d.policy_for("auto").name, "");
}

TEST(DocumentTest, SignalTypesAreKnownByName) {
  ASSERT_NE(find_signal_type("keyword"), nullptr);
  EXPECT_FALSE(find_signal_type("keyword")->learned);
  EXPECT_TRUE(find_signal_type("embedding")->learned);
  EXPECT_EQ(find_signal_type("keywords"), nullptr);
}

}  // namespace
}  // namespace wattline::policy
