// Feedback through the door: what it moves, for whom, and what it never moves.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"
#include "kernel/testing.h"
#include "serve/api_key.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view ask = R"({"model":"auto","messages":[{"role":"user","content":"Hi"}],"max_tokens":4})";

// Two names of one built-in model, chosen by their ratings alone.
struct Rated : TestGateway {
  Rated() {
    parts.models.push_back(std::make_shared<const lm::Model>("second", babbler()->shape(), weights(),
                                                             std::make_shared<lm::ByteTokenizer>(), "test"));
    config.builtin.models.push_back("second");
    RouterConfig r;
    r.id = "auto";
    r.algorithm = "elo";
    r.settings.set("epsilon", 0);
    r.settings.set("cost_weight", 0);
    r.candidates = {{"babbler", 0.9, "test"}, {"second", 0.9, "test"}};
    config.routers = {r};
  }
  static lm::Weights weights() {
    lm::Weights w;
    for (const auto& spec : lm::tensor_specs(babbler()->shape())) {
      std::size_t n = 1;
      for (auto d : spec.shape) n *= static_cast<std::size_t>(d);
      w[spec.name].assign(n, 0.01f);
    }
    return w;
  }
  void add_keys() {
    TenantConfig lab;
    lab.name = "lab";
    config.governance.tenants = {lab};
    for (const char* id : {"ann", "bob"}) {
      KeyConfig k;
      k.id = id;
      k.tenant = "lab";
      k.digest = sha256(std::string("wl_") + id);
      config.governance.keys.push_back(k);
    }
  }
  static std::string header(const std::string& key) {
    return key.empty() ? std::string() : "authorization: Bearer wl_" + key + "\r\n";
  }
  // The id of an answer and the model that gave it.
  std::pair<std::string, std::string> asked(const std::string& key = "") {
    Client c(port());
    c.post("/v1/chat/completions", ask, header(key));
    const auto r = c.read();
    EXPECT_EQ(r.status, 200) << r.body;
    return {r.header("x-wattline-answer-id"), r.header("x-wattline-model")};
  }
  Response say(const std::string& body, const std::string& key = "") {
    Client c(port());
    c.post("/v1/feedback", body, header(key));
    return c.read();
  }
  Response rate(const std::string& id, const std::string& rating, const std::string& key = "") {
    return say(R"({"answer_id":")" + id + R"(","rating":")" + rating + "\"}", key);
  }
};

TEST(FeedbackHttp, AVerdictMovesTheChoice) {
  Rated g;
  g.start();
  const auto [id, first] = g.asked();
  const auto r = g.rate(id, "down");
  ASSERT_EQ(r.status, 200) << r.body;
  const Json said = parse_json(r.body);
  EXPECT_EQ(said.at("effect").as_string(), "learned");
  EXPECT_EQ(said.at("answer_id").as_string(), id);
  EXPECT_EQ(said.at("router").as_string(), "auto");
  EXPECT_EQ(said.at("propensity").as_number(), 1);
  EXPECT_EQ(parse_json(g.rate(id, "down").body).at("effect").as_string(), "repeated");
  const auto [next_id, second] = g.asked();
  EXPECT_NE(second, first);
  // Of two answers.
  const auto compared = g.say(R"({"answer_id":")" + id + R"(","better_than":")" + next_id + "\"}");
  EXPECT_EQ(compared.status, 200) << compared.body;
  EXPECT_THAT(g.get("/metrics").body, HasSubstr("wattline_feedback_total{effect=\"learned\"} 2"));
  EXPECT_EQ(parse_json(g.get("/v1/feedback?limit=1").body).at("feedback").as_array().size(), 1u);
}

