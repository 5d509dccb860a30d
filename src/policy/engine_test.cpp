#include "policy/engine.h"

#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Condition leaf(std::string type, std::string name) {
  return {.kind = Condition::Kind::leaf, .type = std::move(type), .name = std::move(name)};
}
Condition all(std::vector<Condition> parts) { return {.kind = Condition::Kind::all, .parts = std::move(parts)}; }
Condition any(std::vector<Condition> parts) { return {.kind = Condition::Kind::any, .parts = std::move(parts)}; }
Condition none(Condition part) { return {.kind = Condition::Kind::none, .parts = {std::move(part)}}; }

Signal signal(std::string type, std::string name, std::string_view fields = "{}") {
  return {std::move(type), std::move(name), parse_json(fields), "policy:1"};
}
Signal keyword(std::string name, std::string_view word) {
  return signal("keyword", std::move(name), R"({"operator": "OR", "keywords": [")" + std::string(word) + R"("]})");
}
Decision decision(std::string name, Condition when, std::int64_t priority = 0, std::int64_t tier = 0) {
  Decision d;
  d.name = std::move(name);
  d.when = std::move(when);
  d.priority = priority;
  d.tier = tier;
  d.where = "policy:9";
  return d;
}

// What a learned signal says, by name; others are late.
class Says : public LearnedSignals {
 public:
  explicit Says(const Engine& engine, std::map<std::string, SignalValue> values)
      : engine_(engine), values_(std::move(values)) {}
  void evaluate(const RequestView&, std::span<const SignalIndex> wanted, std::chrono::steady_clock::time_point,
                std::span<SignalValue> values) const override {
    for (const SignalIndex i : wanted) {
      asked.push_back(engine_.signals()[i].name);
      const auto found = values_.find(engine_.signals()[i].name);
      values[i] = found == values_.end() ? SignalValue{SignalValue::State::late, false, 0, 0} : found->second;
    }
  }
  std::string description() const override { return "a test"; }

  mutable std::vector<std::string> asked;

 private:
  const Engine& engine_;
  std::map<std::string, SignalValue> values_;
};

SignalValue yes(float confidence, float raw = 0) { return {SignalValue::State::known, true, confidence, raw}; }
SignalValue no() { return {SignalValue::State::known, false, 0, 0}; }

class Asked {
 public:
  explicit Asked(Policy policy) : engine_(Engine::compile(std::move(policy))), scratch_(engine_->scratch()) {}

  std::string decide(std::string_view text, const std::map<std::string, SignalValue>& learned = {}) {
    message_ = {.role = Role::user, .text = text};
    request.messages = {&message_, 1};
    says_ = std::make_unique<Says>(*engine_, learned);
    outcome = engine_->decide(request, *scratch_, says_.get());
    return outcome.decision < 0 ? "" : engine_->policy().decisions[static_cast<std::size_t>(outcome.decision)].name;
  }
  const std::vector<std::string>& asked() const { return says_->asked; }
  const Engine& engine() const { return *engine_; }
  SignalValue value(const std::string& type, const std::string& name) const {
    for (std::size_t i = 0; i < engine_->signals().size(); ++i)
      if (engine_->signals()[i].type == type && engine_->signals()[i].name == name)
        return engine_->value(static_cast<SignalIndex>(i), *scratch_);
    ADD_FAILURE() << type << " " << name;
    return {};
  }
  double score(const std::string& name) const { return engine_->score(name, *scratch_); }

  RequestView request;
  Outcome outcome;

 private:
  std::shared_ptr<const Engine> engine_;
  std::unique_ptr<Engine::Scratch> scratch_;
  Message message_;
  std::unique_ptr<Says> says_;
};

TEST(EngineTest, PrioritiesThenConfidenceThenNames) {
  Policy p;
  p.signals = {keyword("a", "apple"), keyword("b", "pear"), signal("embedding", "near", R"({"candidates": ["x"]})")};
  p.decisions = {decision("low", leaf("keyword", "a"), 1), decision("high", leaf("keyword", "b"), 2),
                 decision("twin", leaf("keyword", "a"), 1), decision("unsure", leaf("embedding", "near"), 1)};
  const std::map<std::string, SignalValue> near = {{"near", yes(0.6f)}};
  Asked ask(p);
  EXPECT_EQ(ask.decide("an apple and a pear", near), "high");
  EXPECT_EQ(ask.decide("an apple", near), "low");  // as sure as "twin", before it by name; "unsure" has 0.6
  EXPECT_FLOAT_EQ(ask.outcome.confidence, 1);
  EXPECT_EQ(ask.decide("a plum", near), "unsure");
  EXPECT_FLOAT_EQ(ask.outcome.confidence, 0.6f);
  EXPECT_EQ(ask.decide("nothing"), "");
}

