// What is learned of users, through the door: for whom, how far, seen and erased.
#include <cmath>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/testing.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A small and a large model, as predicted just good enough and surely good.
struct Adapted : TestGateway {
  Adapted() {
    // So much larger that no hiccup of a measured first answer makes it the cheaper one.
    lm::Shape shape = babbler()->shape();
    shape.layers = 48;
    lm::Weights w;
    for (const auto& spec : lm::tensor_specs(shape)) {
      std::size_t n = 1;
      for (auto d : spec.shape) n *= static_cast<std::size_t>(d);
      w[spec.name].assign(n, 0.01f);
    }
    parts.models.push_back(
        std::make_shared<const lm::Model>("large", shape, w, std::make_shared<lm::ByteTokenizer>(), "test"));
    config.builtin.models.push_back("large");
    RouterConfig r;
    r.id = "auto";
    r.settings.set("min_quality", 0.8);
    r.candidates = {{"babbler", 0.82, "test"}, {"large", 0.99, "test"}};
    config.routers = {r};
    config.adaptation.enabled = true;
    config.adaptation.explore = 0;
    config.adaptation.rule.prior = 2;
  }
  // What each model costs is known from its answers.
  void warm() {
    for (const char* model : {"babbler", "large", "babbler", "large", "babbler", "large"})
      chat(std::string(R"({"model":")") + model + R"(","messages":[{"role":"user","content":"Hi"}],"max_tokens":4})");
  }
  std::pair<std::string, std::string> asked(const std::string& user) {
    const auto r =
        chat(R"({"model":"auto","user":")" + user + R"(","messages":[{"role":"user","content":"Hi"}],"max_tokens":4})");
    EXPECT_EQ(r.status, 200) << r.body;
    return {r.header("x-wattline-answer-id"), r.header("x-wattline-model")};
  }
  void rate(const std::string& id, const std::string& rating) {
    Client c(port());
    c.post("/v1/feedback", R"({"answer_id":")" + id + R"(","rating":")" + rating + "\"}");
    EXPECT_EQ(c.read().status, 200);
  }
  Response erase(const std::string& path) {
    Client c(port());
    c.send("DELETE " + path + " HTTP/1.1\r\nhost: localhost\r\n\r\n");
    return c.read();
  }
};

TEST(AdaptationHttp, AUserWhoWantsMoreGetsMoreAndNobodyElseDoes) {
  Adapted g;
  g.start();
  g.warm();
  EXPECT_EQ(g.asked("ann").second, "babbler");
  for (int i = 0; i < 3; ++i) {
    const auto [id, model] = g.asked("ann");
    if (model == "babbler") g.rate(id, "down");
  }
  EXPECT_EQ(g.asked("ann").second, "large");
  EXPECT_EQ(g.asked("bob").second, "babbler");
  const Json known = parse_json(g.get("/v1/adaptation?user=ann").body);
  ASSERT_EQ(known.at("users").as_array().size(), 1u);
  const Json& entry = known.at("users").as_array()[0];
  EXPECT_LT(entry.at("shift").as_number(), 0);
  EXPECT_GE(entry.at("shift").as_number(), -0.15);
  EXPECT_EQ(entry.at("intent").as_string(), "auto");
  EXPECT_EQ(entry.at("user").as_string().size(), 16u);
  // Neither the list nor the answers hold the name.
  EXPECT_THAT(g.get("/v1/adaptation?user=ann").body, Not(HasSubstr("ann\"")));
  EXPECT_THAT(g.get("/api/v1/answers").body, Not(HasSubstr("\"ann\"")));
  // Erased, it is as if the user were new.
  EXPECT_EQ(g.erase("/v1/adaptation?user=ann").body, "{\"erased\":1}");
  EXPECT_EQ(g.asked("ann").second, "babbler");
}

TEST(AdaptationHttp, WhoIsNotNamedIsNotLearnedOf) {
  Adapted g;
  g.start();
  g.warm();
  const auto r = g.chat(R"({"model":"auto","messages":[{"role":"user","content":"Hi"}],"max_tokens":4})");
  g.rate(r.header("x-wattline-answer-id"), "down");
  EXPECT_TRUE(g.gateway->adaptation()->users().entries(Time::now()).empty());
  EXPECT_EQ(g.get("/v1/adaptation").status, 400);
}

TEST(AdaptationHttp, OffIsOff) {
  Adapted g;
  g.config.adaptation.enabled = false;
  g.start();
  const auto [id, model] = g.asked("ann");
  g.rate(id, "down");
  EXPECT_EQ(g.get("/v1/adaptation?user=ann").status, 404);
  EXPECT_THAT(g.get("/api/v1/answers").body, Not(HasSubstr("\"shift\"")));
}

TEST(AdaptationHttp, TheFileKeepsItAndABrokenOneIsSaid) {
  const ::wattline::tests::ScratchDir dir;
  const std::string file = (dir.path() / "users.json").string();
  std::string pseudonym;
  {
    Adapted g;
    g.config.adaptation.file = file;
    g.start();
    g.warm();
    g.rate(g.asked("ann").first, "down");
    pseudonym = g.gateway->adaptation()->pseudonym("", "", "ann");
  }
  EXPECT_TRUE(std::filesystem::exists(file));
  {
    Adapted g;
    g.config.adaptation.file = file;
    g.start();
    EXPECT_EQ(g.gateway->adaptation()->pseudonym("", "", "ann"), pseudonym);
    EXPECT_LT(g.gateway->adaptation()->users().shift(pseudonym, "auto", Time::now()), 0);
  }
  std::ofstream(file) << "{}";
  Adapted broken;
  broken.config.adaptation.file = file;
  try {
    broken.start();
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("users.json"));
  }
}

TEST(AdaptationStore, PseudonymsAreOfTenantKeyAndUser) {
  const AdaptationStore store({}, {});
  const auto one = store.pseudonym("lab", "k", "ann");
  EXPECT_EQ(one.size(), 16u);
  EXPECT_EQ(one, store.pseudonym("lab", "k", "ann"));
  for (const auto& other :
       {store.pseudonym("lab", "k2", "ann"), store.pseudonym("lab2", "k", "ann"), store.pseudonym("lab", "k", "bob"),
        store.pseudonym("lab", "kann", ""), AdaptationStore({}, {}).pseudonym("lab", "k", "ann")})
    EXPECT_NE(one, other);
  EXPECT_EQ(store.pseudonym("", "", ""), "");
}

TEST(AdaptationStore, TheLargestIsByEnergyWhereItIsKnown) {
  RouteTold told;
  told.considered = {{"a", 0, 0.9, 100, {}}, {"b", 0, 0.9, 10, {}}, {"c", 0, 0.9, 50, {}}};
  EXPECT_EQ(largest_of(told), 0u);
  told.considered[1].joules = std::nan("");
  EXPECT_EQ(largest_of(told), 2u);
  EXPECT_EQ(largest_of({}), 0u);
}

}  // namespace
}  // namespace wattline::serve::tests
