#include "policy/check/check.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/testing.h"
#include "policy/language/language.h"
#include "policy/language/recipes_testing.h"

namespace wattline::policy {
namespace {

using testing::HasSubstr;

std::vector<Finding> found(std::string_view dsl, const CheckOptions& options = {}) {
  std::vector<Finding> faults;
  const Document d = read_policy(dsl, "p.dsl", Language::dsl, &faults);
  for (const auto& f : faults) ADD_FAILURE() << f.where << ": " << f.message;
  return check(d, options);
}

std::string told(const std::vector<Finding>& all) {
  std::string out;
  for (const auto& f : all)
    out += fmt::format("{} {} {}: {}\n  fix: {}\n  example: {}\n", f.where, to_string(f.level), f.code, f.message,
                       f.fix, f.example);
  return out;
}

// A policy without a fault, to which the seeds add theirs.
const std::string ground =
    "MODEL m { context_window_size: 4096 }\n"
    "SIGNAL keyword urgent { keywords: [\"urgent\"] }\n"
    "SIGNAL keyword calm { keywords: [\"calm\"] }\n"
    "ROUTE rest { MODEL \"m\" }\n";

// A seeded fault gives exactly its finding; the clean twin gives none.
struct Seed {
  const char* code;
  const char* bad;
  const char* good;
  const char* example = "";  // a part of it
};

void expect(const Seed& s, const CheckOptions& options = {}) {
  const auto bad = found(ground + s.bad, options);
  ASSERT_EQ(bad.size(), 1u) << s.code << "\n" << told(bad);
  EXPECT_EQ(bad[0].code, s.code) << told(bad);
  EXPECT_FALSE(bad[0].where.empty()) << told(bad);
  EXPECT_FALSE(bad[0].message.empty());
  EXPECT_THAT(bad[0].example, HasSubstr(s.example));
  const auto good = found(ground + s.good, options);
  EXPECT_TRUE(good.empty()) << s.code << "\n" << told(good);
  CheckOptions without = options;
  without.suppressed = {s.code};
  EXPECT_TRUE(found(ground + s.bad, without).empty()) << "each can be suppressed";
}

TEST(Check, NamesThatAreTwiceOrNotThere) {
  expect({"unknown-signal", "ROUTE a { PRIORITY 1 WHEN keyword(\"urgnt\") MODEL \"m\" }",
          "ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") MODEL \"m\" }"});
  expect({"unknown-model", "ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") MODEL \"n\" }",
          "MODEL n {} ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") MODEL \"n\" }"});
  expect(
      {"unknown-model",
       "ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") MODEL \"m\" ALGORITHM static { planner: { model: \"q\" } } }",
       "ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") MODEL \"m\" ALGORITHM static { planner: { model: \"m\" } } }"});
  expect({"no-models", "ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") }",
          "ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") PLUGIN fast_response { message: \"x\" } }"});
  expect({"duplicate-model", "MODEL m {}", ""});
  expect({"duplicate-plugin", "PLUGIN a system_prompt {} PLUGIN a tools {}",
          "PLUGIN a system_prompt {} PLUGIN b tools {}"});
  expect({"unknown-plugin", "ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") MODEL \"m\" PLUGIN sistem_prompt }",
          "ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") MODEL \"m\" PLUGIN system-prompt { system_prompt: \"Be "
          "brief.\" } }"});
  expect({"unknown-algorithm", "ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") MODEL \"m\" ALGORITHM statik }",
          "ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") MODEL \"m\" ALGORITHM static }"});
  expect({"unknown-recipe", "RECIPE a { ROUTE r { MODEL \"m\" } }\nENTRYPOINT { model_names: [\"x\"] recipe: \"b\" }",
          "RECIPE a { ROUTE r { MODEL \"m\" } }\nENTRYPOINT { model_names: [\"x\"] recipe: \"a\" }"});
  expect({"duplicate-entry",
          "RECIPE a { ROUTE r { MODEL \"m\" } }\nENTRYPOINT { model_names: [\"x\"] recipe: \"a\" }\n"
          "ENTRYPOINT { model_names: [\"x\"] }",
          "RECIPE a { ROUTE r { MODEL \"m\" } }\nENTRYPOINT { model_names: [\"x\"] recipe: \"a\" }\n"
          "ENTRYPOINT { model_names: [\"y\"] }"});
  expect({"unknown-test-decision", "TEST t { \"hello\" -> rets }", "TEST t { \"hello\" -> rest }", "hello"});
  expect({"unknown-category", "SIGNAL domain medecine {}", "SIGNAL domain medicine { mmlu_categories: [\"health\"] }"});
}

