#include "policy/check/run_probes.h"

#include <map>

#include <gtest/gtest.h>

#include "policy/check/check.h"
#include "policy/language/language.h"
#include "policy/language/recipes_testing.h"

namespace wattline::policy {
namespace {

constexpr std::string_view policy = R"(
SIGNAL keyword urgent { keywords: ["urgent"] }
SIGNAL keyword calm { keywords: ["calm"] }
SIGNAL embedding near { threshold: 0.9 candidates: ["x"] }
ROUTE fast { PRIORITY 2 WHEN keyword("urgent") MODEL "m" PLUGIN tools { mode: "none" } }
ROUTE vague { PRIORITY 1 WHEN embedding("near") AND keyword("calm") MODEL "m" }
ROUTE rest { MODEL "m" }
)";

ProbeSet set_of(std::string_view variants, std::string_view more = "") {
  std::vector<Finding> faults;
  ProbeSet out =
      read_probes(std::string(more) + "name: probes\ndecisions:\n" + std::string(variants), "p.yaml", faults);
  EXPECT_TRUE(faults.empty());
  return out;
}

TEST(RunProbes, TellsWhatPassesFailsAndWasNotRun) {
  const Document d = read_policy(policy, "p.dsl", Language::dsl);
  const ProbeSet set = set_of(
      "- {id: a, expected_decision: fast, expected_algorithm: static, expected_plugins: [tools], variants: [{id: 1, "
      "query: "
      "urgent}, {id: 2, query: hello}]}\n"
      "- {id: b, expected_decision: rest, variants: [{id: 3, query: hello, expected_signals: {keywords: [urgent]}}, "
      "{id: 4, query: calm}]}\n",
      "coverage: {min_signal_assertion_percent: 50, min_plugin_assertion_percent: 100}\n");
  const ProbeReport r = run_probes(d, set);
  EXPECT_EQ(r.count(ProbeOutcome::Result::passed), 1u);
  EXPECT_EQ(r.count(ProbeOutcome::Result::failed), 2u);
  EXPECT_EQ(r.outcomes[1].why, "expects the decision 'fast', got 'rest'");
  EXPECT_EQ(r.outcomes[2].why, "expects keyword(\"urgent\") to match, which does not");
  EXPECT_EQ(r.outcomes[3].result, ProbeOutcome::Result::not_run);
  EXPECT_NEAR(r.signals, 100.0 / 3, 0.1);
  EXPECT_EQ(r.plugins, 100);
  std::vector<std::string> codes;
  for (const auto& f : r.findings) codes.push_back(f.code);
  EXPECT_EQ(codes, (std::vector<std::string>{"failed-probe", "failed-probe", "probes-not-run", "probes-coverage"}));
}

TEST(RunProbes, APolicyThatCannotRunRunsNone) {
  Document d = read_policy("ROUTE a { WHEN keyword(\"x\") MODEL \"m\" }", "p.dsl", Language::dsl);
  const ProbeSet set = set_of("- {id: a, expected_decision: a, variants: [{id: 1, query: x}]}\n");
  const ProbeReport r = run_probes(d, set);
  EXPECT_EQ(r.count(ProbeOutcome::Result::not_run), 1u);
  EXPECT_TRUE(has_errors(r.findings));
}

// The sets say themselves how much of their policies they assert: it is what is counted here.
TEST(RunProbes, TheRecipesAssertAsMuchAsTheySay) {
  const auto recipes = tests::recipes();
  if (recipes.empty()) GTEST_SKIP() << "skipped: no shared data";
  for (const auto& r : recipes) {
    std::vector<Finding> faults;
    const Document d = read_policy(r.yaml, r.name, Language::yaml);
    const ProbeSet set = read_probes(r.probes, r.name, faults);
    const ProbeReport report = run_probes(d, set);
    // Two sets assert more than they ask for.
    if (r.name == "balance") EXPECT_NEAR(report.signals, 6.25, 0.01);
    else if (r.name == "multi-objective") EXPECT_NEAR(report.signals, 100.0 * 51 / 58, 0.01);
    else EXPECT_NEAR(report.signals, set.min_signals, 0.06) << r.name;
    EXPECT_GE(report.signals + 0.05, set.min_signals) << r.name;
    EXPECT_GE(report.projections + 0.05, set.min_projections) << r.name;
    EXPECT_EQ(report.algorithms, 100) << r.name;
    EXPECT_EQ(report.plugins, 100) << r.name;
  }
}

TEST(RunProbes, EveryProbeOfTheRecipesThatNeedsNoModelPasses) {
  const auto recipes = tests::recipes();
  if (recipes.empty()) GTEST_SKIP() << "skipped: no shared data";
  const std::map<std::string, std::size_t> without_a_model = {
      {"accuracy", 13}, {"knowledge", 9}, {"multi-objective", 46}};
  for (const auto& r : recipes) {
    std::vector<Finding> faults;
    const ProbeSet set = read_probes(r.probes, r.name, faults);
    const Document d = read_policy(r.yaml, r.name, Language::yaml);
    const ProbeReport report = run_probes(d, set);
    const auto expected = without_a_model.find(r.name);
    EXPECT_EQ(report.count(ProbeOutcome::Result::passed), expected == without_a_model.end() ? 0u : expected->second)
        << r.name;
    for (const auto& o : report.outcomes)
      EXPECT_NE(o.result, ProbeOutcome::Result::failed)
          << r.name << " " << o.probe->group << "/" << o.probe->id << ": " << o.why;
  }
}

}  // namespace
}  // namespace wattline::policy
