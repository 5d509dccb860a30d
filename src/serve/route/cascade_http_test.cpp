// Cascades through the door: what is verified before it is told, who is asked next, and what was for nothing.
#include <atomic>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"
#include "serve/route/router_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(CascadeHttp, AnAnswerThatDoesNotVerifyGoesToTheNextAndIsWaste) {
  TwoModels g;
  g.router().algorithm = "cascade";
  g.router().verify = policy::StopRule{policy::StopRule::Method::avg_logprob, 0};  // nothing is so sure
  g.router().candidates[0].quality = 0.5;
  g.start();
  // The first of each to learn what they cost.
  for (const char* model : {"babbler", "second"})
    g.chat(std::string(R"({"model":")") + model + R"(","messages":[{"role":"user","content":"Hi"}],"max_tokens":8})");
  const auto before = g.gateway->recorder().answers().latest(100).size();
  const auto r = g.chat(ask_auto);
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

// Two upstreams: one that is not sure of itself, and one that is never asked how sure it is.
struct SmallAndLarge {
  std::atomic<bool> sure{false}, breaks{false}, down{false};
  std::mutex mutex;
  std::string asked_small, asked_large;
  FakeUpstream small{[this](const FakeUpstream::Request& r, Connection& c) {
    {
      std::lock_guard lock(mutex);
      asked_small = r.body;
    }
    if (down) return c.send("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}");
    const std::string sureness = std::string(R"("logprobs":{"content":[{"token":"small","logprob":)") +
                                 (sure ? "-0.1" : "-3") + R"(,"top_logprobs":[]}]})";
    if (!wants_stream(r))
      return c.send(reply(R"({"choices":[{"index":0,"message":{"role":"assistant","content":"small"},)" + sureness +
                          R"(,"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}})"));
    c.send(stream_head);
    c.send(chunk(R"(data: {"choices":[{"index":0,"delta":{"content":"small"},)" + sureness + "}]}\n\n"));
    if (breaks) return false;
    c.send(chunk(finish_event));
    c.send(chunk(R"(data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}})"
                 "\n\n"));
    c.send(chunk(done_event));
    return c.send("0\r\n\r\n");
  }};
  FakeUpstream large{[this](const FakeUpstream::Request& r, Connection& c) {
    {
      std::lock_guard lock(mutex);
      asked_large = r.body;
    }
    if (!wants_stream(r))
      return c.send(
          reply(R"({"choices":[{"index":0,"message":{"role":"assistant","content":"large"},"finish_reason":"stop"}],)"
                R"("usage":{"prompt_tokens":3,"completion_tokens":1}})"));
    c.send(stream_head);
    for (const auto& e : {delta("large"), finish_event, done_event}) c.send(chunk(e));
    return c.send("0\r\n\r\n");
  }};
  TestGateway g;
  SmallAndLarge() {
    g.add_upstream(small.port(), "small");
    g.add_upstream(large.port(), "large").models[0].catalog = "llama-3.1-70b";
    RouterConfig r;
    r.id = "auto";
    r.algorithm = "cascade";
    r.candidates = {{"small", 0.5, "test"}, {"large", 0.9, "test"}};
    r.verify = policy::StopRule{policy::StopRule::Method::avg_logprob, -1};
    g.config.routers = {r};
    g.start();
    for (const char* model : {"small", "large"})
      g.chat(std::string(R"({"model":")") + model + R"(","messages":[{"role":"user","content":"Hi"}]})");
  }
  std::vector<AnswerPtr> answers() { return g.gateway->recorder().answers().latest(100); }
  // The last answer: of the larger model, after an attempt of the smaller one that was for nothing.
  void expect_escalated(std::size_t before) {
    const auto last = g.answer(before + 1);
    ASSERT_TRUE(last && last->route);
    EXPECT_EQ(last->route->attempts, 2);
    const auto all = answers();
    EXPECT_EQ(all[1]->attempt, "escalated");
    EXPECT_EQ(all[1]->of, last->id);
    EXPECT_EQ(last->basis->model, "large");
  }
};

TEST(CascadeHttp, AnUpstreamsAnswerThatDoesNotVerifyGoesToTheNext) {
  SmallAndLarge h;
  const std::size_t before = h.answers().size();
  auto told = h.g.chat(ask_auto);
  ASSERT_EQ(told.status, 200) << told.body;
  EXPECT_THAT(told.body, HasSubstr("large"));
  EXPECT_EQ(told.header("x-wattline-model"), "large");
  {
    std::lock_guard lock(h.mutex);
    EXPECT_THAT(h.asked_small, HasSubstr(R"("logprobs":true)"));
    EXPECT_THAT(h.asked_large, Not(HasSubstr("logprobs")));
  }
  h.expect_escalated(before);
  EXPECT_GT(h.answers()[1]->joules.value, 0) << "what was for nothing is accounted for";

  h.sure = true;
  told = h.g.chat(ask_auto);
  EXPECT_THAT(told.body, HasSubstr("small"));
  EXPECT_THAT(told.body, HasSubstr(R"("logprobs":null)")) << "who did not ask_auto is not told";
}

TEST(CascadeHttp, AStreamThatDoesNotVerifyIsNeverTold) {
  SmallAndLarge h;
  const std::size_t before = h.answers().size();
  auto told = h.g.chat(ask_auto_stream);
  ASSERT_EQ(told.status, 200) << told.body;
  EXPECT_THAT(told.body, HasSubstr("large"));
  EXPECT_THAT(told.body, Not(HasSubstr("small")));
  EXPECT_TRUE(told.whole);
  h.expect_escalated(before);
  EXPECT_GT(h.answers()[1]->joules.value, 0);
  EXPECT_EQ(h.answers()[1]->tokens_out, 1) << "the tokens of the stream that nobody saw are known";

  h.sure = true;
  told = h.g.chat(ask_auto_stream);
  EXPECT_EQ(told.header("x-wattline-model"), "small");
  EXPECT_THAT(told.body, HasSubstr("small"));
  EXPECT_THAT(told.body, Not(HasSubstr("-0.1"))) << "who did not ask_auto is not told";
  EXPECT_THAT(told.body, HasSubstr("[DONE]"));
  EXPECT_TRUE(told.whole);
}

TEST(CascadeHttp, AModelThatFailsIsFollowedByTheNextOfItsCascade) {
  SmallAndLarge h;
  h.sure = true;
  h.breaks = true;
  std::size_t before = h.answers().size();
  auto told = h.g.chat(ask_auto_stream);
  ASSERT_EQ(told.status, 200) << told.body;
  EXPECT_THAT(told.body, HasSubstr("large"));
  EXPECT_THAT(told.body, Not(HasSubstr("small"))) << "it broke off before anything was told";
  h.expect_escalated(before);

  h.down = true;
  for (const auto& question : {ask_auto, ask_auto_stream}) {
    before = h.answers().size();
    told = h.g.chat(question);
    ASSERT_EQ(told.status, 200) << told.body;
    EXPECT_THAT(told.body, HasSubstr("large"));
    EXPECT_EQ(told.header("x-wattline-reason"), "a cheaper model failed");
  }
}

}  // namespace
}  // namespace wattline::serve::tests
