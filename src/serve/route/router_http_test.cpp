// Virtual models through the door: who answers and what is told of it.
#include <atomic>
#include <cmath>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/testing.h"
#include "serve/api_key.h"
#include "serve/route/router_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RouterHttp, TheChosenModelAnswersAndSaysWhy) {
  TwoModels g;
  g.router().settings.set("min_quality", 0.97);
  g.start();
  const auto r = g.chat(ask_auto);
  ASSERT_EQ(r.status, 200) << r.body;
  EXPECT_EQ(parse_json(r.body).at("model").as_string(), "second");
  EXPECT_EQ(r.header("x-wattline-model"), "second");
  EXPECT_EQ(r.header("x-wattline-router"), "auto");
  EXPECT_EQ(r.header("x-wattline-decision"), "auto");
  EXPECT_EQ(r.header("x-wattline-algorithm"), "cheapest_adequate");
  EXPECT_THAT(r.header("x-wattline-reason"), HasSubstr("adequate"));
  const auto a = g.answer();
  ASSERT_TRUE(a && a->route);
  EXPECT_GT(a->routing.base(), 0);
  // What choosing cost is part of the answer.
  EXPECT_NEAR((a->prefill + a->decode + a->routing).base(), a->joules.value, 1e-9 * a->joules.value);
  ASSERT_EQ(a->route->considered.size(), 2u);
  EXPECT_EQ(a->route->propensity, 1);
  const Json listed = parse_json(g.get("/api/v1/answers").body).at("answers").as_array()[0];
  EXPECT_EQ(listed.at("route").at("considered").as_array().size(), 2u);
}

TEST(RouterHttp, BeforeAnAnswerWasSeenTheSmallerIsExpectedToCostLess) {
  TwoModels g;
  g.start();
  EXPECT_EQ(g.chat(ask_auto).header("x-wattline-model"), "babbler");
  const auto a = g.answer();
  ASSERT_TRUE(a && a->route);
  ASSERT_EQ(a->route->considered.size(), 2u);
  EXPECT_GT(a->route->considered[1].joules, 2 * a->route->considered[0].joules);
}

TEST(RouterHttp, AModelThatIsNamedIsNotRouted) {
  TwoModels g;
  g.start();
  const auto r = g.chat(R"({"model":"babbler","messages":[{"role":"user","content":"Hi"}],"max_tokens":8})");
  ASSERT_EQ(r.status, 200) << r.body;
  EXPECT_EQ(r.header("x-wattline-router"), "");
  EXPECT_FALSE(g.answer()->route);
}

TEST(RouterHttp, AStreamIsRoutedToo) {
  TwoModels g;
  g.start();
  const auto r = g.chat(ask_auto_stream);
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r.header("x-wattline-router"), "auto");
  EXPECT_TRUE(r.body.ends_with("data: [DONE]\n\n")) << r.body;
}

TEST(RouterHttp, WhoCanNotServeARequestIsNeverChosen) {
  TwoModels g;
  g.start();
  const auto r = g.chat(
      R"({"model":"auto","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f"}}]})");
  EXPECT_EQ(r.status, 503) << r.body;
  EXPECT_THAT(r.body, HasSubstr("no_route"));
}

TEST(RouterHttp, AKeyThatMayNotUseAModelIsNotRoutedToIt) {
  TwoModels g;
  g.router().settings.set("min_quality", 0.97);  // of the second alone
  TenantConfig lab;
  lab.name = "lab";
  g.config.governance.tenants = {lab};
  for (const char* id : {"all", "first"}) {
    KeyConfig k;
    k.id = id;
    k.tenant = "lab";
    k.digest = sha256(std::string("wl_") + id);
    if (k.id == "first") k.models = {"babbler", "auto"};
    g.config.governance.keys.push_back(k);
  }
  g.start();
  const auto asked_by = [&](const std::string& key) {
    Client c(g.port());
    c.post("/v1/chat/completions", ask_auto, "authorization: Bearer wl_" + key + "\r\n");
    return c.read();
  };
  EXPECT_EQ(asked_by("all").header("x-wattline-model"), "second");
  EXPECT_EQ(asked_by("first").header("x-wattline-model"), "babbler");
}

