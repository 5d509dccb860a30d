// The semantic cache through the gateway's front door, with hashed n-grams: nearness of spelling, the same everywhere.
#include <cstdlib>

#include "serve/cache_fixture.h"
#include "serve/governor_fixture.h"
#include "serve/semantic/semantic_cache.h"

namespace wattline::serve::tests {
namespace {

const std::string exercise = "What are the benefits of regular exercise?";
const std::string other_words = "Tell me what the benefits of regular exercise are, please";

std::string question(std::string_view text, std::string_view more = R"(,"temperature":0)") {
  return R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":")" + std::string(text) + "\"}]" +
         std::string(more) + "}";
}
std::string says(std::string_view text) {
  return completion(choice("stop", "0", R"({"role":"assistant","content":")" + std::string(text) + "\"}"));
}

struct SemanticGateway : CacheGateway {
  explicit SemanticGateway(std::uint16_t upstream) : CacheGateway(upstream) {
    ::setenv("WATTLINE_ENCODER", "hashed-ngrams", 1);
    config.cache.semantic.enabled = true;
    config.cache.semantic.threshold = 0.6;
    config.cache.semantic.audit = 0;
  }
  ~SemanticGateway() { ::unsetenv("WATTLINE_ENCODER"); }
  Json view() { return parse_json(get("/api/v1/cache").body).at("semantic"); }
  std::int64_t looks(std::string_view result) { return view().at("looks").at(result).as_integer(); }
  // Keeping is done beside the answer.
  bool holds(std::int64_t entries) {
    return wait_until([&] { return view().at("entries").as_integer() == entries; });
  }
};

struct SemanticHttp : ::testing::Test {
  FakeUpstream up{answers(reply(says("It helps the heart and the mind.")))};
  SemanticGateway g{up.port()};
};

TEST_F(SemanticHttp, AHitIsToldWithWhatItSavedAndCost) {
  g.start();
  const Response first = g.ask_for(question(exercise));
  EXPECT_EQ(first.header("x-wattline-cache"), "miss");
  ASSERT_TRUE(g.holds(1));
  const Response hit = g.ask_for(question(other_words));
  EXPECT_EQ(hit.status, 200);
  EXPECT_EQ(hit.header("x-wattline-cache"), "semantic");
  EXPECT_EQ(hit.header("age"), "0");
  EXPECT_GT(std::stod(hit.header("x-wattline-cache-similarity")), 0.6);
  EXPECT_THAT(hit.body, HasSubstr("It helps the heart"));
  EXPECT_EQ(up.requests(), 1);
  // What looking cost is the answer's; what the model would have cost is saved.
  const double cost = std::stod(hit.header("x-wattline-energy-j")), saved = std::stod(hit.header("x-wattline-saved-j"));
  EXPECT_GT(cost, 0);
  EXPECT_GT(saved, cost);
  const Json answer = parse_json(g.get("/api/v1/answers/" + hit.header("x-wattline-answer-id")).body);
  EXPECT_EQ(answer.at("cache").as_string(), "semantic");
  EXPECT_EQ(answer.at("saved").at("answer_id").as_string(), first.header("x-wattline-answer-id"));
  EXPECT_NEAR(answer.at("semantic_cache").at("energy_j").as_number(), answer.at("energy").at("value").as_number(),
              1e-9);
  // A miss pays for the look too.
  const Json missed = parse_json(g.get("/api/v1/answers/" + first.header("x-wattline-answer-id")).body);
  EXPECT_GT(missed.at("semantic_cache").at("energy_j").as_number(), 0);
  // The same text but for case is told apart; the very same is the exact cache's.
  EXPECT_EQ(g.use(question("what are the  benefits of regular exercise")), "semantic");
  EXPECT_EQ(g.use(question(exercise)), "hit");
  EXPECT_EQ(g.looks("similar"), 1);
  EXPECT_EQ(g.looks("same_text"), 1);
  EXPECT_EQ(g.looks("miss"), 1);
  const std::string metrics = g.get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("wattline_semantic_cache_looks_total{result=\"similar\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("result=\"semantic\"} 2\n"));
  EXPECT_THAT(metrics, HasSubstr("wattline_semantic_cache_entries 1\n"));
  EXPECT_THAT(metrics, Not(HasSubstr("false_hit_rate")));  // none was judged
  g.stop();
  const auto facts = g.sink->facts();
  EXPECT_THAT(facts[1].labels, ::testing::Contains(std::pair<std::string, std::string>("cache", "semantic")));
}

