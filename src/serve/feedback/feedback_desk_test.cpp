#include "serve/feedback/feedback_desk.h"

#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/testing.h"

namespace wattline::serve {
namespace {

using ::testing::HasSubstr;
using Effect = FeedbackEffect;
constexpr std::int64_t second = 1'000'000'000;

// Answers of models in one decision, and what the algorithm was told of each model.
struct World {
  std::map<std::string, std::shared_ptr<Answer>> answers;
  std::map<std::string, double> good, bad;
  std::unique_ptr<FeedbackDesk> desk;
  std::int64_t now_ns = second;

  explicit World(FeedbackConfig c = {}) : desk(std::make_unique<FeedbackDesk>(std::move(c))) {}

  Answer& add(const std::string& id, const std::string& key = "k", const std::string& model = "small") {
    auto a = std::make_shared<Answer>();
    a->id = id;
    auto basis = std::make_shared<Basis>();
    basis->model = model;
    a->basis = basis;
    if (!key.empty()) a->requester = std::make_shared<const Requester>(Requester{"lab", key});
    auto route = std::make_shared<RouteTold>();
    route->router = "auto";
    route->decision = "rest";
    route->algorithm = "thompson";
    route->propensity = 0.25;
    route->considered = {{"small", 0.6, 0.7, 10, {}}, {"large", 0.5, 0.9, 100, {}}};
    a->route = route;
    return *(answers[id] = a);
  }
  std::variant<FeedbackRecord, ApiError> say(const std::string& id, const std::string& rating,
                                             const std::string& key = "k") {
    FeedbackAsk ask =
        std::get<FeedbackAsk>(read_feedback(R"({"answer_id":")" + id + R"(","rating":")" + rating + R"("})"));
    return say(ask, key);
  }
  std::variant<FeedbackRecord, ApiError> say(const FeedbackAsk& ask, const std::string& key = "k") {
    return desk->take(
        ask, key.empty() ? FeedbackDesk::Who{} : FeedbackDesk::Who{"lab", key},
        [&](std::string_view id) -> AnswerPtr {
          const auto it = answers.find(std::string(id));
          return it == answers.end() ? nullptr : it->second;
        },
        [&](const Answer& a, const Answer*, const policy::Feedback& f) {
          EXPECT_EQ(f.propensity, 0.25);
          (f.quality >= 0.5 ? good : bad)[a.basis->model] += 1;
          return true;
        },
        Time::now(), now_ns);
  }
  Effect effect(const std::string& id, const std::string& rating, const std::string& key = "k") {
    auto out = say(id, rating, key);
    if (auto* e = std::get_if<ApiError>(&out)) {
      ADD_FAILURE() << e->message;
      return Effect::noted;
    }
    return std::get<FeedbackRecord>(out).effect;
  }
  int status(const std::string& id, const std::string& rating, const std::string& key = "k") {
    auto out = say(id, rating, key);
    return std::holds_alternative<ApiError>(out) ? std::get<ApiError>(out).status : 200;
  }
};

TEST(FeedbackDesk, TheAlgorithmIsToldOnce) {
  World w;
  w.add("wl-1");
  EXPECT_EQ(w.effect("wl-1", "down"), Effect::learned);
  EXPECT_EQ(w.effect("wl-1", "down"), Effect::repeated);
  EXPECT_EQ(w.effect("wl-1", "down"), Effect::repeated);
  EXPECT_EQ(w.bad["small"], 1);
  EXPECT_EQ(w.status("wl-1", "up"), 409);
  EXPECT_EQ(w.good["small"], 0);
  EXPECT_EQ(w.desk->count(Effect::learned), 1);
  EXPECT_EQ(w.desk->count(Effect::repeated), 2);
  EXPECT_EQ(w.desk->negative(), 1);
  EXPECT_EQ(w.desk->refused(), 1);
}

TEST(FeedbackDesk, OnlyOnesOwnAnswers) {
  World w;
  w.add("wl-1", "mine");
  w.add("wl-2", "");
  EXPECT_EQ(w.status("wl-1", "down", "other"), 404);
  EXPECT_EQ(w.status("wl-1", "down", ""), 404);
  EXPECT_EQ(w.status("wl-9", "down", "mine"), 404);
  EXPECT_EQ(w.status("wl-2", "down", "mine"), 404);
  EXPECT_EQ(w.status("wl-1", "down", "mine"), 200);
  EXPECT_EQ(w.status("wl-2", "down", ""), 200);
  // The words of a refusal do not tell another's answer from none.
  auto of = [&](const char* id) {
    auto out = w.say(id, "up", "other");
    std::string text = std::get<ApiError>(out).message;
    text.replace(text.find(id), std::string(id).size(), "X");
    return text;
  };
  EXPECT_EQ(of("wl-1"), of("wl-9"));
  const FeedbackDesk::Who mine{"lab", "mine"};
  EXPECT_EQ(w.desk->latest(10, &mine).size(), 1u);
  EXPECT_EQ(w.desk->latest(10, nullptr).size(), 2u);
}

TEST(FeedbackDesk, WhatFailedOrWasSetAsideIsNoAnswer) {
  World w;
  w.add("wl-1").status = AnswerStatus::error;
  w.add("wl-2").attempt = "escalated";
  EXPECT_EQ(w.status("wl-1", "down"), 409);
  EXPECT_EQ(w.status("wl-2", "down"), 409);
}

// The trap: one who says the same thing over and over must not decide for all.
TEST(FeedbackDesk, OneKeyTeachesNoMoreThanItsInfluence) {
  World w({.per_minute = 1e5, .influence = 20});
  for (int i = 0; i < 1000; ++i) w.add("wl-l" + std::to_string(i), "loud");
  for (int i = 0; i < 10; ++i) w.add("wl-q" + std::to_string(i), "quiet");
  for (int i = 0; i < 1000; ++i) w.effect("wl-l" + std::to_string(i), "down", "loud");
  EXPECT_EQ(w.bad["small"], 20);
  EXPECT_EQ(w.desk->count(Effect::held_back), 980);
  // Others' say is as before.
  for (int i = 0; i < 10; ++i) EXPECT_EQ(w.effect("wl-q" + std::to_string(i), "up", "quiet"), Effect::learned);
  EXPECT_EQ(w.good["small"], 10);
  // And of another model the loud one may still speak.
  w.add("wl-x", "loud", "large");
  EXPECT_EQ(w.effect("wl-x", "up", "loud"), Effect::learned);
}

TEST(FeedbackDesk, InfluenceComesBackWithTime) {
  World w({.per_minute = 1e5, .influence = 2, .half_life = Duration(100)});
  for (int i = 0; i < 8; ++i) w.add("wl-" + std::to_string(i));
  EXPECT_EQ(w.effect("wl-0", "down"), Effect::learned);
  EXPECT_EQ(w.effect("wl-1", "down"), Effect::learned);
  EXPECT_EQ(w.effect("wl-2", "down"), Effect::held_back);
  w.now_ns += 100 * second;  // 2 have become 1
  EXPECT_EQ(w.effect("wl-3", "down"), Effect::learned);
  EXPECT_EQ(w.effect("wl-4", "down"), Effect::held_back);
  w.now_ns -= 50 * second;  // a clock that goes back brings nothing
  EXPECT_EQ(w.effect("wl-5", "down"), Effect::held_back);
}

TEST(FeedbackDesk, WithoutInfluenceNothingIsTaught) {
  World w({.influence = 0});
  w.add("wl-1");
  EXPECT_EQ(w.effect("wl-1", "down"), Effect::held_back);
  EXPECT_EQ(w.desk->latest(1, nullptr).size(), 1u);
}

TEST(FeedbackDesk, TheRateOfAKeyIsLimited) {
  World w({.per_minute = 3});
  for (int i = 0; i < 5; ++i) w.add("wl-" + std::to_string(i)), w.add("wl-o" + std::to_string(i), "other");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(w.status("wl-" + std::to_string(i), "up"), 200);
  auto refused = w.say("wl-3", "up");
  ASSERT_TRUE(std::holds_alternative<ApiError>(refused));
  EXPECT_EQ(std::get<ApiError>(refused).status, 429);
  EXPECT_EQ(std::get<ApiError>(refused).retry_after_s, 20);
  EXPECT_EQ(w.status("wl-o0", "up", "other"), 200);
  w.now_ns += 20 * second;
  EXPECT_EQ(w.status("wl-3", "up"), 200);
}

// A popular answer that the cache gives again and again is one answer.
TEST(FeedbackDesk, RepeatsOfAnAnswerCountOnceAKey) {
  World w;
  w.add("wl-1");
  for (int i = 2; i < 6; ++i) {
    Answer& a = w.add("wl-" + std::to_string(i));
    a.cache = CacheUse::hit;
    a.saved_from = "wl-1";
  }
  EXPECT_EQ(w.effect("wl-2", "down"), Effect::learned);
  for (int i = 1; i < 6; ++i) EXPECT_EQ(w.effect("wl-" + std::to_string(i), "down"), Effect::repeated);
  EXPECT_EQ(w.bad["small"], 1);
}

TEST(FeedbackDesk, ListenersHearEachVerdictOnce) {
  World w({.influence = 1});
  w.add("wl-1");
  w.add("wl-2");
  std::vector<std::string> heard;
  auto token = w.desk->listen([&](const FeedbackRecord& r) {
    heard.push_back(r.answer->id + (r.verdict.negative() ? "-" : "+"));
    throw std::runtime_error("its own business");
  });
  w.effect("wl-1", "down");
  w.effect("wl-1", "down");
  w.effect("wl-2", "up");  // teaches nothing any more, and is heard
  EXPECT_EQ(heard, (std::vector<std::string>{"wl-1-", "wl-2+"}));
  token.reset();
  w.add("wl-3");
  w.effect("wl-3", "down");
  EXPECT_EQ(heard.size(), 2u);
}

TEST(FeedbackDesk, MemoryIsBounded) {
  World w({.per_minute = 1e5, .kept = 3});
  for (int i = 0; i < 10; ++i) {
    w.add("wl-" + std::to_string(i));
    w.effect("wl-" + std::to_string(i), "up");
  }
  const auto all = w.desk->latest(100, nullptr);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].answer->id, "wl-9");
}