TEST(Check, ANameThatIsNearIsOffered) {
  const auto all = found(ground + "ROUTE a { PRIORITY 1 WHEN keyword(\"urgnt\") MODEL \"n\" PLUGIN sistem_prompt }");
  ASSERT_EQ(all.size(), 3u) << told(all);
  EXPECT_THAT(all[0].fix, HasSubstr("'urgent'"));
  EXPECT_THAT(all[2].fix, HasSubstr("'system_prompt'"));
}

TEST(Check, ARequestThatNoDecisionTakes) {
  const auto all = found(
      "SIGNAL keyword a { keywords: [\"alpha\"] }\nSIGNAL context long { min_tokens: \"1K\" }\n"
      "SIGNAL context short { max_tokens: 999 }\n"
      "ROUTE x { PRIORITY 2 WHEN context(\"long\") MODEL \"m\" }\n"
      "ROUTE y { PRIORITY 1 WHEN context(\"short\") AND keyword(\"a\") MODEL \"m\" }\n");
  ASSERT_EQ(all.size(), 1u) << told(all);
  EXPECT_EQ(all[0].code, "missing-catch-all");
  EXPECT_THAT(all[0].example, HasSubstr("hello"));
  EXPECT_TRUE(found("SIGNAL context long { min_tokens: \"1K\" }\nSIGNAL context short { max_tokens: 999 }\n"
                    "ROUTE x { PRIORITY 2 WHEN context(\"long\") MODEL \"m\" }\n"
                    "ROUTE y { PRIORITY 1 WHEN context(\"short\") MODEL \"m\" }\n")
                  .empty())
      << "between 999 and 1000 tokens there is nothing";
}

TEST(Check, Partitions) {
  const std::string members =
      "SIGNAL embedding e1 { threshold: 0.5 candidates: [\"x\"] }\nSIGNAL embedding e2 { threshold: 0.5 candidates: "
      "[\"y\"] }\n";
  const auto with = [&](const std::string& rest) { return members + rest; };
  const std::string right = with(
      "PROJECTION partition p { semantics: \"softmax_exclusive\" temperature: 0.1 members: [\"e1\", \"e2\"] default: "
      "\"e1\" }");
  expect({"partition-default", with("PROJECTION partition p { members: [\"e1\", \"e2\"] }").c_str(), right.c_str()});
  expect({"partition-default", with("PROJECTION partition p { members: [\"e1\", \"e2\"] default: \"e3\" }").c_str(),
          right.c_str()});
  expect({"partition-members", with("PROJECTION partition p { members: [\"e1\", \"urgent\"] default: \"e1\" }").c_str(),
          right.c_str()});
  expect({"out-of-range",
          with("PROJECTION partition p { temperature: 0 members: [\"e1\", \"e2\"] default: \"e1\" }").c_str(),
          right.c_str()});
  expect({"partition-single", with("PROJECTION partition p { members: [\"e1\"] default: \"e1\" }").c_str(),
          right.c_str()});
  expect({"partition-shared-member",
          with("SIGNAL embedding e3 { threshold: 0.5 candidates: [\"z\"] }\nPROJECTION partition p { members: [\"e1\", "
               "\"e2\"] default: \"e1\" }\n"
               "PROJECTION partition q { members: [\"e2\", \"e3\"] default: \"e3\" }")
              .c_str(),
          right.c_str()});
}