TEST_F(SemanticHttp, WhatDiffersInParticularsIsAskedAgain) {
  g.start();
  EXPECT_EQ(g.use(question("How much is 10 USD in EUR at the bank?")), "miss");
  ASSERT_TRUE(g.holds(1));
  EXPECT_EQ(g.use(question("How much is 11 USD in EUR at the bank?")), "miss");
  EXPECT_EQ(g.use(question("How much is 10 EUR in USD at the bank?")), "miss");
  EXPECT_EQ(g.use(question("How much is not 10 USD in EUR at the bank?")), "miss");
  EXPECT_GE(g.looks("refused"), 2);
  EXPECT_EQ(up.requests(), 4);
}

TEST_F(SemanticHttp, WhatIsNotMatchedByMeaning) {
  g.start();
  EXPECT_EQ(g.use(question(exercise)), "miss");
  ASSERT_TRUE(g.holds(1));
  for (
      const std::string& body : {
          question("Tell me what the benefits of regular exercise are today"),
          question(other_words, R"(,"temperature":0,"tools":[{"type":"function","function":{"name":"f"}}])"),
          question(other_words, R"(,"temperature":0,"max_tokens":7)"),
          question(other_words, R"(,"temperature":0,"stream":true)"),
          std::string(
              R"({"model":"llama-3.1-8b","temperature":0,"messages":[{"role":"system","content":"Be rude."},{"role":"user","content":")") +
              other_words + "\"}]}",
          std::string(
              R"({"model":"llama-3.1-8b","temperature":0,"messages":[{"role":"user","content":"Hi there"},{"role":"assistant","content":"Yes?"},{"role":"user","content":")") +
              other_words + "\"}]}",
      })
    EXPECT_EQ(g.use(body), "miss") << body;
  // Above the limit of temperature only the exact cache may, and only where the client wants it.
  EXPECT_EQ(g.use(question(other_words, R"(,"temperature":0.7)"), "x-wattline-cache: on\r\n"), "miss");
  EXPECT_EQ(g.use(question(other_words, R"(,"temperature":0.7)")), "bypass");
  EXPECT_EQ(g.use(question(other_words), "cache-control: no-store\r\n"), "bypass");
  EXPECT_EQ(g.looks("similar"), 0);
  EXPECT_EQ(g.use(question(other_words), "cache-control: max-age=3600, only-if-cached\r\n"), "semantic");
}

TEST_F(SemanticHttp, LaterTurnsOnlyWithTheSameHistory) {
  g.config.cache.semantic.later_turns = true;
  g.start();
  const auto turn = [](std::string_view earlier, std::string_view text) {
    return R"({"model":"llama-3.1-8b","temperature":0,"messages":[{"role":"user","content":")" + std::string(earlier) +
           R"("},{"role":"assistant","content":"Yes?"},{"role":"user","content":")" + std::string(text) + "\"}]}";
  };
  EXPECT_EQ(g.use(turn("Hi there", exercise)), "miss");
  ASSERT_TRUE(g.holds(1));
  EXPECT_EQ(g.use(turn("Ho there", other_words)), "miss");
  EXPECT_EQ(g.use(turn("Hi there", other_words)), "semantic");
}

TEST_F(SemanticHttp, AnswersGrowOld) {
  g.config.cache.semantic.ttl = Duration(0.05);
  g.start();
  EXPECT_EQ(g.use(question(exercise)), "miss");
  ASSERT_TRUE(g.holds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(120));
  EXPECT_EQ(g.use(question(other_words)), "miss");
  EXPECT_EQ(g.view().at("expired").as_integer(), 1);
}