// A long list of synonyms is no weaker than a short one.
TEST(EngineTest, AKeywordRuleThatMatchesIsSure) {
  Policy p;
  p.signals = {signal("keyword", "wide", R"({"keywords": ["apple", "plum", "fig", "quince"]})"),
               signal("keyword", "like", R"({"keywords": ["apples", "plums"], "method": "fuzzy"})")};
  p.decisions = {decision("wide", leaf("keyword", "wide"), 1), decision("like", leaf("keyword", "like"))};
  Asked ask(p);
  EXPECT_EQ(ask.decide("a fig"), "wide");
  EXPECT_FLOAT_EQ(ask.outcome.confidence, 1);
  EXPECT_EQ(ask.decide("applees"), "like");
  EXPECT_FLOAT_EQ(ask.outcome.confidence, 1);
}

TEST(EngineTest, WithTheStrategyConfidenceTheSurestWins) {
  Policy p;
  p.strategy = Policy::Strategy::confidence;
  p.signals = {keyword("a", "apple"), signal("embedding", "near", R"({"candidates": ["x"]})")};
  p.decisions = {decision("unsure", leaf("embedding", "near"), 9), decision("sure", leaf("keyword", "a"), 1)};
  EXPECT_EQ(Asked(p).decide("apple", {{"near", yes(0.6f)}}), "sure");
}

TEST(EngineTest, TheLowestTierWinsBeforeAll) {
  Policy p;
  p.signals = {keyword("a", "apple")};
  p.decisions = {decision("late", leaf("keyword", "a"), 99, 3), decision("soon", leaf("keyword", "a"), 1, 2)};
  EXPECT_EQ(Asked(p).decide("apple"), "soon");
}

TEST(EngineTest, ConfidencesOfTrees) {
  Policy p;
  p.signals = {signal("embedding", "near", R"({"candidates": ["x"]})"), keyword("z", "z")};
  p.decisions = {decision("mean", all({leaf("embedding", "near"), leaf("keyword", "z")}), 9),
                 decision("most", any({leaf("embedding", "near"), leaf("keyword", "z")}), 8),
                 decision("not", none(leaf("keyword", "z")), 7), decision("rest", {}, 1)};
  Asked ask(p);
  EXPECT_EQ(ask.decide("z", {{"near", yes(0.75f)}}), "mean");
  EXPECT_FLOAT_EQ(ask.outcome.confidence, (0.75f + 1) / 2);
  EXPECT_EQ(ask.decide("x", {{"near", yes(0.75f)}}), "most");
  EXPECT_FLOAT_EQ(ask.outcome.confidence, 0.75f);
  EXPECT_EQ(ask.decide("q", {{"near", no()}}), "not");
  EXPECT_FLOAT_EQ(ask.outcome.confidence, 1);
}

TEST(EngineTest, ACatchAllMatchesWithoutConfidence) {
  Policy p;
  p.decisions = {decision("rest", {})};
  Asked ask(p);
  EXPECT_EQ(ask.decide(""), "rest");
  EXPECT_EQ(ask.outcome.confidence, 0);
}

TEST(EngineTest, LearnedSignalsRunOnlyWhenTheyCanMatter) {
  Policy p;
  p.signals = {keyword("a", "apple"), signal("embedding", "e", R"({"candidates": ["x"]})"),
               signal("embedding", "f", R"({"candidates": ["y"]})")};
  p.decisions = {decision("first", leaf("keyword", "a"), 9),
                 decision("second", all({leaf("embedding", "e"), leaf("keyword", "a")}), 8),
                 decision("third", leaf("embedding", "f"), 7)};
  Asked ask(p);
  EXPECT_EQ(ask.decide("apple"), "first");
  EXPECT_THAT(ask.asked(), IsEmpty());
  EXPECT_EQ(ask.decide("pear", {{"f", yes(0.9f)}}), "third");
  EXPECT_THAT(ask.asked(), ElementsAre("f"));  // "second" cannot match without the apple
}