TEST(Check, DecisionsThatOthersHide) {
  expect({"shadowed-decision",
          "ROUTE a { PRIORITY 2 WHEN keyword(\"urgent\") MODEL \"m\" }\n"
          "ROUTE b { PRIORITY 1 WHEN keyword(\"urgent\") AND keyword(\"calm\") MODEL \"m\" }",
          "ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") MODEL \"m\" }\n"
          "ROUTE b { PRIORITY 2 WHEN keyword(\"urgent\") AND keyword(\"calm\") MODEL \"m\" }",
          "\"urgent calm\""});
  // By two together.
  expect({"shadowed-decision",
          "ROUTE a { PRIORITY 3 WHEN keyword(\"urgent\") MODEL \"m\" }\n"
          "ROUTE b { PRIORITY 2 WHEN NOT keyword(\"urgent\") AND keyword(\"calm\") MODEL \"m\" }\n"
          "ROUTE c { PRIORITY 1 WHEN keyword(\"urgent\") OR keyword(\"calm\") MODEL \"m\" }",
          "ROUTE a { PRIORITY 3 WHEN keyword(\"urgent\") MODEL \"m\" }\n"
          "ROUTE c { PRIORITY 1 WHEN keyword(\"urgent\") OR keyword(\"calm\") MODEL \"m\" }"});
  // A rule whose keywords the other has, too.
  expect({"shadowed-decision",
          "SIGNAL keyword wide { keywords: [\"urgent\", \"asap\"] }\n"
          "ROUTE a { PRIORITY 2 WHEN keyword(\"wide\") MODEL \"m\" }\n"
          "ROUTE b { PRIORITY 1 WHEN keyword(\"urgent\") MODEL \"m\" }",
          "SIGNAL keyword wide { keywords: [\"hurry\", \"asap\"] }\n"
          "ROUTE a { PRIORITY 2 WHEN keyword(\"wide\") MODEL \"m\" }\n"
          "ROUTE b { PRIORITY 1 WHEN keyword(\"urgent\") MODEL \"m\" }",
          "urgent"});
  // A longer context is inside of a wider one.
  expect({"shadowed-decision",
          "SIGNAL context c1 { min_tokens: \"1K\" }\nSIGNAL context c2 { min_tokens: \"2K\" }\n"
          "ROUTE a { PRIORITY 2 WHEN context(\"c1\") MODEL \"m\" }\n"
          "ROUTE b { PRIORITY 1 WHEN context(\"c2\") MODEL \"m\" }",
          "SIGNAL context c1 { min_tokens: \"1K\" }\nSIGNAL context c2 { min_tokens: \"2K\" }\n"
          "ROUTE a { PRIORITY 1 WHEN context(\"c1\") MODEL \"m\" }\n"
          "ROUTE b { PRIORITY 2 WHEN context(\"c2\") MODEL \"m\" }",
          "2000 tokens"});
}

TEST(Check, TiersComeBeforePriorities) {
  const auto all = found(
      "SIGNAL keyword urgent { keywords: [\"urgent\"] }\n"
      "ROUTE a { PRIORITY 1 TIER 1 MODEL \"m\" }\nROUTE b { PRIORITY 9 TIER 2 WHEN keyword(\"urgent\") MODEL \"m\" "
      "}\n");
  ASSERT_EQ(all.size(), 1u) << told(all);
  EXPECT_EQ(all[0].code, "shadowed-decision");
  // By confidence nothing hides anything for sure.
  EXPECT_TRUE(found("ROUTING { strategy: confidence }\nSIGNAL keyword urgent { keywords: [\"urgent\"] }\n"
                    "ROUTE a { PRIORITY 9 MODEL \"m\" }\nROUTE b { PRIORITY 1 WHEN keyword(\"urgent\") MODEL \"m\" }\n")
                  .empty());
}

