// What a router would do, asked without asking a model; and the shape in which the reference's clients read it.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"
#include "kernel/testing.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;

struct Evaluated : TestGateway {
  ::wattline::tests::ScratchDir dir;
  Evaluated() {
    const auto file = dir.path() / "policy.toml";
    std::ofstream(file) << R"([[signal]]
type = "keyword"
name = "urgent"
keywords = ["urgent", "asap"]

[[model]]
name = "babbler"

[[decision]]
name = "now"
priority = 2
when = 'keyword("urgent")'
models = ["babbler"]

[[decision]]
name = "rest"
priority = 1
models = ["babbler"]
)";
    RouterConfig r;
    r.id = "auto";
    r.policy = file.string();
    config.routers = {r};
  }
  Response eval(std::string_view body) {
    Client c(port());
    c.post("/api/v1/eval", body);
    return c.read();
  }
};

TEST(EvalHttp, ADryRunSaysWhatWouldBeAndAsksNobody) {
  Evaluated g;
  g.start();
  const auto r = g.eval(R"({"text":"This is urgent!","model":"auto"})");
  ASSERT_EQ(r.status, 200) << r.body;
  const Json j = parse_json(r.body);
  EXPECT_EQ(j.at("original_text").as_string(), "This is urgent!");
  EXPECT_EQ(j.at("requested_model").as_string(), "auto");
  const Json& d = j.at("decision_result");
  EXPECT_EQ(d.at("decision_name").as_string(), "now");
  EXPECT_EQ(d.at("algorithm").as_string(), "static");
  EXPECT_EQ(d.at("used_signals").at("keywords").as_array()[0].as_string(), "urgent");
  EXPECT_EQ(d.at("matched_signals").at("keywords").as_array()[0].as_string(), "urgent");
  EXPECT_EQ(j.at("recommended_models").as_array()[0].as_string(), "babbler");
  EXPECT_EQ(j.at("selected_model").as_string(), "babbler");
  EXPECT_EQ(j.at("selection_status").as_string(), "selected");
  EXPECT_EQ(j.at("routing_decision").as_string(), "now");
  EXPECT_GT(j.at("signal_confidences").at("keyword:urgent").as_number(), 0);
  EXPECT_EQ(g.gateway->recorder().answers().size(), 0u);
}

TEST(EvalHttp, MessagesAreReadAsAModelWouldGetThem) {
  Evaluated g;
  g.start();
  // The last message of the user is what is classified, and no other is told back.
  const auto r = g.eval(
      R"({"messages":[{"role":"user","content":"urgent secret"},{"role":"assistant","content":"ok"},{"role":"user","content":[{"type":"text","text":"And"},{"type":"text","text":"now?"}]}]})");
  ASSERT_EQ(r.status, 200) << r.body;
  const Json j = parse_json(r.body);
  EXPECT_EQ(j.at("original_text").as_string(), "And\nnow?");
  EXPECT_EQ(j.at("decision_result").at("decision_name").as_string(), "rest");
  EXPECT_EQ(r.body.find("secret"), std::string::npos);
  EXPECT_EQ(j.at("decision_result").at("unmatched_signals").at("keywords").as_array()[0].as_string(), "urgent");
}

TEST(EvalHttp, WhatCannotBeEvaluatedIsSaid) {
  Evaluated g;
  g.start();
  EXPECT_EQ(g.eval("{").status, 400);
  EXPECT_EQ(g.eval("[]").status, 400);
  EXPECT_EQ(g.eval("{}").status, 400);
  EXPECT_EQ(g.eval(R"({"text":""})").status, 400);
  EXPECT_EQ(g.eval(R"({"messages":[]})").status, 400);
  EXPECT_EQ(g.eval(R"({"messages":[3]})").status, 200);  // as a router sees it: a request without a user's message
  EXPECT_THAT(g.eval(R"({"text":"x","model":"otto"})").body, HasSubstr("auto can be evaluated"));
  EXPECT_EQ(g.get("/api/v1/eval").status, 405);
  Evaluated none;
  none.config.routers.clear();
  none.start();
  EXPECT_THAT(none.eval(R"({"text":"x"})").body, HasSubstr("no router"));
}

}  // namespace
}  // namespace wattline::serve::tests
