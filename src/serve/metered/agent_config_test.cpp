#include "serve/metered/agent_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/config.h"

namespace wattline::serve {
namespace {

using ::testing::HasSubstr;

ConfigReading read(const std::string& toml) {
  auto r = read_config(toml, "gateway.toml", [](const std::string& name) {
    return name == "AGENT_KEY" ? std::optional<std::string>("s3cret-of-agent") : std::nullopt;
  });
  for (auto& e : check_whole(r.config)) r.faults.push_back(std::move(e));
  return r;
}
std::string faults(const std::string& toml) {
  std::string out;
  for (const auto& e : read(toml).faults)
    out += e.where() + ": " + e.message() + (e.hint().empty() ? "" : "; " + e.hint()) + "\n";
  return out;
}

const std::string agent =
    "[[agent]]\nname = \"gpu-7\"\nurl = \"https://gpu-7.lan:9460/\"\napi_key_env = \"AGENT_KEY\"\n";
std::string upstream(const std::string& inline_table) {
  return "[[upstream]]\nname = \"vllm\"\nurl = \"https://gpu-7.lan/v1\"\ndevice = \"NVIDIA H100 SXM\"\n"
         "models = [\"llama-3.1-8b\"]\nagent = " +
         inline_table + "\n";
}

TEST(AgentConfig, AnUpstreamNamesItsAgentAndWhatWorksForIt) {
  const auto r = read(agent + "interval = \"500 ms\"\n" +
                      upstream(R"({ name = "gpu-7", components = ["gpu-1", "gpu-0"], idle = "nobody" })"));
  ASSERT_TRUE(r.faults.empty()) << r.faults[0].what();
  ASSERT_EQ(r.config.agents.size(), 1u);
  EXPECT_EQ(r.config.agents[0].url, "https://gpu-7.lan:9460");
  EXPECT_EQ(r.config.agents[0].api_key.reveal(), "s3cret-of-agent");
  EXPECT_EQ(r.config.agents[0].interval.base(), 0.5);
  const auto& m = r.config.upstreams[0].metered;
  EXPECT_EQ(m.agent, "gpu-7");
  EXPECT_THAT(m.selection.components, testing::ElementsAre("gpu-0", "gpu-1"));
  EXPECT_FALSE(m.selection.idle);
}

TEST(AgentConfig, AConsumerIsALevelAndAName) {
  const auto r = read(agent + upstream(R"({ name = "gpu-7", consumer = "container:vllm:prod" })"));
  ASSERT_TRUE(r.faults.empty()) << r.faults[0].what();
  EXPECT_EQ(r.config.upstreams[0].metered.selection.level, "container");
  EXPECT_EQ(r.config.upstreams[0].metered.selection.consumer, "vllm:prod");
  EXPECT_TRUE(r.config.upstreams[0].metered.selection.idle);
  for (const char* wrong : {"vllm", "container:", ":vllm", "box:vllm"})
    EXPECT_THAT(faults(agent + upstream(std::string(R"({ name = "gpu-7", consumer = ")") + wrong + "\" }")),
                HasSubstr("of the levels process, container"))
        << wrong;
}

TEST(AgentConfig, WhatDoesNotFitIsSaid) {
  EXPECT_THAT(faults(agent + upstream(R"({ name = "gpu-8" })")), HasSubstr("gpu-7"));
  EXPECT_THAT(faults(upstream(R"({ name = "gpu-8" })")), HasSubstr("there is no [[agent]]"));
  EXPECT_THAT(faults(agent + upstream("{ }")), HasSubstr("the name of an [[agent]]"));
  EXPECT_THAT(faults(agent + upstream(R"({ name = "gpu-7", consumer = "user:a", components = ["gpu-0"] })")),
              HasSubstr("beside consumer"));
  EXPECT_THAT(faults(agent + upstream(R"({ name = "gpu-7", idle = "all" })")), HasSubstr("while_busy"));
  EXPECT_THAT(faults(agent + agent), HasSubstr("another agent too"));
  EXPECT_THAT(faults("[[agent]]\nname = \"a\"\n"), HasSubstr("is missing"));
  EXPECT_THAT(faults("[[agent]]\nname = \"a\"\nurl = \"https://a/metrics\"\n"), HasSubstr("is no URL of an agent"));
  EXPECT_THAT(faults("[[agent]]\nname = \"a\"\nurl = \"https://a\"\ninterval = \"1 ms\"\n"), HasSubstr("interval"));
  EXPECT_THAT(faults("[[agent]]\nname = \"a\"\nurl = \"https://a\"\nport = 1\n"), HasSubstr("port"));
}

TEST(AgentConfig, NoJouleIsChargedTwice) {
  const auto second = [&](const std::string& table) {
    std::string text = upstream(table);
    text.replace(text.find("vllm"), 4, "other");
    return text;
  };
  const std::string whole = R"({ name = "gpu-7" })", board = R"({ name = "gpu-7", components = ["gpu-0"] })";
  EXPECT_EQ(faults(agent + upstream(board) + second(board)), "") << "they share";
  EXPECT_EQ(faults(agent + upstream(board) + second(R"({ name = "gpu-7", components = ["gpu-1"] })")), "");
  EXPECT_EQ(faults(agent + upstream(R"({ name = "gpu-7", consumer = "container:a" })") +
                   second(R"({ name = "gpu-7", consumer = "container:b" })")),
            "");
  EXPECT_THAT(faults(agent + upstream(board) + second(whole)), HasSubstr("the same joules"));
  EXPECT_THAT(
      faults(agent + upstream(board) + second(R"({ name = "gpu-7", components = ["gpu-0"], idle = "nobody" })")),
      HasSubstr("the same joules"));
  EXPECT_THAT(faults(agent + upstream(board) + second(R"({ name = "gpu-7", consumer = "container:b" })")),
              HasSubstr("the same joules"));
  std::string again = agent;
  again.replace(again.find("gpu-7"), 5, "gpu-8");
  EXPECT_THAT(faults(agent + again), HasSubstr("have one url"));
}

TEST(AgentConfig, AKeyNeverTravelsReadablyAndIsNeverTold) {
  const std::string told =
      faults("[[agent]]\nname = \"a\"\nurl = \"http://far.lan:9460\"\napi_key_env = \"AGENT_KEY\"\n");
  EXPECT_THAT(told, HasSubstr("use https://"));
  EXPECT_THAT(told, testing::Not(HasSubstr("s3cret")));
  EXPECT_EQ(faults("[[agent]]\nname = \"a\"\nurl = \"http://127.0.0.1:9460\"\napi_key_env = \"AGENT_KEY\"\n"), "");
}

}  // namespace
}  // namespace wattline::serve