TEST(Check, ConditionsThatAreNeverTrue) {
  expect({"contradiction", "ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") AND NOT keyword(\"urgent\") MODEL \"m\" }",
          "ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") AND NOT keyword(\"calm\") MODEL \"m\" }"});
  expect(
      {"contradiction",
       "ROUTE a { PRIORITY 1 WHEN keyword(\"calm\") OR keyword(\"urgent\") AND NOT (keyword(\"calm\") OR "
       "keyword(\"urgent\")) MODEL \"m\" }",
       "ROUTE a { PRIORITY 1 WHEN keyword(\"calm\") OR keyword(\"urgent\") AND NOT keyword(\"calm\") MODEL \"m\" }"});
  expect({"exclusive-and",
          "SIGNAL context c1 { max_tokens: 999 }\nSIGNAL context c2 { min_tokens: \"2K\" max_tokens: 4000 }\n"
          "ROUTE a { PRIORITY 1 WHEN context(\"c1\") AND context(\"c2\") MODEL \"m\" }",
          "SIGNAL context c1 { max_tokens: 2000 }\nSIGNAL context c2 { min_tokens: \"2K\" max_tokens: 4000 }\n"
          "ROUTE a { PRIORITY 1 WHEN context(\"c1\") AND context(\"c2\") MODEL \"m\" }"});
  expect({"exclusive-and",
          "SIGNAL language en {}\nSIGNAL language fr {}\nROUTE a { PRIORITY 1 WHEN language(\"en\") AND "
          "language(\"fr\") MODEL \"m\" }",
          "SIGNAL language en {}\nSIGNAL language fr {}\nROUTE a { PRIORITY 1 WHEN language(\"en\") OR "
          "language(\"fr\") MODEL \"m\" }"});
  const std::string labels =
      "SIGNAL kb a { kb: \"k\" target: { kind: \"label\" value: \"a\" } match: \"best\" }\n"
      "SIGNAL kb b { kb: \"k\" target: { kind: \"label\" value: \"b\" } match: \"best\" }\n";
  expect({"exclusive-and", (labels + "ROUTE a { PRIORITY 1 WHEN kb(\"a\") AND kb(\"b\") MODEL \"m\" }").c_str(),
          (labels + "ROUTE a { PRIORITY 1 WHEN kb(\"a\") OR kb(\"b\") MODEL \"m\" }").c_str()});
  const std::string two =
      "SIGNAL embedding e1 { threshold: 0.5 candidates: [\"x\"] }\nSIGNAL embedding e2 { threshold: 0.5 candidates: "
      "[\"y\"] }\n"
      "SIGNAL embedding e3 { threshold: 0.5 candidates: [\"y\"] }\n"
      "PROJECTION partition p { members: [\"e1\", \"e2\", \"e3\"] default: \"e1\" }\n";
  expect({"exclusive-and",
          (two + "ROUTE a { PRIORITY 1 WHEN keyword(\"calm\") OR embedding(\"e1\") AND keyword(\"urgent\") AND "
                 "embedding(\"e2\") MODEL \"m\" }")
              .c_str(),
          (two + "ROUTE a { PRIORITY 1 WHEN keyword(\"calm\") OR embedding(\"e1\") AND keyword(\"urgent\") AND NOT "
                 "embedding(\"e2\") MODEL \"m\" }")
              .c_str()});
  const std::string levels =
      "SIGNAL complexity c { threshold: 0.1 hard: { candidates: [\"x\"] } easy: { candidates: [\"y\"] } }\n";
  expect(
      {"exclusive-and",
       (levels + "ROUTE a { PRIORITY 1 WHEN complexity(\"c:hard\") AND complexity(\"c:easy\") MODEL \"m\" }").c_str(),
       (levels + "ROUTE a { PRIORITY 1 WHEN complexity(\"c:hard\") OR complexity(\"c:easy\") MODEL \"m\" }").c_str()});
}

TEST(Check, DecisionsOfOneRank) {
  expect({"equal-priority",
          "ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") MODEL \"m\" }\nROUTE b { PRIORITY 1 WHEN keyword(\"calm\") "
          "MODEL \"m\" }",
          "ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") MODEL \"m\" }\n"
          "ROUTE b { PRIORITY 1 WHEN keyword(\"calm\") AND NOT keyword(\"urgent\") MODEL \"m\" }",
          "\"urgent calm\""});
  expect({"shared-category", "SIGNAL domain law {}\nSIGNAL domain rules { mmlu_categories: [\"law\", \"business\"] }",
          "SIGNAL domain law {}\nSIGNAL domain rules { mmlu_categories: [\"business\"] }", "law"});
}