TEST(FeedbackDesk, TheFileHoldsWhatJudgingNeeds) {
  const ::wattline::tests::ScratchDir dir;
  const std::string file = (dir.path() / "feedback.jsonl").string();
  World w({.file = file});
  w.add("wl-1").joules.value = 12.5;
  w.effect("wl-1", "down");
  w.effect("wl-1", "down");
  std::ifstream in(file);
  std::string line, more;
  ASSERT_TRUE(std::getline(in, line));
  EXPECT_FALSE(std::getline(in, more));
  const Json j = parse_json(line);
  EXPECT_EQ(j.at("propensity").as_number(), 0.25);
  EXPECT_EQ(j.at("quality").as_number(), 0);
  EXPECT_EQ(j.at("model").as_string(), "small");
  EXPECT_EQ(j.at("energy_j").as_number(), 12.5);
  EXPECT_EQ(j.at("candidates").as_array().size(), 2u);
  EXPECT_EQ(j.at("effect").as_string(), "learned");
  EXPECT_THROW(FeedbackDesk({.file = (dir.path() / "no" / "such").string()}), Error);
  EXPECT_THROW(w.desk->apply({.file = (dir.path() / "no" / "such").string()}), Error);
  w.add("wl-2");
  EXPECT_EQ(w.effect("wl-2", "up"), Effect::learned);  // as before
}

}  // namespace
}  // namespace wattline::serve
