#include "policy/plugins/tool_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "policy/plugins/plugins_testing.h"
#include "text/hashed_ngrams.h"

namespace wattline::policy {
namespace {

using ::testing::HasSubstr;
using tests::draft;
using tests::said;

constexpr auto never = [] { return 0.999; };

ToolKnowledge& fresh(std::unique_ptr<ToolKnowledge>& held) {
  held = std::make_unique<ToolKnowledge>(std::make_shared<text::HashedNgrams>());
  return *held;
}

std::string tool(const std::string& name, const std::string& description) {
  return R"({"type":"function","function":{"name":")" + name + R"(","description":")" + description +
         R"(","parameters":{"type":"object"}}})";
}
// Ten tools, two of which say what they are for.
std::string ten() {
  std::string out = "[" + tool("get_weather", "Forecast of rain, snow and temperature for a city") + "," +
                    tool("send_money", "Transfers euros from your account");
  for (int i = 0; i < 8; ++i)
    out += "," + tool("other_" + std::to_string(i), "Something about topic " + std::to_string(i));
  return out + "]";
}
Draft with(std::string tools, std::string query) {
  Draft d = draft({{Role::user, std::move(query)}});
  d.members.push_back({"tools", std::move(tools)});
  return d;
}
std::vector<std::string> names(const Draft& d) {
  std::vector<std::string> out;
  for (const auto& m : d.members) {
    if (m.name != "tools") continue;
    const Json list = parse_json(m.value);
    for (const Json& t : list.as_array()) out.push_back(t.at("function").at("name").as_string());
  }
  return out;
}
bool has(const Draft& d, const std::string& name) {
  const auto all = names(d);
  return std::find(all.begin(), all.end(), name) != all.end();
}

TEST(ToolSelectionTest, TheBestStayInTheirOrder) {
  std::unique_ptr<ToolKnowledge> k;
  Draft d = with(ten(), "What is the temperature in this city, will it rain?");
  const auto done = ToolSelection{.keep = 2}.apply(d, fresh(k), "ann", never);
  EXPECT_EQ(done.tools, 10u);
  EXPECT_EQ(done.kept, 2u);
  EXPECT_EQ(names(d)[0], "get_weather");
  EXPECT_EQ(done.dropped.size(), 8u);
  EXPECT_LT(done.bytes_after, done.bytes_before / 3);
  EXPECT_EQ(d.members[0].state, DraftMember::State::changed);
  EXPECT_THAT(done.describe(), HasSubstr("2 of 10 tools"));
  // A definition that stays is what it was.
  EXPECT_EQ(parse_json(d.members[0].value).as_array()[0], parse_json(ten()).as_array()[0]);
}

TEST(ToolSelectionTest, BelowASizeNothingHappens) {
  std::unique_ptr<ToolKnowledge> k;
  Draft d = with(ten(), "Will it rain?");
  const std::string before = d.members[0].value;
  EXPECT_EQ(ToolSelection({.keep = 2, .min_tools = 11}).apply(d, fresh(k), "ann", never).kept, 10u);
  EXPECT_EQ(ToolSelection({.keep = 10}).apply(d, *k, "ann", never).kept, 10u);
  EXPECT_EQ(d.members[0].value, before);
  EXPECT_EQ(d.members[0].state, DraftMember::State::kept);
}

TEST(ToolSelectionTest, WhatToolChoiceNamesAndWhatWasCalledStays) {
  std::unique_ptr<ToolKnowledge> k;
  Draft d = with(ten(), "Will it rain in the city?");
  d.members.push_back({"tool_choice", R"({"type":"function","function":{"name":"other_7"}})"});
  DraftMessage call = said(Role::assistant, "");
  call.calls_tools = true;
  call.called = {"other_3"};
  d.messages.insert(d.messages.begin(), call);
  const auto done = ToolSelection{.keep = 1}.apply(d, fresh(k), "ann", never);
  EXPECT_EQ(done.kept, 3u);
  EXPECT_TRUE(has(d, "get_weather") && has(d, "other_7") && has(d, "other_3"));
}