TEST(EngineTest, EveryLearnedSignalLateStillDecides) {
  Policy p;
  p.signals = {signal("embedding", "e", R"({"candidates": ["x"]})"), signal("domain", "law")};
  p.decisions = {decision("learned", any({leaf("embedding", "e"), leaf("domain", "law")}), 9),
                 decision("not law", none(leaf("domain", "law")), 5), decision("rest", {}, 1)};
  Asked ask(p);
  EXPECT_EQ(ask.decide("x"), "not law");
  EXPECT_EQ(ask.value("domain", "law").state, SignalValue::State::late);
  // A leaf may say what an error means.
  Condition careful = leaf("domain", "law");
  careful.on_error = true;
  p.decisions[0].when = careful;
  EXPECT_EQ(Asked(p).decide("x"), "learned");
}

TEST(EngineTest, WithoutAnythingLearnedADecisionIsMade) {
  Policy p;
  p.signals = {signal("embedding", "e", R"({"candidates": ["x"]})")};
  p.decisions = {decision("learned", leaf("embedding", "e"), 9), decision("rest", {}, 1)};
  const auto engine = Engine::compile(p);
  const auto scratch = engine->scratch();
  EXPECT_EQ(engine->decide({}, *scratch).decision, 1);
  EXPECT_EQ(engine->decide({}, *scratch).decision, 1);
}

TEST(EngineTest, APartitionHasOneWinner) {
  Policy p;
  p.signals = {signal("domain", "math"), signal("domain", "law"), signal("domain", "other")};
  p.projections = {{Projection::Kind::partition, "domains",
                    parse_json(R"({"semantics": "softmax_exclusive", "temperature": 0.1,
                                   "members": ["math", "law", "other"], "default": "other"})"),
                    "policy:2"}};
  p.decisions = {decision("math", leaf("domain", "math"), 3), decision("law", leaf("domain", "law"), 2),
                 decision("other", leaf("domain", "other"), 1)};
  Asked ask(p);
  EXPECT_EQ(ask.decide("x", {{"math", yes(0.6f)}, {"law", yes(0.7f)}, {"other", no()}}), "law");
  EXPECT_NEAR(ask.outcome.confidence, 1 / (1 + std::exp(-1)), 1e-6);
  EXPECT_FALSE(ask.value("domain", "math").match);
  EXPECT_EQ(ask.decide("x", {{"math", no()}, {"law", no()}, {"other", no()}}), "other");
  EXPECT_EQ(ask.outcome.confidence, 0);
  EXPECT_THAT(ask.asked(), testing::UnorderedElementsAre("math", "law", "other"));
}

TEST(EngineTest, ScoresSumAndMappingsBandThem) {
  Policy p;
  p.signals = {keyword("a", "apple"), signal("keyword", "two", R"({"keywords": ["x", "y"]})"),
               signal("context", "long", R"({"min_tokens": "1K"})")};
  p.projections = {{Projection::Kind::score, "inner", parse_json(R"({"inputs": [
         {"type": "keyword", "name": "a", "weight": 0.5, "match": 2, "miss": -1},
         {"type": "keyword", "name": "two", "weight": 0.4, "value_source": "confidence"},
         {"type": "context", "name": "long", "weight": 0.001, "value_source": "raw"}]})"),
                    "policy:3"},
                   {Projection::Kind::score, "outer",
                    parse_json(R"({"inputs": [{"type": "projection", "name": "inner", "weight": 2}]})"), "policy:4"},
                   {Projection::Kind::mapping, "band", parse_json(R"({"source": "outer", "method": "threshold_bands",
         "calibration": {"method": "sigmoid_distance", "slope": 10},
         "outputs": [{"name": "low", "lt": 0}, {"name": "middle", "gte": 0, "lt": 2}, {"name": "high", "gte": 2}]})"),
                    "policy:5"}};
  p.decisions = {decision("high", leaf("projection", "high"), 3), decision("middle", leaf("projection", "middle"), 2),
                 decision("low", leaf("projection", "low"), 1)};
  Asked ask(p);
  EXPECT_EQ(ask.decide("apple x"), "high");
  EXPECT_NEAR(ask.score("inner"), 0.5 * 2 + 0.4 * 1 + 0.001 * 6, 1e-6);
  EXPECT_NEAR(ask.score("outer"), 2 * ask.score("inner"), 1e-12);
  EXPECT_NEAR(ask.outcome.confidence, 1 / (1 + std::exp(-10 * (ask.score("outer") - 2))), 1e-6);
  EXPECT_EQ(ask.decide("pear"), "low");
}