TEST_F(SemanticHttp, TenantsNeverMeetUnlessTold) {
  for (const bool across : {false, true}) {
    SemanticGateway shared(up.port());
    shared.config.governance.tenants = {tenant_config("lab"), tenant_config("shop")};
    shared.config.governance.keys = {key_config("laptop", "lab", "wl_lab"), key_config("till", "shop", "wl_shop")};
    shared.config.cache.semantic.across_tenants = across;
    shared.start();
    const auto as = [&](std::string_view key, const std::string& text) {
      return shared.ask_for(question(text), "authorization: Bearer " + std::string(key) + "\r\n");
    };
    EXPECT_EQ(as("wl_lab", exercise).header("x-wattline-cache"), "miss");
    auto& semantic = *shared.gateway->cache()->semantic;
    ASSERT_TRUE(wait_until([&] {
      JsonWriter w;
      semantic.write(w);
      return parse_json(w.str()).at("entries").as_integer() == 1;
    }));
    const Response other = as("wl_shop", other_words);
    EXPECT_EQ(other.header("x-wattline-cache"), across ? "semantic" : "miss");
    if (!across) continue;
    // Nobody else can call it wrong.
    const auto call = [&](std::string_view key) {
      Client c(shared.port());
      c.post("/api/v1/cache/wrong", R"({"answer_id":")" + other.header("x-wattline-answer-id") + "\"}",
             "authorization: Bearer " + std::string(key) + "\r\n");
      return c.read().status;
    };
    EXPECT_EQ(call("wl_lab"), 404);
    EXPECT_EQ(call("wl_shop"), 200);
    EXPECT_EQ(call("wl_shop"), 404);
  }
}

TEST_F(SemanticHttp, WhatWasCalledWrongIsGone) {
  g.start();
  EXPECT_EQ(g.use(question(exercise)), "miss");
  ASSERT_TRUE(g.holds(1));
  const Response hit = g.ask_for(question(other_words));
  EXPECT_EQ(hit.header("x-wattline-cache"), "semantic");
  const auto post = [&](std::string_view body) {
    Client c(g.port());
    c.post("/api/v1/cache/wrong", body);
    return c.read();
  };
  EXPECT_EQ(post("{}").status, 400);
  EXPECT_EQ(post("nothing").status, 400);
  EXPECT_EQ(post(R"({"answer_id":"wl-none"})").status, 404);
  EXPECT_EQ(g.get("/api/v1/cache/wrong").status, 405);
  EXPECT_EQ(g.get("/api/v1/cache/other").status, 404);
  EXPECT_EQ(post(R"({"answer_id":")" + hit.header("x-wattline-answer-id") + "\"}").status, 200);
  EXPECT_EQ(g.view().at("entries").as_integer(), 0);
  EXPECT_EQ(g.view().at("scars").as_integer(), 1);
  EXPECT_EQ(g.use(question(other_words)), "miss");
  ASSERT_TRUE(g.holds(1));
  // Near it a hit must be nearer now.
  EXPECT_EQ(g.use(question("Please list what the benefits of regular exercise are")), "miss");
}

TEST_F(SemanticHttp, FeedbackThatCallsAnAnswerBadTakesItOut) {
  g.start();
  EXPECT_EQ(g.use(question(exercise)), "miss");
  ASSERT_TRUE(g.holds(1));
  const Response hit = g.ask_for(question(other_words));
  EXPECT_EQ(hit.header("x-wattline-cache"), "semantic");
  Client c(g.port());
  c.post("/v1/feedback", R"({"answer_id":")" + hit.header("x-wattline-answer-id") + R"(","rating":"down"})");
  EXPECT_EQ(c.read().status, 200);
  EXPECT_EQ(g.use(question(other_words)), "miss");
  EXPECT_EQ(g.view().at("called_wrong").as_integer(), 1);
}

