#include "policy/language/probes.h"

#include <gtest/gtest.h>

#include "policy/language/recipes_testing.h"
#include "policy/language/yaml_policy.h"

namespace wattline::policy {
namespace {

constexpr std::string_view small = R"(schema_version: v1
name: small
acceptance: {min_probe_pass_rate: 100.0}
coverage:
  required_request_shapes: [text, tools]
  min_tag_counts: {language: 3}
decisions:
  - id: a
    model: auto/fast
    expected_decision: fast
    expected_plugins: [tools]
    variants:
      - id: one
        query: hello
        repeat: 3
        padding: {text: quiet, repeat: 2, placement: before}
        expected_signals:
          keywords: [urgent]
          projection: [hurry]
        tags: [language:en]
      - id: two
        messages:
          - {role: user, content: look}
          - role: assistant
            content: ""
            tool_calls: [{function: {name: search, arguments: '{"q":1}'}}]
          - {role: tool, content: found}
        tools:
          - {type: function, function: {name: search, description: Searches.}}
)";

TEST(Probes, AreReadIntoRequests) {
  std::vector<Finding> faults;
  const ProbeSet set = read_probes(small, "p.yaml", faults);
  ASSERT_TRUE(faults.empty()) << faults[0].where << ": " << faults[0].message;
  EXPECT_EQ(set.min_probe_pass_rate, 100);
  EXPECT_EQ(set.min_tag_counts[0].second, 3);
  ASSERT_EQ(set.cases.size(), 2u);
  EXPECT_EQ(set.cases[0].where, "p.yaml:13");
  EXPECT_EQ(set.cases[0].signals[0], (std::pair<std::string, std::string>("keyword", "urgent")));
  EXPECT_EQ(set.cases[0].plugins[0], "tools");
  const ProbeRequest first(set.cases[0]), second(set.cases[1]);
  EXPECT_EQ(first.view().query(), "quiet quiet hello hello hello");
  EXPECT_EQ(first.view().model, "auto/fast");
  ASSERT_EQ(second.view().messages.size(), 3u);
  EXPECT_EQ(second.view().query(), "look");
  EXPECT_EQ(second.view().messages[1].tool_calls, 1u);
  EXPECT_EQ(second.view().messages[1].structured_bytes, 7u);
  EXPECT_EQ(second.view().tools[0].name, "search");
  EXPECT_GT(second.view().tools[0].structured_bytes, 10u);
}

TEST(Probes, FaultsNameTheirPlaceAndTheRestIsRead) {
  std::vector<Finding> faults;
  const ProbeSet set = read_probes(
      "schema_version: v2\ndecisions:\n- id: a\n  variants:\n  - id: x\n  - {id: y, query: q, repeat: -1}\n"
      "  - {id: z, query: q, repeat: 999999, padding: 3}\n  - 7\n  - {id: w, query: long enough to be too long, "
      "repeat: 999999}\n",
      "p.yaml", faults);
  EXPECT_EQ(set.cases.size(), 5u);
  std::vector<std::string> found;
  for (const auto& f : faults) found.push_back(f.where + " " + f.code);
  const std::vector<std::string> expected = {"p.yaml:1 bad-value",  "p.yaml:5 missing-field", "p.yaml:6 out-of-range",
                                             "p.yaml:7 wrong-kind", "p.yaml:8 wrong-kind",    "p.yaml:9 out-of-range"};
  EXPECT_EQ(found, expected);
}

TEST(Probes, OfTheRecipesAreReadAndNameDecisionsThatAreThere) {
  const auto recipes = tests::recipes();
  if (recipes.empty()) GTEST_SKIP() << "skipped: no shared data";
  std::size_t cases = 0;
  for (const auto& r : recipes) {
    std::vector<Finding> faults;
    const Document d = read_yaml_policy(r.yaml, r.name, faults);
    const ProbeSet set = read_probes(r.probes, r.name, faults);
    for (const auto& f : faults) ADD_FAILURE() << f.where << ": " << f.message;
    cases += set.cases.size();
    for (const auto& c : set.cases) {
      const Policy& p = d.policy_for(c.model);
      EXPECT_EQ(p.name, c.recipe) << c.where;
      EXPECT_TRUE(std::any_of(p.decisions.begin(), p.decisions.end(), [&](const Decision& one) {
        return one.name == c.decision;
      })) << c.where;
      EXPECT_FALSE(ProbeRequest(c).view().query().empty()) << c.where;
    }
  }
  EXPECT_EQ(cases, 228u);
}

}  // namespace
}  // namespace wattline::policy
