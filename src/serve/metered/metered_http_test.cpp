// An upstream that the agent of its machine measures: what its answers cost while the agent answers, and while not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"
#include "meter/agent/snapshot_json.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;

// `wattline agent` on a machine of 100 W, all of them idle power.
class FakeAgent {
 public:
  std::atomic<bool> answers{true};
  std::string family = "nvml";
  FakeUpstream server{[this](const FakeUpstream::Request& r, Connection& c) {
    if (!answers) return false;
    if (header_value(r.head, "authorization") != "Bearer agent-key") return c.send(reply("{}", "401 Unauthorized"));
    const Time now = Time::now();
    std::string text = reply(snapshot(now));
    text.insert(text.find("\r\n") + 2, "wattline-clock: " + std::to_string(now.ns) + "\r\n");
    return c.send(text);
  }};

 private:
  std::string snapshot(Time now) {
    const Duration since = now - started_;
    meter::Published p;
    p.host = "gpu-7";
    p.instance = "a";
    p.version = ++version_;
    p.interval = Duration(0.1);
    p.seen.started = started_;
    p.seen.now = now;
    p.seen.covered = since;
    const auto energy = Estimate<Energy>::relative(Power(100) * since, 0.02, Method::measured, "made up");
    meter::ComponentSeen c;
    c.info.component = "gpu-0";
    c.info.domain = meter::Domain::gpu;
    c.info.family = family;
    c.energy = energy;
    p.seen.components = {c};
    meter::DomainSeen d;
    d.domain = meter::Domain::gpu;
    d.how = "driver";
    d.energy = d.idle = energy;
    p.seen.domains = {d};
    return meter::snapshot_json(p);
  }
  const Time started_ = Time::now();
  std::atomic<std::uint64_t> version_{0};
};

constexpr std::string_view ask_llama =
    R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"max_tokens":8})";

struct MeteredGateway : TestGateway {
  FakeAgent agent;
  FakeUpstream upstream{[](const FakeUpstream::Request&, Connection& c) {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    return c.send(reply(R"({"id":"x","object":"chat.completion","choices":[{"index":0,"message":)"
                        R"({"role":"assistant","content":"Hello"},"finish_reason":"stop"}],)"
                        R"("usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}})"));
  }};
  MeteredGateway() {
    AgentConfig a;
    a.name = "gpu-7";
    a.url = agent.server.url();
    a.api_key = Secret("agent-key");
    a.interval = Duration(0.1);
    config.agents = {a};
    add_upstream(upstream.port()).metered.agent = "gpu-7";
  }
  // Asks until an answer is known as wanted.
  AnswerPtr ask_until(Method method, std::string_view source) {
    for (std::size_t n = 1; n <= 200; ++n) {
      EXPECT_EQ(chat(ask_llama).status, 200);
      const auto a = answer(n);
      if (!a) return nullptr;
      if (a->basis->energy.method == method && a->basis->energy.tail.find(source) != std::string::npos) return a;
    }
    return nullptr;
  }
};