TEST_F(SemanticHttp, AuditsMeasureFalseHits) {
  std::atomic<int> asked{0};
  FakeUpstream changing([&](const FakeUpstream::Request&, Connection& c) {
    return c.send(reply(says(++asked < 3 ? "It helps the heart and the mind, and sleep is better too."
                                         : "No idea, ask a doctor or a trainer about anything of this kind instead.")));
  });
  SemanticGateway audited(changing.port());
  audited.config.cache.semantic.audit = 1;
  audited.start();
  EXPECT_EQ(audited.use(question(exercise)), "miss");
  ASSERT_TRUE(audited.holds(1));
  EXPECT_EQ(audited.use(question(other_words)), "audit");
  ASSERT_TRUE(wait_until([&] { return audited.view().at("false_hits").at("judged").as_integer() == 1; }));
  EXPECT_EQ(audited.view().at("false_hits").at("wrong").as_integer(), 0);
  ASSERT_TRUE(audited.holds(2));
  EXPECT_EQ(audited.use(question("Say what are the benefits of a regular exercise")), "audit");
  ASSERT_TRUE(wait_until([&] { return audited.view().at("false_hits").at("wrong").as_integer() == 1; }));
  EXPECT_EQ(asked, 3);
  const Json hits = audited.view().at("false_hits");
  EXPECT_EQ(hits.at("rate").as_number(), 0.5);
  EXPECT_GT(hits.at("high").as_number(), 0.5);
  EXPECT_LT(hits.at("low").as_number(), 0.5);
  const std::string metrics = audited.get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("wattline_semantic_cache_false_hit_rate{bound=\"value\"} 0.5\n"));
  EXPECT_THAT(metrics, HasSubstr("wattline_semantic_cache_judged_wrong_total 1\n"));
}

TEST_F(SemanticHttp, StreamsAnswerStreams) {
  FakeUpstream streaming(streams({delta("It helps"), delta(" the heart."), finish_event(), usage_event, done_event}));
  SemanticGateway s(streaming.port());
  s.start();
  constexpr std::string_view more = R"(,"temperature":0,"stream":true)";
  EXPECT_EQ(s.ask_for(question(exercise, more)).header("x-wattline-cache"), "miss");
  ASSERT_TRUE(s.holds(1));
  const Response hit = s.ask_for(question(other_words, more));
  EXPECT_EQ(hit.header("x-wattline-cache"), "semantic");
  EXPECT_THAT(hit.body, HasSubstr("It helps"));
  EXPECT_THAT(hit.body, HasSubstr("[DONE]"));
  EXPECT_EQ(streaming.requests(), 1);
  StoredReply stored;
  stored.stream = true;
  stored.body = delta("It helps") + delta(" the heart.") + finish_event();
  EXPECT_EQ(answer_text(stored), "It helps the heart.");
}

TEST_F(SemanticHttp, WhatIsNotWholeIsNotKept) {
  FakeUpstream cut(answers(reply(completion(choice("length")))));
  SemanticGateway c(cut.port());
  c.start();
  EXPECT_EQ(c.use(question(exercise)), "miss");
  EXPECT_EQ(c.use(question(other_words)), "miss");
  EXPECT_EQ(c.view().at("entries").as_integer(), 0);
}

TEST_F(SemanticHttp, CategoriesHaveRulesOfTheirOwn) {
  // A rule for each subject: whichever the classifier takes it for, it is strict.
  for (const char* name : {"biology", "business", "chemistry", "computer science", "economics", "engineering", "health",
                           "history", "law", "math", "other", "philosophy", "physics", "psychology"})
    g.config.cache.semantic.categories.push_back({name, true, 0.999, Duration(3600), 1, ""});
  g.start();
  EXPECT_EQ(g.use(question(exercise)), "miss");
  ASSERT_TRUE(g.holds(1));
  EXPECT_EQ(g.use(question(other_words)), "miss");
  EXPECT_EQ(g.use(question("what are the benefits of regular exercise")), "semantic");
}

TEST(SemanticOff, NothingIsToldOfIt) {
  FakeUpstream up(answers(reply(whole)));
  CacheGateway g(up.port());
  g.start();
  EXPECT_EQ(g.use(ask), "miss");
  EXPECT_TRUE(parse_json(g.get("/api/v1/cache").body).at("semantic").is_null());
  EXPECT_THAT(g.get("/metrics").body, Not(HasSubstr("wattline_semantic_cache")));
  Client c(g.port());
  c.post("/api/v1/cache/wrong", R"({"answer_id":"x"})");
  EXPECT_EQ(c.read().status, 404);
}

}  // namespace
}  // namespace wattline::serve::tests
