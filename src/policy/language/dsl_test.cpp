#include "policy/language/dsl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/language/document_json.h"
#include "policy/language/recipes_testing.h"
#include "policy/language/yaml_policy.h"

namespace wattline::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view small = R"(# a comment
ROUTING { strategy: confidence }
SIGNAL keyword urgent {
  operator: "OR"
  keywords: ["urgent", "right \"now\"", "\u00e9t\u00e9"]
  inner: { a: 1, b: [true, null, -2.5e-3], "two words": bare }
}
SIGNAL domain "computer science" {}
PROJECTION score hurry { inputs: [{ type: "keyword", name: "urgent", weight: 1 }] }
MODEL local/small-7b { context_window_size: 4096 }
PLUGIN greet system_prompt { mode: "insert" }
ROUTE fast (description = "for the hasty", output = { format: "json" }) {
  PRIORITY 10
  TIER 1
  WHEN keyword("urgent", on_error: match) AND NOT (domain("computer science") OR domain("law"))
  MODEL "local/small-7b" (reasoning = false, effort = "low"),
        other,
  ALGORITHM static
  PLUGIN greet
  PLUGIN response_cache { enabled: true }
  ACTION route "x"
  EMIT retention { ttl_turns: 3 }
}
ROUTE rest { MODEL "local/small-7b" }
ENTRYPOINT { model_names: ["fast", "quick"] recipe: "speed" }
RECIPE speed (description = "the fast one") {
  SIGNAL keyword k { keywords: ["x"] }
  ROUTE all { WHEN keyword("k") MODEL "a" }
}
BACKEND vllm_endpoint ollama { address: "127.0.0.1" port: 11434 }
GLOBAL { router: { auto_model_names: ["auto"] } }
TEST smoke {
  "this is urgent" -> fast
  "hello" → rest
}
)";

Document read(std::string_view text, std::vector<std::string>* seen = nullptr) {
  std::vector<Finding> faults;
  Document d = read_dsl(text, "p.dsl", faults);
  for (const auto& f : faults) {
    if (seen) seen->push_back(f.where + " " + f.message);
    else ADD_FAILURE() << f.where << ": " << f.message;
  }
  return d;
}

TEST(Dsl, IsReadIntoADocument) {
  const Document d = read(small);
  EXPECT_EQ(d.main.strategy, Policy::Strategy::confidence);
  ASSERT_EQ(d.main.signals.size(), 2u);
  EXPECT_EQ(d.main.signals[0].where, "p.dsl:3:8");
  EXPECT_EQ(d.main.signals[0].fields.at("keywords").as_array()[2].as_string(), "été");
  EXPECT_TRUE(d.main.signals[0].fields.at("inner").at("b").as_array()[1].is_null());
  EXPECT_EQ(d.main.signals[1].name, "computer science");
  EXPECT_EQ(d.main.cards[0].name, "local/small-7b");
  EXPECT_EQ(d.main.plugins[0].type, "system_prompt");
  ASSERT_EQ(d.main.decisions.size(), 2u);
  const Decision& fast = d.main.decisions[0];
  EXPECT_EQ(fast.priority, 10);
  EXPECT_EQ(fast.description, "for the hasty");
  EXPECT_EQ(fast.fields.at("output").at("format").as_string(), "json");
  ASSERT_EQ(fast.models.size(), 2u) << "a comma behind the last is allowed";
  ASSERT_EQ(fast.when.parts.size(), 2u);
  EXPECT_TRUE(fast.when.parts[0].on_error);
  EXPECT_EQ(fast.when.parts[1].kind, Condition::Kind::none);
  EXPECT_EQ(fast.plugins.size(), 2u);
  EXPECT_EQ(d.policy_for("quick").signals.size(), 1u);
  EXPECT_EQ(d.rest.at("backends").as_array()[0].at("port").as_integer(), 11434);
  ASSERT_EQ(d.main.probes.size(), 2u);
  EXPECT_EQ(d.main.probes[1].decision, "rest");
}