TEST(ToolSelectionTest, WhereAToolMustBeCalledAllStay) {
  std::unique_ptr<ToolKnowledge> k;
  for (const char* choice : {"\"required\"", "\"any\"", "{broken", R"({"type":"allowed_tools"})"}) {
    Draft d = with(ten(), "Will it rain?");
    d.members.push_back({"tool_choice", choice});
    EXPECT_EQ(ToolSelection{.keep = 1}.apply(d, fresh(k), "ann", never).kept, 10u) << choice;
  }
  Draft d = with(ten(), "Will it rain?");
  d.members.push_back({"tool_choice", "\"auto\""});
  EXPECT_EQ(ToolSelection{.keep = 1}.apply(d, fresh(k), "ann", never).kept, 1u);
}

TEST(ToolSelectionTest, OddListsAreLeftAlone) {
  std::unique_ptr<ToolKnowledge> k;
  for (const char* tools : {"", "{", "3", "{}", "null"}) {
    Draft d = with(tools, "Will it rain?");
    EXPECT_EQ(ToolSelection{.keep = 1}.apply(d, fresh(k), "ann", never).kept, 0u) << tools;
    EXPECT_EQ(d.members[0].value, tools);
  }
  Draft none = draft({{Role::user, "Hi"}});
  EXPECT_EQ(ToolSelection{}.apply(none, fresh(k), "ann", never).tools, 0u);
  Draft nobody = with(ten(), "");
  EXPECT_EQ(ToolSelection{.keep = 1}.apply(nobody, fresh(k), "ann", never).kept, 10u);
  // What has no name, such as a provider's own tool, stays.
  Draft own = with(R"([{"type":"web_search"},3,null)" + std::string(",") + ten().substr(1), "Will it rain?");
  EXPECT_EQ(ToolSelection{.keep = 1}.apply(own, fresh(k), "ann", never).kept, 4u);
}

// An encoder of another server that is gone: all tools stay, and nothing is learned.
TEST(ToolSelectionTest, WithoutItsEncoderAllStay) {
  struct Gone final : text::Encoder {
    std::string_view name() const override { return "gone"; }
    std::size_t width() const override { return 4; }
    std::string_view fingerprint() const override { return "gone"; }
    std::string_view limits() const override { return "none"; }
    text::EncodeFacts encode(std::string_view, std::span<float>) const override { throw world_error("gone"); }
    text::EncodeFacts encode_tokens(std::string_view, std::vector<float>&) const override { throw world_error("gone"); }
  };
  ToolKnowledge k(std::make_shared<Gone>());
  Draft d = with(ten(), "Will it rain?");
  EXPECT_EQ(ToolSelection{.keep = 1}.apply(d, k, "ann", never).kept, 10u);
  d.messages.push_back(said(Role::tool, "42"));
  learn_from_results(d, k, "ann");
  EXPECT_EQ(k.tools(), 0u);
}

TEST(ToolSelectionTest, NowAndThenAllAreSent) {
  std::unique_ptr<ToolKnowledge> k;
  Draft d = with(ten(), "Will it rain?");
  const auto done = ToolSelection{.keep = 1}.apply(d, fresh(k), "ann", [] { return 0.01; });
  EXPECT_TRUE(done.explored);
  EXPECT_EQ(done.kept, 10u);
  EXPECT_EQ(ToolSelection({.keep = 1, .explore = 0}).apply(d, *k, "ann", [] { return 0.0; }).kept, 1u);
}

// A loop: the question, the call, its result; with `error` the result says that it failed.
Draft loop(const std::string& query, const std::string& called, bool error = false) {
  Draft d = with(ten(), query);
  DraftMessage call = said(Role::assistant, "");
  call.calls_tools = true;
  call.called = {called};
  d.messages.push_back(call);
  DraftMessage result = said(Role::tool, "42");
  result.is_error = error;
  d.messages.push_back(result);
  return d;
}