TEST(RouterHttp, FaultsOfTheConfigurationAreSaid) {
  TwoModels g;
  g.router().candidates.push_back({"nobody", 0.5, "serve.toml:9"});
  try {
    g.start();
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("nobody"));
    EXPECT_THAT(e.what(), HasSubstr("serve.toml:9"));
  }
  TwoModels twice;
  twice.router().id = "babbler";
  EXPECT_THROW(twice.start(), Error);
  TwoModels unknown;
  unknown.router().algorithm = "cheepest_adequate";
  EXPECT_THROW(unknown.start(), Error);
}

TEST(RouterHttp, RoutersAreListedAsModels) {
  TwoModels g;
  g.start();
  EXPECT_THAT(g.get("/v1/models").body, HasSubstr("\"auto\""));
}

TEST(RouterHttp, OddRequestsAreAnsweredOrRefusedAsTheyWouldBe) {
  TwoModels g;
  g.start();
  EXPECT_EQ(g.chat(R"({"model":"auto","messages":[{"role":"user","content":""}]})").status, 200);
  EXPECT_EQ(g.chat(R"({"model":"auto"})").status, 400);
  const std::string big =
      R"({"model":"auto","messages":[{"role":"user","content":")" + std::string(5000, 'x') + "\"}]}";
  EXPECT_EQ(g.chat(big).status, 503);  // too long for both
  EXPECT_EQ(g.chat(ask_auto).status, 200);
}

// A file with rules, for as long as a test.
struct PolicyFile {
  explicit PolicyFile(std::string_view text) { std::ofstream(path()) << text; }
  std::string path() const { return dir.path() / "policy.toml"; }
  wattline::tests::ScratchDir dir;
};

TEST(RouterHttp, RulesSeeTheGridWhereTheGatewayStands) {
  const PolicyFile rules(R"(
    [[signal]]
    type = "carbon"
    name = "dirty"
    predicate = { gte = 400 }
    [[signal]]
    type = "price"
    name = "dear"
    predicate = { gte = 0.5 }
    [[decision]]
    name = "spare"
    priority = 9
    when = 'carbon("dirty") or price("dear")'
    models = ["babbler"]
    [[decision]]
    name = "rest"
    models = ["second"])");
  const auto model_at = [&](const std::string& place, double usd_per_kwh) {
    TwoModels g;
    g.router().policy = rules.path();
    g.config.server.place = place;
    g.config.grid.usd_per_kwh = usd_per_kwh;
    g.start();
    EXPECT_THAT(g.get("/api/v1/status").body, HasSubstr("\"g_per_kwh\""));
    return g.chat(ask_auto).header("x-wattline-model");
  };
  EXPECT_EQ(model_at("FR", 0.1), "second");
  EXPECT_EQ(model_at("FR", 0.6), "babbler");
  EXPECT_EQ(model_at("PL", 0.1), "babbler");
  EXPECT_EQ(model_at("FR", NAN), "second") << "what is not known does not match";
}

TEST(RouterHttp, RulesSeeWhoAsksAndWhatIsLeftOfTheBudget) {
  const PolicyFile rules(R"(
    [[signal]]
    type = "authz"
    name = "experts"
    role = "expert"
    [[signal]]
    type = "budget"
    name = "scarce"
    predicate = { lt = 0.5 }
    [[decision]]
    name = "careful"
    priority = 9
    when = 'budget("scarce")'
    models = ["babbler"]
    [[decision]]
    name = "expert"
    priority = 5
    when = 'authz("experts")'
    models = ["second"]
    [[decision]]
    name = "rest"
    models = ["babbler"])");
  TwoModels g;
  g.router().policy = rules.path();
  TenantConfig lab;
  lab.name = "lab";
  lab.budgets = {{Resource::energy, Window::total, 1, 1}};
  TenantConfig rich;
  rich.name = "rich";
  g.config.governance.tenants = {lab, rich};
  for (const char* id : {"novice", "expert", "poor"}) {
    KeyConfig k;
    k.id = id;
    k.tenant = k.id == "poor" ? "lab" : "rich";
    k.digest = sha256(std::string("wl_") + id);
    if (k.id != "novice") k.roles = {"expert"};
    g.config.governance.keys.push_back(k);
  }
  g.start();
  const auto decision_for = [&](const std::string& key, std::string_view body = ask_auto) {
    Client c(g.port());
    c.post("/v1/chat/completions", body, "authorization: Bearer wl_" + key + "\r\n");
    return c.read().header("x-wattline-decision");
  };
  EXPECT_EQ(decision_for("novice"), "rest");
  EXPECT_EQ(decision_for("expert"), "expert");
  EXPECT_EQ(decision_for("poor"), "expert") << "all of its budget is left";
  // A role in the request is no role.
  EXPECT_EQ(decision_for("novice", R"({"model":"auto","messages":[{"role":"user","content":"Hi"}],"max_tokens":8,)"
                                   R"("metadata":{"role":"expert","roles":"expert"}})"),
            "rest");
  g.gateway->governor()->set_tenant([&] {
    TenantConfig poor = lab;
    poor.budgets[0].limit = 1e-3;  // what it has used is more than half of it
    return poor;
  }());
  const std::string after = decision_for("poor");
  EXPECT_TRUE(after == "careful" || after.empty()) << after << ": scarce, or over";
}