TEST(Dsl, WrittenAndReadItIsTheSame) {
  const Document d = read(small);
  EXPECT_EQ(document_json(read(write_dsl(d)), Order::sorted), document_json(d, Order::sorted)) << write_dsl(d);
}

TEST(Dsl, ThroughYamlAndBackNothingIsLost) {
  const Document d = read(small);
  std::vector<Finding> faults;
  const Document yaml = read_yaml_policy(write_yaml_policy(d), "p.yaml", faults);
  ASSERT_TRUE(faults.empty()) << faults[0].where << faults[0].message;
  EXPECT_EQ(document_json(read(write_dsl(yaml)), Order::sorted), document_json(d, Order::sorted));
}

// Fields that the reference's printer leaves out since they say what holds anyway.
Json without_defaults(const Json& v, std::string_view key = {}) {
  if (v.is_array()) {
    Json::Array out;
    for (const auto& e : v.as_array()) out.push_back(without_defaults(e));
    return out;
  }
  if (!v.is_object()) return v;
  Json::Object out;
  for (const auto& [k, value] : v.as_object()) {
    if ((k == "case_sensitive" || k == "include_intermediate_responses") && value == Json(false)) continue;
    // Named plugins without settings: what their routes use by its type anyhow.
    if (k == "plugins" && key == "policy") continue;
    out.emplace_back(k, without_defaults(value));
  }
  return out;
}

Json comparable(const Policy& p, bool own_fields) {
  Json j = policy_json(p, Order::sorted);
  if (!own_fields) j.set("fields", Json());
  return without_defaults(j, "policy");
}

TEST(Dsl, BothFormsOfARecipeAreOnePolicy) {
  const auto recipes = tests::recipes();
  if (recipes.empty()) GTEST_SKIP() << "skipped: no shared data";
  for (const auto& r : recipes) {
    std::vector<Finding> faults;
    const Document yaml = read_yaml_policy(r.yaml, r.name, faults);
    const Document dsl = read(r.dsl);
    EXPECT_EQ(comparable(dsl.main, true).dump(1), comparable(yaml.main, true).dump(1)) << r.name;
    ASSERT_EQ(dsl.recipes.size(), yaml.recipes.size());
    for (std::size_t i = 0; i < dsl.recipes.size(); ++i)
      EXPECT_EQ(comparable(dsl.recipes[i], true).dump(1), comparable(yaml.recipes[i], true).dump(1))
          << dsl.recipes[i].name;
    ASSERT_EQ(dsl.entries.size(), yaml.entries.size());
    for (std::size_t i = 0; i < dsl.entries.size(); ++i) EXPECT_EQ(dsl.entries[i].models, yaml.entries[i].models);
    for (const auto& p : dsl.main.plugins) EXPECT_TRUE(p.type.empty() && p.fields == Json(Json::Object{}));

    EXPECT_EQ(document_json(read(write_dsl(dsl))), document_json(dsl)) << r.name;
    EXPECT_EQ(document_json(read(write_dsl(yaml)), Order::sorted), document_json(yaml, Order::sorted)) << r.name;
    const Document through = read_yaml_policy(write_yaml_policy(dsl), r.name, faults);
    EXPECT_TRUE(faults.empty());
    EXPECT_EQ(document_json(through, Order::sorted), document_json(dsl, Order::sorted)) << r.name;
  }
}

