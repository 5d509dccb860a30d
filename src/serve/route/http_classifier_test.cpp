// A classifier over HTTP: what it says, what happens when it says nothing, or nothing in time.
#include "serve/route/http_classifier.h"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "kernel/http_testing.h"
#include "kernel/json.h"
#include "policy/language/language.h"

namespace wattline::serve {
namespace {

using wattline::tests::HttpServer;
using State = policy::SignalValue::State;

constexpr std::string_view rules = R"([[signal]]
type = "classifier"
name = "toxic"
classifier = "moderation"
threshold = 0.7

[[signal]]
type = "classifier"
name = "spam"
classifier = "moderation"
label = "unwanted"
threshold = 0.7

[[model]]
name = "small"

[[model]]
name = "large"

[[decision]]
name = "careful"
priority = 2
when = 'classifier("toxic") OR classifier("spam")'
models = ["large"]

[[decision]]
name = "rest"
priority = 1
models = ["small"]
)";

struct Asked {
  std::shared_ptr<const policy::Engine> engine;
  std::shared_ptr<const policy::LearnedSignals> signals;
  std::vector<policy::Finding> findings;
  std::unique_ptr<policy::Engine::Scratch> scratch;

  explicit Asked(ClassifierConfig c) {
    const auto document = policy::read_policy(rules, "policy.toml");
    engine = policy::Engine::compile(document.main);
    scratch = engine->scratch();
    findings.push_back(
        {policy::Finding::Level::warning, "unserved-signal", engine->policy().signals[0].where, "m", "f", {}});
    findings.push_back({policy::Finding::Level::warning, "other", engine->policy().signals[0].where, "m", "f", {}});
    c.name = "moderation";
    signals = with_classifiers(*engine, nullptr, {c}, findings);
  }
  std::string decide(std::string_view text, std::chrono::milliseconds budget = std::chrono::milliseconds(5000)) {
    const policy::Message message{.role = policy::Role::user, .text = text};
    policy::RequestView request;
    request.messages = {&message, 1};
    const auto outcome = engine->decide(request, *scratch, signals.get(), budget);
    return outcome.decision < 0 ? "" : engine->policy().decisions[static_cast<std::size_t>(outcome.decision)].name;
  }
  State state() const { return engine->value(0, *scratch).state; }
};

ClassifierConfig at(const HttpServer& s) {
  ClassifierConfig c;
  c.url = s.url() + "/classify";
  c.timeout = Duration(5);
  return c;
}

TEST(HttpClassifier, OneQuestionTellsAllItsLabels) {
  HttpServer service([](const HttpServer::Request& r, wattline::tests::Connection& c) {
    const Json asked = parse_json(r.body);
    EXPECT_EQ(asked.at("labels").as_array().size(), 2u);
    const bool bad = asked.at("text").as_string().find("idiot") != std::string::npos;
    return c.send(wattline::tests::reply(bad ? R"({"scores":{"toxic":0.9,"unwanted":0.1}})"
                                             : R"({"scores":{"toxic":0.2,"unwanted":0.1}})"));
  });
  Asked a(at(service));
  EXPECT_EQ(a.decide("You idiot"), "careful");
  EXPECT_EQ(a.state(), State::known);
  EXPECT_EQ(service.requests(), 1);
  EXPECT_EQ(a.decide("Thank you"), "rest");
  EXPECT_EQ(service.requests(), 2);
  // It is served now, so that nobody is told that it is not.
  ASSERT_EQ(a.findings.size(), 1u);
  EXPECT_EQ(a.findings[0].code, "other");
}

// The trap: a decision is always made.
TEST(HttpClassifier, WhoDoesNotAnswerInTimeIsDecidedWithout) {
  std::atomic<bool> over{false};
  HttpServer service([&](const HttpServer::Request&, wattline::tests::Connection&) {
    while (!over) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return false;
  });
  ClassifierConfig c = at(service);
  c.timeout = Duration(0.05);
  Asked a(c);
  EXPECT_EQ(a.decide("You idiot"), "rest");
  EXPECT_EQ(a.state(), State::late);
  // The policy's own deadline is shorter than the classifier's.
  ClassifierConfig patient = at(service);
  patient.timeout = Duration(60);
  Asked b(patient);
  EXPECT_EQ(b.decide("You idiot", std::chrono::milliseconds(50)), "rest");
  EXPECT_EQ(b.state(), State::late);
  EXPECT_EQ(b.decide("You idiot", std::chrono::milliseconds(0)), "rest");
  over = true;
}

TEST(HttpClassifier, WhoFailsIsLeftAlone) {
  HttpServer service([](const HttpServer::Request&, wattline::tests::Connection& c) {
    return c.send(wattline::tests::reply("{}", "500 Internal Server Error"));
  });
  ClassifierConfig c = at(service);
  c.failures = 3;
  c.rest = Duration(3600);
  Asked a(c);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(a.decide("You idiot"), "rest");
    EXPECT_EQ(a.state(), State::failed);
  }
  EXPECT_EQ(service.requests(), 3);
}

TEST(HttpClassifier, WhatIsNoAnswerIsAFailure) {
  std::string said = "no json";
  HttpServer service(
      [&](const HttpServer::Request&, wattline::tests::Connection& c) { return c.send(wattline::tests::reply(said)); });
  Asked a(at(service));
  for (const char* text : {"no json", "{}", R"({"scores":{"toxic":7}})", "[]"}) {
    said = text;
    EXPECT_EQ(a.decide("You idiot"), "rest") << text;
    EXPECT_EQ(a.state(), State::failed) << text;
  }
}

TEST(HttpClassifier, NobodyThereIsAFailure) {
  ClassifierConfig c;
  {
    HttpServer gone([](const HttpServer::Request&, wattline::tests::Connection&) { return false; });
    c = at(gone);
  }
  Asked a(c);
  EXPECT_EQ(a.decide("You idiot"), "rest");
  EXPECT_EQ(a.state(), State::failed);
}

TEST(HttpClassifier, WithoutServicesNothingChanges) {
  const auto engine = policy::Engine::compile(policy::read_policy(rules, "policy.toml").main);
  std::vector<policy::Finding> findings;
  EXPECT_EQ(with_classifiers(*engine, nullptr, {}, findings), nullptr);
}

}  // namespace
}  // namespace wattline::serve