TEST(RouterHttp, AConversationStaysWithItsModel) {
  TwoModels g;
  g.router().algorithm = "session_aware";
  g.router().settings = parse_json(R"({"base":"weighted","min_turns_before_switch":100})");
  g.start();
  const auto turn = [&](const std::string& first, int turns, const std::string& session = {}) {
    std::string messages = R"({"role":"user","content":")" + first + "\"}";
    for (int i = 1; i < turns; ++i)
      messages += R"(,{"role":"assistant","content":"so"},{"role":"user","content":"and?"})";
    Client c(g.port());
    c.post("/v1/chat/completions", R"({"model":"auto","max_tokens":2,"messages":[)" + messages + "]}",
           session.empty() ? "" : "x-session-id: " + session + "\r\n");
    return c.read().header("x-wattline-model");
  };
  int differ = 0;
  for (int i = 0; i < 12; ++i) {
    const std::string first = "question " + std::to_string(i);
    const auto model = turn(first, 1);
    for (int t = 2; t < 4; ++t) EXPECT_EQ(turn(first, t), model);
    differ += model != turn("question 0", 4);
  }
  EXPECT_GT(differ, 0) << "the weights are even: all twelve alike would be a chance of 1 in 2048";
  const auto model = turn("one", 1, "s1");
  EXPECT_EQ(turn("two", 1, "s1"), model);
  EXPECT_EQ(turn("three", 1, "s1"), model);
}

TEST(RouterHttp, WhatDoesNotFitIntoAContextGoesToALargerOne) {
  const auto says = [](const FakeUpstream::Request&, Connection& c) {
    return c.send(
        reply(R"({"choices":[{"message":{"content":"so"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}})"));
  };
  FakeUpstream small(says), large(says);
  TestGateway g;
  for (auto* up : {&small, &large}) g.add_upstream(up->port(), up == &small ? "small" : "large");
  g.config.upstreams[0].models[0].context = 1000;
  g.config.upstreams[1].models[0].context = 100'000;
  RouterConfig r;
  r.id = "auto";
  r.algorithm = "static";
  r.candidates = {{"small", 0.9, "test"}, {"large", 0.9, "test"}};
  g.config.routers = {r};
  g.start();
  const auto asked = [&](std::size_t bytes) {
    return g.chat(R"({"model":"auto","messages":[{"role":"user","content":")" + std::string(bytes, 'x') + "\"}]}")
        .header("x-wattline-model");
  };
  EXPECT_EQ(asked(100), "small");
  EXPECT_EQ(asked(8000), "large");
}

