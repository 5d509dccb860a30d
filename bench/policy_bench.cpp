// Decisions of a policy: 20 decisions over six kinds of heuristic signals, on short and long prompts. The bar of the
// router's issue is 5 us without an allocation (policy/engine_allocation_test.cpp counts those); the reference, in Go, states
// 12.7 to 18.8 us and 40 to 76 allocations for an evaluation (another machine, other rules: no ratio is drawn).
#include <string>

#include <benchmark/benchmark.h>

#include "policy/engine.h"

namespace {

using namespace wattline;
using namespace wattline::policy;

Condition leaf(std::string type, std::string name) {
  return {Condition::Kind::leaf, std::move(type), std::move(name), false, {}};
}

std::shared_ptr<const Engine> engine_of(int decisions) {
  Policy p;
  const char* words[] = {"urgent",  "asap",   "python", "refactor", "stack trace", "contract", "lawsuit", "prove",
                         "theorem", "derive", "recipe", "weather",  "translate",   "summary",  "poem",    "diagnosis"};
  for (int i = 0; i < 12; ++i) {
    std::string list;
    for (int k = 0; k < 6; ++k) list += std::string(k ? ", " : "") + "\"" + words[(i * 5 + k) % 16] + "\"";
    p.signals.push_back({"keyword", "k" + std::to_string(i), parse_json("{\"keywords\": [" + list + "]}"), "bench"});
  }
  p.signals.push_back({"context", "long", parse_json(R"({"min_tokens": "4K"})"), "bench"});
  p.signals.push_back({"conversation", "turns",
                       parse_json(R"({"feature": {"type": "count", "source": {"type": "message",
    "role": "user"}}, "predicate": {"gte": 3}})"),
                       "bench"});
  p.signals.push_back({"structure", "questions", parse_json(R"({"feature": {"type": "count", "source": {"type": "regex",
    "pattern": "[?]"}}, "predicate": {"gte": 2}})"),
                       "bench"});
  p.signals.push_back({"carbon", "dirty", parse_json(R"({"predicate": {"gt": 400}})"), "bench"});
  for (int d = 0; d < decisions; ++d) {
    Decision out;
    out.name = "d" + std::to_string(d);
    out.priority = d;
    out.when = {Condition::Kind::all,
                {},
                {},
                false,
                {{Condition::Kind::any,
                  {},
                  {},
                  false,
                  {leaf("keyword", "k" + std::to_string(d % 12)), leaf("context", "long")}},
                 leaf("structure", "questions"),
                 {Condition::Kind::none, {}, {}, false, {leaf("conversation", "turns")}},
                 {Condition::Kind::none, {}, {}, false, {leaf("carbon", "dirty")}}}};
    p.decisions.push_back(std::move(out));
  }
  p.decisions.push_back({});
  p.decisions.back().name = "rest";
  p.decisions.back().priority = -1;
  return Engine::compile(p);
}

void decide(benchmark::State& state) {
  const auto engine = engine_of(static_cast<int>(state.range(0)));
  const auto scratch = engine->scratch();
  std::string text = "Please refactor this Python function as soon as you can, and say why it is slow? And how fast?";
  while (static_cast<std::int64_t>(text.size()) < state.range(1)) text += " It reads a file of numbers and sorts them.";
  text.resize(static_cast<std::size_t>(state.range(1)));
  const Message message{.role = Role::user, .text = text};
  RequestView request;
  request.messages = {&message, 1};
  request.world.carbon_intensity = 50;
  for (auto _ : state) benchmark::DoNotOptimize(engine->decide(request, *scratch));
  state.SetBytesProcessed(state.iterations() * state.range(1));
}
BENCHMARK(decide)->Args({20, 100})->Args({20, 1000})->Args({20, 10000})->Args({200, 100});

}  // namespace

BENCHMARK_MAIN();