// LinUCB that knows nothing tries; told by kinds of requests, it tells them apart, and a process after it still does.
TEST(FeedbackHttp, WhatIsLearnedOfKindsOfRequestsOutlivesTheProcess) {
  wattline::tests::ScratchDir folder;
  const auto question = [](bool code) {
    return std::string(R"({"model":"auto","max_tokens":4,"messages":[{"role":"user","content":")") +
           (code ? "(){}[](){}[];" : "tell me something") + "\"}]}";
  };
  const auto prepare = [&](Rated& g) {
    g.config.routers[0].algorithm = "linucb";
    g.config.routers[0].settings = Json::Object{{"epsilon", 0.001}, {"cost_weight", 0}, {"alpha", 0.1}};
    g.config.feedback.state = folder.path() / "learned.json";
    g.config.feedback.file = folder.path() / "verdicts.jsonl";
    g.config.feedback.influence = 1000;
    g.start();
  };
  const auto model_of = [&](Rated& g, bool code, std::string* id = nullptr) {
    const auto r = g.chat(question(code));
    if (id) *id = r.header("x-wattline-answer-id");
    return r.header("x-wattline-model");
  };
  // One choice of a thousand is drawn; not three of five.
  const auto usual = [&](Rated& g, bool code) {
    int second = 0;
    for (int i = 0; i < 5; ++i) second += model_of(g, code) == "second";
    return second > 2 ? "second" : "babbler";
  };
  {
    Rated g;
    prepare(g);
    // The second is right about code and nothing else.
    for (int i = 0; i < 40; ++i) {
      std::string id;
      const bool code = i % 2;
      const std::string model = model_of(g, code, &id);
      g.rate(id, (model == "second") == code ? "up" : "down");
    }
    EXPECT_STREQ(usual(g, true), "second");
    EXPECT_STREQ(usual(g, false), "babbler");
  }
  Rated again;
  prepare(again);
  EXPECT_STREQ(usual(again, true), "second");
  EXPECT_STREQ(usual(again, false), "babbler");
  std::ifstream log(folder.path() / "verdicts.jsonl");
  std::string line;
  ASSERT_TRUE(std::getline(log, line));
  const Json seen = parse_json(line).at("seen");
  EXPECT_EQ(seen.at("features").as_array().size(), policy::request_feature_count);
  EXPECT_EQ(seen.at("conversation").as_string().size(), 16u);
}

TEST(FeedbackHttp, OnlyOfOnesOwnAnswersAndWithAKey) {
  Rated g;
  g.add_keys();
  g.start();
  const auto [id, model] = g.asked("ann");
  EXPECT_EQ(g.rate(id, "down").status, 401);
  EXPECT_EQ(g.rate(id, "down", "bob").status, 404);
  EXPECT_EQ(g.rate(id, "down", "ann").status, 200);
  Client c(g.port());
  c.get("/v1/feedback", Rated::header("bob"));
  EXPECT_EQ(c.read().body, "{\"feedback\":[]}");
}

TEST(FeedbackHttp, WhatNoRouterChoseIsNoted) {
  Rated g;
  g.start();
  const auto r = g.chat(R"({"model":"babbler","messages":[{"role":"user","content":"Hi"}],"max_tokens":4})");
  const auto noted = g.rate(r.header("x-wattline-answer-id"), "up");
  EXPECT_EQ(parse_json(noted.body).at("effect").as_string(), "noted");
  // The id of the reply will do.
  const auto whole = g.chat(R"({"model":"babbler","messages":[{"role":"user","content":"Ho"}],"max_tokens":4})");
  EXPECT_EQ(g.rate(parse_json(whole.body).at("id").as_string(), "up").status, 200);
}

TEST(FeedbackHttp, BadBodiesMethodsAndLimits) {
  Rated g;
  g.start();
  EXPECT_EQ(g.say("{").status, 400);
  EXPECT_EQ(g.say(R"({"answer_id":"wl-0000000000000000","rating":"up"})").status, 404);
  EXPECT_THAT(g.say(R"({"answer_id":"wl-1","rating":"maybe"})").body, HasSubstr("bad_feedback"));
  EXPECT_EQ(g.get("/v1/feedback?limit=0").status, 400);
  EXPECT_EQ(g.get("/v1/feedback?limit=x").status, 400);
  Client c(g.port());
  c.send("DELETE /v1/feedback HTTP/1.1\r\nhost: localhost\r\n\r\n");
  EXPECT_EQ(c.read().status, 405);
}

TEST(FeedbackHttp, OffMeansOff) {
  Rated g;
  g.config.feedback.enabled = false;
  g.start();
  EXPECT_EQ(g.rate("wl-1", "up").status, 404);
  EXPECT_THAT(g.get("/metrics").body, Not(HasSubstr("wattline_feedback")));
}

// A gateway that takes the place of another knows what the last one learned.
TEST(FeedbackHttp, WhatWasLearnedOutlivesAConfiguration) {
  Rated g;
  g.start();
  const auto [id, first] = g.asked();
  g.rate(id, "down");
  GatewayParts parts = g.parts;
  parts.lasting = g.gateway->lasting();
  Gateway next(g.config, parts);
  const Router* router = next.router("auto");
  ASSERT_NE(router, nullptr);
  Router::Seat seat(*router);
  std::string body(ask);
  ASSERT_TRUE(seat.reader.read(body, seat.view));
  const auto chosen = router->choose(seat, {});
  ASSERT_NE(chosen.model, nullptr);
  EXPECT_NE(chosen.model->id, first);
  EXPECT_EQ(next.feedback()->latest(10, nullptr).size(), 1u);
}

}  // namespace
}  // namespace wattline::serve::tests
