// A decision over heuristic signals allocates nothing once its scratch has seen such a text: counted, not believed.
#include <gtest/gtest.h>

#include "policy/counting_testing.h"
#include "policy/engine.h"

namespace wattline::policy {
namespace {

TEST(EngineTest, ADecisionOverHeuristicSignalsAllocatesNothing) {
  Policy p;
  const auto signal = [&](std::string type, std::string name, std::string_view fields) {
    p.signals.push_back({std::move(type), std::move(name), parse_json(fields), "policy:1"});
  };
  signal("keyword", "urgent", R"({"keywords": ["urgent", "as soon as possible", "马上"]})");
  signal("keyword", "code", R"({"operator": "AND", "keywords": ["python", "error"]})");
  signal("context", "long", R"({"min_tokens": "1K"})");
  signal("structure", "questions", R"({"feature": {"type": "density", "source": {"type": "regex", "pattern": "[?]"}},
                                       "predicate": {"gt": 0.05}})");
  signal("conversation", "many",
         R"({"feature": {"type": "count", "source": {"type": "message"}}, "predicate": {"gte": 3}})");
  signal("carbon", "dirty", R"({"predicate": {"gt": 400}})");
  p.projections.push_back({Projection::Kind::score, "s", parse_json(R"({"inputs": [
    {"type": "keyword", "name": "urgent", "value_source": "confidence"}, {"type": "context", "name": "long"}]})"),
                           "policy:2"});
  p.projections.push_back({Projection::Kind::mapping, "m", parse_json(R"({"source": "s",
    "outputs": [{"name": "low", "lt": 0.5}, {"name": "high", "gte": 0.5}]})"),
                           "policy:3"});
  const auto leaf = [](std::string type, std::string name) {
    return Condition{Condition::Kind::leaf, std::move(type), std::move(name), false, {}};
  };
  for (int i = 0; i < 20; ++i) {
    Decision d;
    d.name = "d" + std::to_string(i);
    d.priority = i;
    d.when = {Condition::Kind::all,
              {},
              {},
              false,
              {leaf("keyword", i % 2 ? "urgent" : "code"),
               leaf("structure", "questions"),
               {Condition::Kind::none, {}, {}, false, {leaf("conversation", "many")}},
               leaf("projection", "high"),
               {Condition::Kind::none, {}, {}, false, {leaf("carbon", "dirty")}}}};
    p.decisions.push_back(std::move(d));
  }
  const auto engine = Engine::compile(p);
  const auto scratch = engine->scratch();
  const Message message{.role = Role::user, .text = "Urgent: why does this Python function raise an error? Please?"};
  RequestView request;
  request.messages = {&message, 1};
  request.world.carbon_intensity = 50;
  const Outcome first = engine->decide(request, *scratch);
  EXPECT_EQ(first.decision, 19);
  const tests::CountAllocations count;
  for (int i = 0; i < 100; ++i) engine->decide(request, *scratch);
  EXPECT_EQ(count.so_far(), 0);
}

}  // namespace
}  // namespace wattline::policy
