#include "policy/language/yaml_policy.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "policy/language/document_json.h"
#include "policy/language/recipes_testing.h"

namespace wattline::policy {
namespace {

constexpr std::string_view small = R"(version: v0.3
routing:
  strategy: confidence
  modelCards:
    - name: small
      context_window_size: 4096
  signals:
    keywords:
      - name: urgent
        operator: OR
        keywords: [urgent, asap]
    planets:
      - name: mars
        orbit: 4
  projections:
    scores:
      - name: hurry
        inputs: [{type: keyword, name: urgent, weight: 1}]
  decisions:
    - name: fast
      description: for the hasty
      priority: 10
      tier: 1
      output: {format: json}
      rules:
        operator: OR
        conditions:
          - operator: AND
            conditions:
              - {type: keyword, name: urgent, on_error: match}
      modelRefs:
        - {model: small, use_reasoning: false, reasoning_effort: low, lora_name: a, weight: 2}
      algorithm: {type: static, minimum: 1, static: {x: 1}}
      plugins:
        - type: system_prompt
          configuration: {enabled: true}
    - name: rest
      modelRefs: [{model: small}]
entrypoints:
  - {model_names: [fast, quick], recipe: speed}
recipes:
  - name: speed
    description: the fast one
    routing: {decisions: [{name: all, modelRefs: [{model: small}]}], extra: 1}
global: {router: {auto_model_names: [auto]}}
)";

TEST(YamlPolicy, IsReadIntoADocument) {
  std::vector<Finding> faults;
  const Document d = read_yaml_policy(small, "p.yaml", faults);
  ASSERT_TRUE(faults.empty()) << faults[0].where << ": " << faults[0].message;
  EXPECT_EQ(d.main.strategy, Policy::Strategy::confidence);
  ASSERT_EQ(d.main.signals.size(), 2u);
  EXPECT_EQ(d.main.signals[0].type, "keyword");
  EXPECT_EQ(d.main.signals[0].where, "p.yaml:9");
  EXPECT_EQ(d.main.signals[1].type, "planets") << "what is not known is kept";
  ASSERT_EQ(d.main.decisions.size(), 2u);
  const Decision& fast = d.main.decisions[0];
  EXPECT_EQ(fast.where, "p.yaml:20");
  EXPECT_EQ(fast.when.kind, Condition::Kind::leaf) << "parts that stand alone are themselves";
  EXPECT_TRUE(fast.when.on_error);
  EXPECT_EQ(fast.models[0].fields.at("effort").as_string(), "low");
  EXPECT_FALSE(fast.models[0].fields.at("reasoning").as_bool());
  EXPECT_EQ(fast.algorithm->fields.at("x").as_integer(), 1);
  EXPECT_EQ(fast.plugins[0].name, "system_prompt");
  EXPECT_EQ(fast.fields.at("output").at("format").as_string(), "json");
  EXPECT_TRUE(d.main.decisions[1].when.always());
  EXPECT_EQ(d.policy_for("quick").name, "speed");
  EXPECT_EQ(d.recipes[0].fields.at("description").as_string(), "the fast one");
  EXPECT_EQ(d.rest.as_object().size(), 2u);
}

TEST(YamlPolicy, WrittenAndReadItIsTheSame) {
  std::vector<Finding> faults;
  const Document d = read_yaml_policy(small, "p.yaml", faults);
  const Document again = read_yaml_policy(write_yaml_policy(d), "again", faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(document_json(again), document_json(d)) << write_yaml_policy(d);
}

TEST(YamlPolicy, AllRecipesAreReadAndWrittenWithoutLoss) {
  const auto recipes = tests::recipes();
  if (recipes.empty()) GTEST_SKIP() << "skipped: no shared data";
  ASSERT_EQ(recipes.size(), 5u);
  for (const auto& r : recipes) {
    std::vector<Finding> faults;
    const Document d = read_yaml_policy(r.yaml, r.name, faults);
    for (const auto& f : faults) ADD_FAILURE() << f.where << ": " << f.message;
    EXPECT_FALSE(d.main.decisions.empty() && d.recipes.empty()) << r.name;
    const Document again = read_yaml_policy(write_yaml_policy(d), r.name, faults);
    EXPECT_EQ(document_json(again), document_json(d)) << r.name;
    EXPECT_TRUE(faults.empty());
  }
}

std::vector<Finding> faults_of(std::string_view text) {
  std::vector<Finding> faults;
  read_yaml_policy(text, "p.yaml", faults);
  return faults;
}

TEST(YamlPolicy, FaultsNameTheirPlaceAndAllAreFound) {
  const auto faults = faults_of(
      "routing:\n"
      "  strategy: fastest\n"
      "  signals:\n"
      "    keywords:\n"
      "      - operator: OR\n"
      "      - urgent\n"
      "  projections:\n"
      "    score: []\n"
      "  decisions:\n"
      "    - name: a\n"
      "      priority: high\n"
      "      rules: {operator: XOR, conditions: []}\n"
      "    - name: b\n"
      "      rules:\n"
      "        operator: NOT\n"
      "        conditions: []\n"
      "    - name: c\n"
      "      rules: {type: keyword, nam: urgent}\n");
  std::vector<std::string> found;
  for (const auto& f : faults) {
    found.push_back(f.where + " " + f.code);
    EXPECT_EQ(f.level, Finding::Level::error);
  }
  const std::vector<std::string> expected = {
      "p.yaml:2 bad-value",     "p.yaml:5 missing-field",  "p.yaml:6 wrong-kind",
      "p.yaml:8 unknown-field", "p.yaml:11 wrong-kind",    "p.yaml:12 bad-value",
      "p.yaml:14 bad-value",    "p.yaml:18 missing-field", "p.yaml:18 unknown-field"};
  EXPECT_EQ(found, expected);
  EXPECT_EQ(faults[3].fix, "did you mean 'scores'?");
}

TEST(YamlPolicy, WhatIsNoYamlIsOneFault) {
  EXPECT_EQ(faults_of("routing: [1, 2\n").size(), 1u);
  EXPECT_EQ(faults_of("- a\n- b\n").size(), 1u);
  EXPECT_EQ(faults_of("routing: 7\n").size(), 1u);
  EXPECT_EQ(faults_of("routing: {decisions: 7, signals: [], modelCards: x}\n").size(), 3u);
  EXPECT_EQ(faults_of("routing: {signals: {keywords: 1}}\n").size(), 1u);
  std::string deep = "routing: {decisions: [{name: a, rules: ";
  for (int i = 0; i < 90; ++i) deep += "{operator: NOT, conditions: [";
  deep += "{type: keyword, name: x}";
  for (int i = 0; i < 90; ++i) deep += "]}";
  EXPECT_FALSE(faults_of(deep + "}]}\n").empty()) << "deep, and no crash";
}

}  // namespace
}  // namespace wattline::policy