TEST(MeteredHttp, AnswersAreChargedAsTheAgentMeasures) {
  MeteredGateway g;
  g.start();
  const auto a = g.ask_until(Method::measured, "agent gpu-7");
  ASSERT_TRUE(a);
  // 100 W, whatever this machine does meanwhile; an interval's ends are told through two clocks.
  EXPECT_GT(a->energy.value().base() / a->latency.base(), 40);
  EXPECT_LT(a->energy.value().base() / a->latency.base(), 250);
  EXPECT_GT(a->energy.sd().base(), 0);
  // A machine that is busy with others may let the agent wait for a moment: then it is not used for one.
  const auto at_some_time = [](auto&& holds) {
    for (int i = 0; i < 200; ++i) {
      if (holds()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  };
  EXPECT_TRUE(at_some_time([&] {
    const auto r = g.chat(ask_llama);
    return parse_json(r.body).at("usage").at("wattline").at("energy").at("method").as_string() == "measured";
  }));
  EXPECT_TRUE(at_some_time([&] {
    const Json status = parse_json(g.get("/api/v1/status").body);
    const Json& told = status.at("upstreams").as_array()[0].at("agent");
    return told.at("host").as_string() == "gpu-7" && told.at("used").as_bool() &&
           told.at("charged_j").as_number() > 0 && std::abs(told.at("power_w").as_number() - 100) < 25;
  }));
  EXPECT_TRUE(at_some_time([&] {
    return g.get("/metrics").body.find("wattline_upstream_agent_used{upstream=\"up0\"} 1") != std::string::npos;
  }));
  bool in_ledger = false;
  for (const auto& f : g.sink->facts()) in_ledger = in_ledger || f.energy.method() == Method::measured;
  EXPECT_TRUE(in_ledger);
}

TEST(MeteredHttp, WhileTheAgentIsSilentAnswersAreModelledAgain) {
  MeteredGateway g;
  std::mutex mutex;
  std::string said;
  g.parts.log = [&](std::string_view line) {
    std::lock_guard lock(mutex);
    said += std::string(line) + "\n";
  };
  g.start();
  ASSERT_TRUE(g.ask_until(Method::measured, "agent gpu-7"));
  g.agent.answers = false;
  const auto a = [&]() -> AnswerPtr {
    for (int i = 0; i < 300; ++i) {
      g.chat(ask_llama);
      const auto latest = g.gateway->recorder().answers().latest(1);
      if (!latest.empty() && latest[0]->basis->energy.method == Method::modelled) return latest[0];
    }
    return nullptr;
  }();
  ASSERT_TRUE(a);
  EXPECT_GT(a->energy.value().base(), 0) << "modelled, not nothing";
  const Json status = parse_json(g.get("/api/v1/status").body);
  EXPECT_FALSE(status.at("upstreams").as_array()[0].at("agent").at("used").as_bool());
  EXPECT_EQ(status.at("models").as_array()[1].at("energy_method").as_string(), "modelled");
  {
    std::lock_guard lock(mutex);
    EXPECT_THAT(said, HasSubstr("agent 'gpu-7' does not tell"));
    EXPECT_THAT(said, testing::Not(HasSubstr("agent-key")));
  }
  g.agent.answers = true;
  bool back = false;
  for (int i = 0; i < 300 && !back; ++i) {
    g.chat(ask_llama);
    const auto latest = g.gateway->recorder().answers().latest(1);
    back = !latest.empty() && latest[0]->basis->energy.method == Method::measured;
  }
  EXPECT_TRUE(back);
}

TEST(MeteredHttp, AnAgentThatModelsIsNoMeasurement) {
  MeteredGateway g;
  g.agent.family = "model";
  g.start();
  EXPECT_TRUE(g.ask_until(Method::modelled, "agent gpu-7"));
}

TEST(MeteredHttp, AKeyThatTheAgentRefusesIsSaid) {
  MeteredGateway g;
  g.config.agents[0].api_key = Secret("wrong");
  g.start();
  ASSERT_EQ(g.chat(ask_llama).status, 200);
  const auto a = g.answer();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->basis->energy.method, Method::modelled);
  std::string trouble;
  for (int i = 0; i < 500 && trouble.find("401") == std::string::npos; ++i) {
    trouble =
        parse_json(g.get("/api/v1/status").body).at("upstreams").as_array()[0].at("agent").at("trouble").as_string();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_THAT(trouble, HasSubstr("401"));
}

TEST(MeteredHttp, AReloadKeepsWhatTheAgentTold) {
  MeteredGateway g;
  g.start();
  ASSERT_TRUE(g.ask_until(Method::measured, "agent gpu-7"));
  auto parts = g.parts;
  parts.lasting = g.gateway->lasting();
  auto config = g.config;
  Gateway next(config, parts);
  EXPECT_EQ(next.upstreams()[0]->metered, g.gateway->upstreams()[0]->metered);
  config.agents[0].api_key = Secret("another");
  Gateway other(config, parts);
  EXPECT_NE(other.upstreams()[0]->agent, g.gateway->upstreams()[0]->agent);
}

}  // namespace
}  // namespace wattline::serve::tests