TEST(Check, Projections) {
  const std::string score =
      "PROJECTION score s { inputs: [{ type: \"keyword\", name: \"urgent\", weight: 0.6 }, { type: \"keyword\", name: "
      "\"calm\", weight: -0.2 }] }\n";
  const auto mapping = [&](const std::string& outputs) {
    return score + "PROJECTION mapping m { source: \"s\" outputs: [" + outputs + "] }";
  };
  const std::string right = mapping("{ name: \"low\", lt: 0.3 }, { name: \"high\", gte: 0.3 }");
  expect({"overlapping-bands", mapping("{ name: \"low\", lt: 0.4 }, { name: \"high\", gte: 0.3 }").c_str(),
          right.c_str(), "score 0.3"});
  expect({"band-gap", mapping("{ name: \"low\", lt: 0.3 }, { name: \"high\", gt: 0.3 }").c_str(), right.c_str(),
          "score 0.3"});
  expect({"unreachable-band", mapping("{ name: \"low\", lt: 0.7 }, { name: \"high\", gte: 0.7 }").c_str(),
          right.c_str(), "0.6"});
  expect({"empty-band", mapping("{ name: \"none\", lt: 0.1, gt: 0.2 }, { name: \"high\", gte: 0.3 }").c_str(),
          right.c_str()});
  expect(
      {"duplicate-signal", mapping("{ name: \"low\", lt: 0.3 }, { name: \"low\", gte: 0.3 }").c_str(), right.c_str()});
  expect({"unknown-projection",
          (score + "PROJECTION mapping m { source: \"t\" outputs: [{ name: \"low\", lt: 0.3 }] }").c_str(),
          right.c_str()});
  expect({"projection-cycle",
          "PROJECTION score a { inputs: [{ type: \"projection\", name: \"b\" }] }\nPROJECTION score b { inputs: [{ "
          "type: \"projection\", name: \"a\" }] }",
          "PROJECTION score a { inputs: [{ type: \"projection\", name: \"b\" }] }\nPROJECTION score b { inputs: [{ "
          "type: \"keyword\", name: \"calm\" }] }"});
  // Of levels that exclude each other only one adds its weight.
  expect({"unreachable-band",
          "SIGNAL complexity c { threshold: 0.1 hard: { candidates: [\"x\"] } easy: { candidates: [\"y\"] } }\n"
          "PROJECTION score s { inputs: [{ type: \"complexity\", name: \"c:hard\", weight: 0.5 }, { type: "
          "\"complexity\", name: \"c:medium\", weight: 0.4 }] }\n"
          "PROJECTION mapping m { source: \"s\" outputs: [{ name: \"x\", gte: 0.6 }] }",
          "SIGNAL complexity c { threshold: 0.1 hard: { candidates: [\"x\"] } easy: { candidates: [\"y\"] } }\n"
          "PROJECTION score s { inputs: [{ type: \"complexity\", name: \"c:hard\", weight: 0.5 }, { type: "
          "\"complexity\", name: \"c:medium\", weight: 0.4 }] }\n"
          "PROJECTION mapping m { source: \"s\" outputs: [{ name: \"x\", gte: 0.5 }] }"});
}

TEST(Check, BandsExcludeEachOtherInConditions) {
  const std::string score =
      "PROJECTION score s { inputs: [{ type: \"keyword\", name: \"urgent\" }] }\n"
      "PROJECTION mapping m { source: \"s\" outputs: [{ name: \"low\", lt: 0.3 }, { name: \"high\", gte: 0.3 }] }\n";
  expect({"exclusive-and",
          (score + "ROUTE a { PRIORITY 1 WHEN projection(\"low\") AND projection(\"high\") MODEL \"m\" }").c_str(),
          (score + "ROUTE a { PRIORITY 1 WHEN projection(\"low\") AND keyword(\"calm\") MODEL \"m\" }").c_str()});
  // Bands without a gap are a catch-all.
  EXPECT_TRUE(found("SIGNAL keyword urgent { keywords: [\"urgent\"] }\n" + score +
                    "ROUTE a { PRIORITY 2 WHEN projection(\"low\") MODEL \"m\" }\nROUTE b { PRIORITY 1 WHEN "
                    "projection(\"high\") MODEL \"m\" }")
                  .empty());
}