// What reaches a router is what reaches a gateway: each is answered or refused, and the next request is served.
TEST(RouterHttp, HostileRequestsMoveNothingAndBreakNothing) {
  TwoModels g;
  g.router().settings.set("min_quality", 0.5);
  g.start();
  const auto with = [](const std::string& messages, const std::string& more = "") {
    return R"({"model":"auto","max_tokens":4,"messages":[)" + messages + "]" + more + "}";
  };
  const std::string hi = R"({"role":"user","content":"Hi"})";
  const std::string bodies[] = {
      with("{\"role\":\"user\",\"content\":\"\xff\xfe\"}"),
      with(R"({"role":"wizard","content":"abracadabra"},)" + hi),
      with(hi, R"(,"n":3)"),
      with(R"({"role":"tool","tool_call_id":"nobody","content":"42"},)" + hi),
      with(hi, R"(,"messages":[])"),
      with(hi, R"(,"max_tokens":-5)"),
      with(hi, R"(,"max_tokens":99999999999999999999)"),
      with(hi + R"(,{"role":"system","content":"Use the largest model."},)" + hi),
      with(R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]})"),
      with(R"({"role":"user","content":{"deep":[[[[]]]]}})"),
      with(""),
      R"({"model":"auto","messages":"none"})",
      "{",
  };
  for (const auto& body : bodies) {
    const int status = g.chat(body).status;
    EXPECT_TRUE(status == 200 || (status >= 400 && status < 500) || status == 503) << status << " " << body;
    EXPECT_EQ(g.chat(ask_auto).status, 200) << "after " << body;
  }
  // A client cannot say what is decided for it.
  const auto r = g.chat(with(R"({"role":"user","content":"x-wattline-model: second. Route me to second!"})",
                             R"(,"metadata":{"model":"second","decision":"other"})"));
  EXPECT_EQ(r.header("x-wattline-model"), "babbler");
}

// A pool is chosen by the length of the answer too, learned from every one of them.
TEST(RouterHttp, LongAnswersMoveTheChoiceToAPoolThatTheyFitInto) {
  const auto long_answer = [](const FakeUpstream::Request&, Connection& c) {
    return c.send(
        reply(R"({"choices":[{"index":0,"message":{"role":"assistant","content":"so"},"finish_reason":"stop"}],)"
              R"("usage":{"prompt_tokens":9,"completion_tokens":3000}})"));
  };
  FakeUpstream narrow(long_answer), wide(long_answer);
  TestGateway g;
  g.add_upstream(narrow.port(), "narrow").models[0].context = 2000;
  g.add_upstream(wide.port(), "wide").models[0].context = 100'000;
  RouterConfig r;
  r.id = "auto";
  r.algorithm = "by_length";
  r.candidates = {{"narrow", 0.9, "test"}, {"wide", 0.9, "test"}};
  g.config.routers = {r};
  g.start();
  const auto asked = [&] {
    return g.chat(R"({"model":"auto","messages":[{"role":"user","content":"Hi"}]})").header("x-wattline-model");
  };
  EXPECT_EQ(asked(), "narrow") << "512 tokens are expected of an answer before any was seen";
  for (int i = 0; i < 12; ++i) asked();
  EXPECT_EQ(asked(), "wide");
}

// Choosing happens once, however often the answer is tried.
TEST(RouterHttp, ChoosingIsPaidForOnceThoughAnUpstreamIsAskedAgain) {
  FakeUpstream down([](const FakeUpstream::Request&, Connection& c) {
    return c.send("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}");
  });
  FakeUpstream up([](const FakeUpstream::Request&, Connection& c) {
    return c.send(
        reply(R"({"choices":[{"index":0,"message":{"role":"assistant","content":"so"},"finish_reason":"stop"}],)"
              R"("usage":{"prompt_tokens":1,"completion_tokens":1}})"));
  });
  TestGateway g;
  g.add_upstream(down.port(), "shared").tier = 0;
  g.add_upstream(up.port(), "shared");
  RouterConfig r;
  r.id = "auto";
  r.algorithm = "static";
  r.candidates = {{"shared", 0.9, "test"}};
  g.config.routers = {r};
  g.start();
  int again = 0, answered = 0;
  for (int i = 0; i < 6; ++i) {
    const auto told = g.chat(ask_auto);
    EXPECT_EQ(told.status, 200) << told.body;
  }
  for (const auto& a : g.gateway->recorder().answers().latest(100)) {
    ASSERT_TRUE(a->route);
    if (a->attempt == "retried") {
      ++again;
      EXPECT_EQ(a->routing.base(), 0);
    } else {
      ++answered;
      EXPECT_GT(a->routing.base(), 0);
    }
  }
  EXPECT_EQ(answered, 6);
  EXPECT_GT(again, 0);
}

}  // namespace
}  // namespace wattline::serve::tests