TEST(EngineTest, MultiEmitPutsOutAllBandsThatHold) {
  Policy p;
  p.signals = {keyword("a", "apple")};
  p.projections = {
      {Projection::Kind::score, "s", parse_json(R"({"inputs": [{"type": "keyword", "name": "a"}]})"), "policy:3"},
      {Projection::Kind::mapping, "m", parse_json(R"({"source": "s", "method": "multi_emit",
         "outputs": [{"name": "some", "gt": 0}, {"name": "much", "gt": 0.5}]})"),
       "policy:5"}};
  p.decisions = {decision("both", all({leaf("projection", "some"), leaf("projection", "much")}))};
  EXPECT_EQ(Asked(p).decide("apple"), "both");
}

TEST(EngineTest, AComposerGatesItsRule) {
  Policy p;
  p.signals = {
      keyword("a", "apple"),
      signal("complexity", "task", R"({"threshold": 0.1, "hard": {"candidates": ["h"]}, "easy": {"candidates": ["e"]},
                 "composer": {"operator": "AND", "conditions": [{"type": "keyword", "name": "a"}]}})")};
  p.decisions = {decision("hard", leaf("complexity", "task:hard"), 2), decision("rest", {}, 1)};
  Asked ask(p);
  EXPECT_EQ(ask.decide("pear", {{"task:hard", yes(0.8f)}}), "rest");
  EXPECT_THAT(ask.asked(), IsEmpty());
  EXPECT_EQ(ask.decide("apple", {{"task:hard", yes(0.8f)}}), "hard");
}

TEST(EngineTest, TheWorldIsASignal) {
  Policy p;
  p.signals = {signal("carbon", "dirty", R"({"predicate": {"gt": 400}})"),
               signal("budget", "poor", R"({"predicate": {"lt": 0.1}})"),
               signal("battery", "unplugged", R"({"on_battery": true})")};
  p.decisions = {decision("unplugged", leaf("battery", "unplugged"), 3), decision("dirty", leaf("carbon", "dirty"), 2),
                 decision("poor", leaf("budget", "poor"), 1), decision("rest", {}, 0)};
  Asked ask(p);
  EXPECT_EQ(ask.decide("x"), "rest");
  EXPECT_EQ(ask.value("carbon", "dirty").state, SignalValue::State::failed);
  ask.request.world.carbon_intensity = 500;
  EXPECT_EQ(ask.decide("x"), "dirty");
  ask.request.world.carbon_intensity = 50;
  ask.request.world.budget_left = 0.05;
  EXPECT_EQ(ask.decide("x"), "poor");
  ask.request.world.on_battery = true;
  EXPECT_EQ(ask.decide("x"), "unplugged");
}

TEST(EngineTest, RolesComeFromTheKeyAndFailClosed) {
  Policy p;
  p.signals = {signal("authz", "admin", R"({"role": "admin", "subjects": [{"kind": "User", "name": "ada"},
                                                                            {"kind": "Group", "name": "ops"}]})")};
  p.decisions = {decision("admin", leaf("authz", "admin"))};
  Asked ask(p);
  const Property claimed{"role", "admin"};
  ask.request.metadata = {&claimed, 1};
  EXPECT_EQ(ask.decide("I am admin"), "");
  ask.request.user = "ada";
  EXPECT_EQ(ask.decide("x"), "admin");
  ask.request.user = "bob";
  EXPECT_EQ(ask.decide("x"), "");
  const std::string_view group = "ops";
  ask.request.groups = {&group, 1};
  EXPECT_EQ(ask.decide("x"), "admin");
}

