// Tool selection on a request's own body: what leaves, and what the next request of the loop teaches.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"
#include "serve/plugins/active_plugins.h"
#include "serve/plugins/plugin_memory.h"
#include "serve/plugins/request_draft.h"

namespace wattline::serve {
namespace {

using ::testing::HasSubstr;

std::string tools(int n) {
  std::string out = "[";
  for (int i = 0; i < n; ++i) {
    const std::string description =
        i == 3 ? "Forecast of rain, snow and temperature for a city" : "Something else " + std::to_string(i);
    out += std::string(i ? "," : "") + R"({"type":"function","function":{"name":"tool_)" + std::to_string(i) +
           R"(","description":")" + description + R"("}})";
  }
  return out + "]";
}
std::string question(const std::string& text) { return R"({"role":"user","content":")" + text + R"("})"; }
std::string body_of(const std::string& messages, int n, const std::string& more = "") {
  return R"({"model":"auto","messages":[)" + messages + R"(],"tools":)" + tools(n) + more + "}";
}
std::string called(const std::string& name, bool error = false) {
  return R"({"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":")" + name +
         R"(","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"42")" +
         (error ? R"(,"is_error":true)" : "") + "}";
}

struct Live {
  policy::PluginSet set;
  PluginMemory memory;
  Live() { set.tool_selection = policy::ToolSelection{.keep = 2, .min_tools = 6, .explore = 0}; }
  // Names of the tools that are sent.
  std::vector<std::string> sent(const std::string& body, const std::string& owner = "lab/ann") {
    ActivePlugins active(set, owner, memory);
    active.on_request(body);
    const Json out = parse_json(active.body().empty() ? body : active.body());
    std::vector<std::string> names;
    for (const auto& t : out.at("tools").as_array()) names.push_back(t.at("function").at("name").as_string());
    return names;
  }
  bool sends(const std::string& body, const std::string& name) {
    const auto all = sent(body);
    return std::find(all.begin(), all.end(), name) != all.end();
  }
};

TEST(ToolsLive, OfManyToolsTheBestAreSentAndTheRestIsByteForByte) {
  Live l;
  const std::string body =
      body_of(question("What is the temperature in this city, will it rain?"), 12, R"(,"seed":1.50)");
  EXPECT_EQ(l.sent(body).size(), 2u);
  EXPECT_TRUE(l.sends(body, "tool_3"));
  ActivePlugins active(l.set, "lab/ann", l.memory);
  active.on_request(body);
  EXPECT_THAT(active.body(), HasSubstr(R"("messages":[{"role":"user","content":"What is)"));
  EXPECT_THAT(active.body(), HasSubstr(R"("seed":1.50)"));
  const auto told = active.told(RouteTold{});
  EXPECT_GT(told->cpu.base(), 0);
}

TEST(ToolsLive, WhatMustStayStays) {
  Live l;
  EXPECT_EQ(l.sent(body_of(question("Will it rain?"), 5)).size(), 5u);
  EXPECT_EQ(l.sent(body_of(question("Will it rain?"), 12, R"(,"tool_choice":"required")")).size(), 12u);
  EXPECT_TRUE(l.sends(
      body_of(question("Will it rain?"), 12, R"(,"tool_choice":{"type":"function","function":{"name":"tool_9"}})"),
      "tool_9"));
  EXPECT_TRUE(l.sends(body_of(question("Will it rain?") + "," + called("tool_7"), 12), "tool_7"));
}

TEST(ToolsLive, TheNextRequestOfALoopTeachesForItsKeyAlone) {
  Live l;
  const std::string asked = body_of(question("Do I need an umbrella tomorrow?"), 12);
  EXPECT_FALSE(l.sends(asked, "tool_8"));
  for (int i = 0; i < 6; ++i)
    l.sent(body_of(question("Do I need my umbrella on day " + std::to_string(i) + "?") + "," + called("tool_8"), 12));
  EXPECT_TRUE(l.sends(asked, "tool_8"));
  const auto others = l.sent(asked, "lab/bob");
  EXPECT_TRUE(std::find(others.begin(), others.end(), "tool_8") == others.end());
  l.memory.forget_tools("lab/ann");
  EXPECT_FALSE(l.sends(asked, "tool_8"));
}

TEST(ToolsLive, CallsAndErrorsAreRead) {
  const RequestDraft d(body_of(question("Hi") + "," + called("tool_1", true), 2));
  ASSERT_EQ(d.draft.messages.size(), 3u);
  EXPECT_EQ(d.draft.messages[1].called, (std::vector<std::string>{"tool_1"}));
  EXPECT_TRUE(d.draft.messages[2].is_error);
  const RequestDraft odd(
      R"({"messages":[{"role":"assistant","tool_calls":[{"function":{"name":7}},3,{}]},{"is_error":"yes"}]})");
  EXPECT_TRUE(odd.draft.messages[0].called.empty());
  EXPECT_FALSE(odd.draft.messages[1].is_error);
}

}  // namespace
}  // namespace wattline::serve