TEST(Dsl, ASyntaxErrorSaysWhereAndWhatAndReadingGoesOn) {
  std::vector<std::string> seen;
  const Document d = read(
      "SIGNAL keyword a {\n"
      "  operator \"OR\"\n"
      "  keywords: [\"x\" \"y\"]\n"
      "  method: regex\n"
      "}\n"
      "SIGNL keyword b {}\n"
      "SIGNAL keyword c { threshold: 12K }\n"
      "ROUTE r {\n"
      "  PRIORITY high\n"
      "  WHEN keyword(\"a\") AND\n"
      "  MODEL \"m\"\n"
      "  PLUGN x\n"
      "  TIER 2\n"
      "}\n"
      "ROUTE s { WHEN keyword('a') MODEL \"m\" }\n"
      "ROUTE t { MODEL \"m\" }\n",
      &seen);
  EXPECT_THAT(
      seen, ElementsAre(HasSubstr("p.dsl:2:12 expected ':' after the field 'operator', found the text \"OR\""),
                        HasSubstr("p.dsl:3:18 expected ',' or ']' in a list"),
                        HasSubstr("p.dsl:6:1 expected one of SIGNAL"), HasSubstr("p.dsl:7:31 '12K' is no number"),
                        HasSubstr("p.dsl:9:12 PRIORITY takes a whole number, found 'high'"),
                        HasSubstr("p.dsl:11:3 expected a condition such as"), HasSubstr("p.dsl:12:3 expected PRIORITY"),
                        HasSubstr("p.dsl:15:24")));
  ASSERT_EQ(d.main.signals.size(), 2u);
  EXPECT_EQ(d.main.signals[0].fields.at("method").as_string(), "regex") << "the fields behind a fault are read";
  EXPECT_EQ(d.main.decisions.back().name, "t");
  EXPECT_EQ(d.main.decisions[0].tier, 2);
}

TEST(Dsl, AMissingBraceIsToldOnce) {
  std::vector<std::string> seen;
  Document d = read("ROUTE r {\n  MODEL \"m\"\nROUTE s { MODEL \"m\" }\n", &seen);
  EXPECT_THAT(seen, ElementsAre(HasSubstr("p.dsl:3:1 expected '}' at the end of route r")));
  EXPECT_EQ(d.main.decisions.size(), 2u);
  seen.clear();
  d = read("SIGNAL keyword a {\n  operator: \"OR\"\nSIGNAL keyword b {}\n", &seen);
  EXPECT_THAT(seen, ElementsAre(HasSubstr("p.dsl:3:1 expected a field of signal a or '}', found 'SIGNAL'")));
  EXPECT_EQ(d.main.signals.back().name, "b");
  seen.clear();
  d = read("RECIPE a {\n  SIGNAL keyword x {}\nRECIPE b {\n}\n", &seen);
  EXPECT_THAT(seen, ElementsAre(HasSubstr("the recipe 'a' is not closed")));
  EXPECT_EQ(d.recipes.size(), 2u);
}

TEST(Dsl, OddTextsAreFaultsAndNeverMore) {
  for (const char* text :
       {"SIGNAL", "SIGNAL keyword", "SIGNAL keyword a", "SIGNAL keyword a {", "\"", "'", "ROUTE r {", "ROUTE r (",
        "ROUTE r { WHEN", "ROUTE r { WHEN NOT", "RECIPE", "}", "SIGNAL keyword a { x: }", "TEST t { \"a\" b }",
        "SIGNAL keyword \"\\q\" {}", "SIGNAL keyword \"\\ud800\" {}", "MODEL m { n: 1e999 }",
        "ROUTE r { WHEN keyword(\"\") }", "MODEL m { a: 1 a: 2 }"}) {
    std::vector<std::string> seen;
    read(text, &seen);
    EXPECT_FALSE(seen.empty()) << text;
  }
  std::vector<std::string> seen;
  read("MODEL m { a: " + std::string(100'000, '['), &seen);
  read("ROUTE r { WHEN " + std::string(100'000, '('), &seen);
  std::string nots;
  for (int i = 0; i < 50'000; ++i) nots += "NOT ";
  read("ROUTE r { WHEN " + nots, &seen);
  EXPECT_GE(seen.size(), 3u);
  seen.clear();
  std::string many;
  for (int i = 0; i < 500; ++i) many += "WHAT is\n";
  read(many, &seen);
  EXPECT_LE(seen.size(), 100u);
  EXPECT_TRUE(read("").main.decisions.empty());
}

}  // namespace
}  // namespace wattline::policy