TEST(EngineTest, ConversationsAreCounted) {
  Policy p;
  p.signals = {
      signal("conversation", "many", R"({"feature": {"type": "count", "source": {"type": "message", "role": "user"}},
                                                  "predicate": {"gte": 2}})"),
      signal("conversation", "loop", R"({"feature": {"type": "exists", "source": {"type": "active_tool_loop"}}})")};
  p.decisions = {decision("loop", leaf("conversation", "loop"), 2), decision("many", leaf("conversation", "many"), 1)};
  const auto engine = Engine::compile(p);
  const auto scratch = engine->scratch();
  std::vector<Message> messages = {{.role = Role::user, .text = "a"}};
  RequestView r;
  r.messages = messages;
  EXPECT_EQ(engine->decide(r, *scratch).decision, -1);
  messages.push_back({.role = Role::user, .text = "b"});
  r.messages = messages;
  EXPECT_EQ(engine->decide(r, *scratch).decision, 1);
  messages.push_back({.role = Role::tool, .text = "c"});
  r.messages = messages;
  EXPECT_EQ(engine->decide(r, *scratch).decision, 0);
}

TEST(EngineTest, StructureIsMeasured) {
  Policy p;
  p.signals = {
      signal("structure", "steps", R"({"feature": {"type": "sequence", "source": {"type": "sequence",
               "sequences": [["first", "then"]]}}})"),
      signal("structure", "shouting", R"({"feature": {"type": "count", "source": {"type": "regex", "pattern": "[!！]"}},
               "predicate": {"gte": 2}})"),
      signal("structure", "dense", R"({"feature": {"type": "density", "source": {"type": "keyword_set",
               "keywords": ["at most", "至少"]}}, "predicate": {"gt": 0.2}})")};
  p.decisions = {decision("steps", leaf("structure", "steps"), 3),
                 decision("shouting", leaf("structure", "shouting"), 2),
                 decision("dense", leaf("structure", "dense"), 1)};
  Asked ask(p);
  EXPECT_EQ(ask.decide("First this, THEN that"), "steps");
  EXPECT_EQ(ask.decide("then this, first that"), "");
  EXPECT_EQ(ask.decide("the firstborn then"), "");
  EXPECT_EQ(ask.decide("now！now!"), "shouting");
  EXPECT_FLOAT_EQ(ask.value("structure", "shouting").raw, 2);
  EXPECT_EQ(ask.decide("At most 3"), "dense");
  EXPECT_EQ(ask.decide("至少三"), "dense");
  EXPECT_EQ(ask.decide("at most three people come to the house on that day"), "");
}

TEST(EngineTest, FaultsOfAPolicyNamePlaceAndMend) {
  Policy p;
  p.signals = {keyword("urgent", "now")};
  p.decisions = {decision("d", leaf("keyword", "urgnet"))};
  std::vector<Finding> findings;
  try {
    Engine::compile(p, &findings);
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("urgnet"));
    EXPECT_THAT(e.what(), HasSubstr("urgent"));
    EXPECT_THAT(e.what(), HasSubstr("policy:9"));
  }
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].code, "unknown-signal");
}

TEST(EngineTest, CirclesOfScoresAreFaults) {
  Policy p;
  p.projections = {
      {Projection::Kind::score, "a", parse_json(R"({"inputs": [{"type": "projection", "name": "b"}]})"), "policy:1"},
      {Projection::Kind::score, "b", parse_json(R"({"inputs": [{"type": "projection", "name": "a"}]})"), "policy:2"}};
  EXPECT_THROW(Engine::compile(p), Error);
}

TEST(EngineTest, OddRequestsDecide) {
  Policy p;
  p.signals = {keyword("a", "apple"), signal("context", "long", R"({"min_tokens": "1M"})")};
  p.decisions = {decision("long", leaf("context", "long"), 2), decision("a", leaf("keyword", "a"), 1),
                 decision("rest", {})};
  Asked ask(p);
  EXPECT_EQ(ask.decide(""), "rest");
  EXPECT_EQ(ask.decide("\xff\xfe apple \xc3"), "a");
  EXPECT_EQ(ask.decide(std::string(10 << 20, 'x')), "long");
  EXPECT_EQ(ask.decide(std::string("a\0pple apple", 12)), "a");
}

}  // namespace
}  // namespace wattline::policy