TEST(ToolSelectionTest, WhatServedIsFoundAgain) {
  std::unique_ptr<ToolKnowledge> k;
  fresh(k);
  const ToolSelection select{.keep = 1};
  // Nothing in the tool's text says that it is for umbrellas.
  Draft before = with(ten(), "Do I need an umbrella tomorrow?");
  select.apply(before, *k, "ann", never);
  EXPECT_FALSE(has(before, "other_5"));
  for (int i = 0; i < 5; ++i)
    learn_from_results(loop("Do I need my umbrella on day " + std::to_string(i) + "?", "other_5"), *k, "ann");
  Draft after = with(ten(), "Do I need an umbrella tomorrow?");
  select.apply(after, *k, "ann", never);
  EXPECT_TRUE(has(after, "other_5"));
  // What one owner's requests taught is nobody else's.
  Draft other = with(ten(), "Do I need an umbrella tomorrow?");
  select.apply(other, *k, "bob", never);
  EXPECT_FALSE(has(other, "other_5"));
  EXPECT_EQ(k->forget("ann"), 1u);
  Draft again = with(ten(), "Do I need an umbrella tomorrow?");
  select.apply(again, *k, "ann", never);
  EXPECT_FALSE(has(again, "other_5"));
}

TEST(ToolSelectionTest, WhatFailedIsPushedAway) {
  std::unique_ptr<ToolKnowledge> k;
  fresh(k);
  const std::vector<std::string> texts = {"other 5: Something about topic 5"};
  const float before = k->scores("ann", "Something about topic 9", texts)[0];
  for (int i = 0; i < 10; ++i) learn_from_results(loop("Something about topic 9", "other_5", true), *k, "ann");
  EXPECT_LT(k->scores("ann", "Something about topic 9", texts)[0], before);
}

TEST(ToolSelectionTest, OnlyALoopsNewestResultsTeach) {
  std::unique_ptr<ToolKnowledge> k;
  fresh(k);
  Draft over = loop("Will it rain?", "other_5");
  over.messages.push_back(said(Role::assistant, "It will."));
  learn_from_results(over, *k, "ann");
  learn_from_results(loop("Will it rain?", "no_such_tool"), *k, "ann");
  learn_from_results(loop("Will it rain?", "other_5"), *k, "");
  learn_from_results(draft({}), *k, "ann");
  learn_from_results(draft({{Role::tool, "42"}}), *k, "ann");
  EXPECT_EQ(k->tools(), 0u);
}

TEST(ToolSelectionTest, KnowledgeIsBounded) {
  ToolKnowledge k(std::make_shared<text::HashedNgrams>(), {.texts = 4, .tools = 3});
  for (int i = 0; i < 20; ++i) k.served("ann", "query " + std::to_string(i), "tool " + std::to_string(i));
  EXPECT_EQ(k.tools(), 3u);
  const std::vector<std::string> texts = {"tool 19", "tool 1", "tool 2", "tool 3", "tool 4", "tool 5"};
  EXPECT_EQ(k.scores("ann", "query 19", texts).size(), 6u);
}

TEST(ToolSelectionTest, SettingsAreReadByBothNames) {
  std::vector<Finding> findings;
  const Json ours = parse_json(R"({"keep":3,"min_tools":20,"explore":0.1})"), theirs = parse_json(R"({"top_k":4})"),
             bad = parse_json(R"({"keep":0})");
  Settings a(ours, "plugin", "p:1", findings), b(theirs, "plugin", "p:2", findings);
  EXPECT_EQ(ToolSelection::read(a).keep, 3u);
  EXPECT_EQ(ToolSelection::read(b).keep, 4u);
  EXPECT_TRUE(findings.empty());
  Settings c(bad, "plugin", "p:3", findings);
  ToolSelection::read(c);
  EXPECT_TRUE(has_errors(findings));
}

}  // namespace
}  // namespace wattline::policy
