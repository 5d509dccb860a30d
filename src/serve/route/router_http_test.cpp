// Virtual models through the door: who answers, what is told of it, and cascades.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "serve/api_key.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view ask = R"({"model":"auto","messages":[{"role":"user","content":"Hi"}],"max_tokens":8})";
constexpr std::string_view ask_stream =
    R"({"model":"auto","messages":[{"role":"user","content":"Hi"}],"max_tokens":8,"stream":true})";

// Another model of weights that say nothing, several times as large.
std::shared_ptr<const lm::Model> large_model(const std::string& name) {
  lm::Shape shape = babbler()->shape();
  shape.dim = 96;
  shape.hidden = 256;
  shape.layers = 6;
  lm::Weights weights;
  for (const auto& spec : lm::tensor_specs(shape)) {
    std::size_t n = 1;
    for (auto d : spec.shape) n *= static_cast<std::size_t>(d);
    weights[spec.name].assign(n, 0.01f);
  }
  return std::make_shared<const lm::Model>(name, shape, weights, std::make_shared<lm::ByteTokenizer>(), "test");
}

struct TwoModels : TestGateway {
  TwoModels() {
    parts.models.push_back(large_model("second"));
    config.builtin.models.push_back("second");
    RouterConfig r;
    r.id = "auto";
    r.candidates = {{"babbler", 0.95, "test"}, {"second", 0.99, "test"}};
    config.routers = {r};
  }
  RouterConfig& router() { return config.routers[0]; }
};

TEST(RouterHttp, TheChosenModelAnswersAndSaysWhy) {
  TwoModels g;
  g.router().settings.set("min_quality", 0.97);
  g.start();
  const auto r = g.chat(ask);
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
  const auto r = g.chat(ask_stream);
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

TEST(RouterHttp, AnAnswerThatDoesNotVerifyGoesToTheNextAndIsWaste) {
  TwoModels g;
  g.router().algorithm = "cascade";
  g.router().verify = policy::StopRule{policy::StopRule::Method::avg_logprob, 0};  // nothing is so sure
  g.router().candidates[0].quality = 0.5;
  g.start();
  // The first of each to learn what they cost.
  for (const char* model : {"babbler", "second"})
    g.chat(std::string(R"({"model":")") + model + R"(","messages":[{"role":"user","content":"Hi"}],"max_tokens":8})");
  const auto before = g.gateway->recorder().answers().latest(100).size();
  const auto r = g.chat(ask);
  ASSERT_EQ(r.status, 200) << r.body;
  const auto last = g.answer(before + 1);
  ASSERT_TRUE(last && last->route);
  EXPECT_EQ(last->route->attempts, 2);
  const auto all = g.gateway->recorder().answers().latest(100);
  EXPECT_EQ(all[1]->attempt, "escalated");
  EXPECT_EQ(all[1]->of, last->id);
  EXPECT_GT(all[1]->routing.base(), 0);
  EXPECT_EQ(last->routing.base(), 0);  // counted once
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
    c.post("/v1/chat/completions", ask, "authorization: Bearer wl_" + key + "\r\n");
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
  EXPECT_EQ(g.chat(ask).status, 200);
}

}  // namespace
}  // namespace wattline::serve::tests