TEST(Check, EmbeddingRulesAsCaps) {
  CheckOptions options;
  options.encode = [](std::string_view text) {
    // On the unit circle, at the angle that the text says in degrees.
    const double angle = std::stod(std::string(text)) * 3.14159265358979 / 180;
    return std::vector<float>{static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
  };
  const auto policy = [](const char* a, const char* b, const char* more = "") {
    return fmt::format(
        "SIGNAL embedding e1 {{ threshold: 0.9 candidates: [\"{}\", \"170\"] }}\nSIGNAL embedding e2 {{ threshold: 0.9 "
        "candidates: [\"{}\"] }}\n{}"
        "ROUTE a {{ PRIORITY 2 WHEN embedding(\"e1\") MODEL \"m\" }}\nROUTE b {{ PRIORITY 1 WHEN embedding(\"e2\") "
        "MODEL \"m\" }}\n",
        a, b, more);
  };
  // acos(0.9) is 25.8 degrees.
  const std::string apart = policy("0", "60");
  expect({"embedding-overlap", policy("0", "20").c_str(), apart.c_str(), "0"}, options);
  expect({"embedding-may-overlap", policy("0", "50").c_str(), apart.c_str(), "between"}, options);
  const std::string parted =
      policy("0", "20",
             "PROJECTION partition p { semantics: \"softmax_exclusive\" members: [\"e1\", \"e2\"] default: \"e1\" }\n");
  expect({"embedding-overlap", policy("0", "20").c_str(), apart.c_str()}, options);
  for (const auto& f : found(ground + parted, options))
    EXPECT_EQ(f.code.find("embedding"), std::string::npos) << told({f});
  EXPECT_TRUE(found(ground + policy("0", "20")).empty()) << "without an encoder nothing is said";
}

TEST(Check, Constraints) {
  expect({"role-without-model",
          "SIGNAL authz guest { role: \"guest\" }\nROUTE a { PRIORITY 9 WHEN authz(\"guest\") PLUGIN fast_response { "
          "message: \"no\" } }",
          "SIGNAL authz guest { role: \"guest\" }\nROUTE a { PRIORITY 9 WHEN authz(\"guest\") AND keyword(\"urgent\") "
          "PLUGIN fast_response { message: \"no\" } }",
          "role guest"});
  expect({"context-too-small",
          "SIGNAL context long { min_tokens: \"8K\" }\nROUTE a { PRIORITY 1 WHEN context(\"long\") MODEL \"m\" }",
          "MODEL n { context_window_size: 16384 }\nSIGNAL context long { min_tokens: \"8K\" }\nROUTE a { PRIORITY 1 "
          "WHEN context(\"long\") MODEL \"m\", \"n\" }",
          "8000 tokens"});
  expect({"context-partly",
          "SIGNAL context long { min_tokens: \"2K\" max_tokens: \"8K\" }\nROUTE a { PRIORITY 1 WHEN context(\"long\") "
          "MODEL \"m\" }",
          "SIGNAL context long { min_tokens: \"2K\" max_tokens: \"4K\" }\nROUTE a { PRIORITY 1 WHEN context(\"long\") "
          "MODEL \"m\" }",
          "4097 tokens"});
  const std::string image =
      "SIGNAL conversation picture { feature: { type: \"exists\", source: { type: \"image\" } } }\n";
  expect({"missing-capability",
          (image +
           "MODEL n { capabilities: [\"chat\"] }\nROUTE a { PRIORITY 1 WHEN conversation(\"picture\") MODEL \"n\" }")
              .c_str(),
          (image + "MODEL n { capabilities: [\"chat\", \"vision\"] }\nROUTE a { PRIORITY 1 WHEN "
                   "conversation(\"picture\") MODEL \"n\" }")
              .c_str(),
          "picture"});
}

TEST(Check, RunsTheTestsOfThePolicy) {
  const std::string route = "ROUTE a { PRIORITY 1 WHEN keyword(\"urgent\") MODEL \"m\" }\n";
  expect({"failed-test", (route + "TEST t { \"calm down\" -> a }").c_str(),
          (route + "TEST t { \"it is urgent\" -> a }").c_str(), "calm down"});
  const std::string learned =
      "SIGNAL embedding e { threshold: 0.5 candidates: [\"x\"] }\nROUTE a { PRIORITY 1 WHEN embedding(\"e\") MODEL "
      "\"m\" }\n";
  expect({"tests-not-run", (learned + "TEST t { \"calm\" -> a }").c_str(), learned.c_str()});
}

// What is told as an example is what the router does with it.
TEST(Check, ExamplesAreTrue) {
  const std::string text = ground +
                           "ROUTE a { PRIORITY 2 WHEN keyword(\"urgent\") MODEL \"m\" }\n"
                           "ROUTE b { PRIORITY 1 WHEN keyword(\"urgent\") AND keyword(\"calm\") MODEL \"m\" }";
  const auto all = found(text);
  ASSERT_EQ(all.size(), 1u);
  const std::string query = parse_json(all[0].example).as_string();
  const auto engine = Engine::compile(read_policy(text, "p.dsl", Language::dsl).main);
  const auto scratch = engine->scratch();
  const Message message{.role = Role::user, .text = query};
  RequestView request;
  request.messages = {&message, 1};
  EXPECT_EQ(engine->policy().decisions[static_cast<std::size_t>(engine->decide(request, *scratch).decision)].name, "a");
}

TEST(Check, EveryCodeItGivesIsListed) {
  std::set<std::string_view> codes;
  for (const auto& c : finding_codes()) {
    EXPECT_TRUE(codes.insert(c.code).second) << c.code;
    EXPECT_FALSE(c.meaning.empty());
  }
}

TEST(Check, TheExampleAndTheTableOfTheDocsAreRight) {
  const std::string docs = tests::file_text(std::filesystem::path(wattline::tests::source_dir) / "docs/formats/policy.md");
  const auto begin = docs.find("```toml\n") + 8;
  const std::string example = docs.substr(begin, docs.find("```", begin) - begin);
  const auto all = check(read_policy(example, "policy.toml", Language::toml));
  EXPECT_TRUE(all.empty()) << told(all);
  for (const auto& c : finding_codes())
    EXPECT_NE(docs.find(fmt::format("| `{}` | {} |", c.code, to_string(c.level))), std::string::npos) << c.code;
  const auto dsl = docs.find("```\nSIGNAL") + 4;
  read_policy(docs.substr(dsl, docs.find("```", dsl) - dsl), "policy.dsl", Language::dsl);
}

TEST(Check, NothingIsTooOddForIt) {
  EXPECT_TRUE(check({}).empty());
  for (const char* text :
       {"ROUTE a {}", "PROJECTION mapping m {}", "PROJECTION mapping m { source: 1 outputs: 2 }",
        "PROJECTION score s { inputs: [1, { weight: \"x\" }] }", "PROJECTION partition p { members: [1] default: 2 }",
        "SIGNAL complexity c { composer: 3 }", "SIGNAL complexity c { composer: { operator: \"AND\" } }",
        "SIGNAL context c { min_tokens: \"many\" }", "SIGNAL conversation c { feature: 1 }",
        "SIGNAL keyword k { keywords: 1 }", "SIGNAL kb k { target: 1 }",
        "MODEL m { context_window_size: \"x\" capabilities: 1 }",
        "SIGNAL embedding e { candidates: 1 } ROUTE a { WHEN embedding(\"e\") MODEL \"m\" }"})
    found(std::string(text) + "\nROUTE b { MODEL \"m\" }");
}

TEST(Check, ALargePolicyIsCheckedToo) {
  std::string text = "MODEL m {}\nROUTE rest { MODEL \"m\" }\n", outputs;
  for (int i = 0; i < 400; ++i) {
    text += fmt::format(
        "SIGNAL keyword k{0} {{ keywords: [\"w{0}\"] }}\nSIGNAL context c{0} {{ min_tokens: {0} max_tokens: {1} }}\n",
        i, i + 2);
    text += fmt::format("ROUTE r{0} {{ PRIORITY 5 WHEN keyword(\"k{0}\") AND context(\"c{0}\") MODEL \"m\" }}\n", i);
    outputs += fmt::format("{}{{ name: \"b{}\", gte: {}, lt: {} }}", i ? ", " : "", i, i * 0.001, (i + 1) * 0.001);
  }
  text +=
      "PROJECTION score s { inputs: [{ type: \"keyword\", name: \"k1\" }] }\nPROJECTION mapping m { source: \"s\" "
      "outputs: [" +
      outputs + "] }\n";
  for (const auto& f : found(text)) EXPECT_NE(f.level, Finding::Level::error) << told({f});
}

TEST(Check, TheRecipesHaveNoErrors) {
  const auto recipes = tests::recipes();
  if (recipes.empty()) GTEST_SKIP() << "skipped: no shared data";
  for (const auto& r : recipes) {
    const Document d = read_policy(r.yaml, r.name + "/config.yaml", Language::yaml);
    const auto all = check(d);
    for (const auto& f : all) {
      EXPECT_NE(f.level, Finding::Level::error) << told({f});
      EXPECT_NE(f.code, "not-decided") << told({f});
    }
    // The one recipe without a decision that is always true can leave a request without any.
    EXPECT_EQ(std::any_of(all.begin(), all.end(), [](const Finding& f) { return f.code == "missing-catch-all"; }),
              r.name == "knowledge")
        << told(all);
  }
}

}  // namespace
}  // namespace wattline::policy
