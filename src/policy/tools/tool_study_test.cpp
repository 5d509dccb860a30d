// What tool selection learns, and that it does not learn it from what it is judged by.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "policy/tools/tool_fit.h"
#include "text/canonical.h"
#include "text/hashed_ngrams.h"

namespace wattline::policy {
namespace {

TEST(ToolQualityTest, GainsAreDiscountedByPlace) {
  const std::uint32_t one[] = {2};
  const float scores[] = {0.5F, 0.9F, 0.7F, 0.1F};
  EXPECT_EQ(places_of(scores, one), (std::vector<std::size_t>{2}));
  EXPECT_NEAR(ndcg_at(5, std::vector<std::size_t>{2}), 1 / std::log2(3.0), 1e-12);
  EXPECT_EQ(ndcg_at(1, std::vector<std::size_t>{2}), 0);
  EXPECT_EQ(ndcg_at(5, std::vector<std::size_t>{1}), 1);
  EXPECT_EQ(ndcg_at(5, std::vector<std::size_t>{6}), 0);
  // Two right tools: the ideal has both at the top.
  EXPECT_EQ(ndcg_at(5, std::vector<std::size_t>{1, 2}), 1);
  EXPECT_NEAR(ndcg_at(5, std::vector<std::size_t>{1, 3}), (1 + 0.5) / (1 + 1 / std::log2(3.0)), 1e-12);
  EXPECT_EQ(recall_at(2, std::vector<std::size_t>{1, 3}), 0.5);
}

// A ranking that gives all one score finds nothing, whatever the order of the tools.
TEST(ToolQualityTest, EqualScoresAreNoLuck) {
  const std::vector<float> flat(10, 0.0F);
  for (std::uint32_t right = 0; right < 10; ++right) {
    const std::uint32_t one[] = {right};
    EXPECT_EQ(places_of(flat, one), (std::vector<std::size_t>{10}));
  }
  const std::uint32_t two[] = {3, 7};
  EXPECT_EQ(places_of(flat, two), (std::vector<std::size_t>{9, 10}));
}

// Tools whose texts say little of what they are asked for; queries repeat their kind's words.
struct Made {
  std::vector<ToolText> tools;
  std::vector<ToolQuery> queries;
  explicit Made(bool wrong_tests = false) {
    const char* kinds[][4] = {{"rain", "snow", "wind", "sun"},
                              {"pay", "euros", "savings", "account"},
                              {"train", "ticket", "platform", "seat"},
                              {"recipe", "oven", "dough", "sauce"}};
    for (const char* name : {"alpha", "beta", "gamma", "delta"}) tools.push_back({name, "A service.", 16});
    for (std::uint32_t k = 0; k < 4; ++k)
      for (int i = 0; i < 100; ++i)
        queries.push_back(
            {std::string(kinds[k][i % 4]) + " " + kinds[k][i / 4 % 4] + " number " + std::to_string(i), {k}});
    if (!wrong_tests) return;
    for (const auto r : split_tool_queries(queries, 5).test) queries[r].tools = {(queries[r].tools[0] + 1) % 4};
  }
};

TEST(ToolStudyTest, OutcomesTeachWhatTextsDoNotSay) {
  const Made m;
  const auto s = study_tools(m.tools, m.queries, text::HashedNgrams(), 5);
  const auto ndcg = [&](std::string_view name) {
    for (const auto& r : s.rankings)
      if (r.name == name) return r.test.ndcg(1);
    ADD_FAILURE() << name;
    return 0.0;
  };
  EXPECT_LT(ndcg("meaning, texts"), 0.6);
  EXPECT_LT(ndcg("most used first"), 0.6);
  EXPECT_GT(ndcg("meaning, refined"), 0.95);
  EXPECT_GT(ndcg("words, refined"), 0.95);
  EXPECT_GT(ndcg("mix"), 0.95);
}

TEST(ToolStudyTest, NoRowOfTheTestIsLearnedFrom) {
  const Made m, wrong(true);
  const auto s = study_tools(m.tools, m.queries, text::HashedNgrams(), 5),
             t = study_tools(wrong.tools, wrong.queries, text::HashedNgrams(), 5);
  std::set<std::string> learned;
  for (const auto r : s.learned_from) learned.insert(text::canonical_text(s.queries[r].text));
  for (const auto r : s.split.test) EXPECT_FALSE(learned.contains(text::canonical_text(s.queries[r].text)));
  EXPECT_EQ(s.learned_from.size() + s.split.test.size(), s.queries.size());
  // With other labels on the test rows the same is learned, and the figures turn bad.
  EXPECT_EQ(s.learned_from, t.learned_from);
  EXPECT_EQ(s.chosen_ndcg5, t.chosen_ndcg5);
  EXPECT_EQ(s.fit.meaning.pull, t.fit.meaning.pull);
  EXPECT_EQ(s.fit.words.push, t.fit.words.push);
  EXPECT_EQ(s.fit.mix.meaning, t.fit.mix.meaning);
  EXPECT_LT(t.rankings.back().test.ndcg(1), 0.1);
}

TEST(ToolStudyTest, FailuresPushWrongToolsDown) {
  // Every query of "b" looks like those of "a" but for one word.
  std::vector<ToolText> tools = {{"a", "", 1}, {"b", "", 1}};
  std::vector<ToolQuery> queries;
  for (int i = 0; i < 30; ++i) queries.push_back({"please book the usual room number " + std::to_string(i), {0}});
  for (int i = 0; i < 5; ++i) queries.push_back({"please cancel the usual room number " + std::to_string(i), {1}});
  std::vector<std::size_t> rows(queries.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = i;
  const auto space = std::make_shared<WordSpace>(tools, queries, rows);
  const auto margin = [&](float push) {
    const auto f = fit_space(space, queries, rows, {.pull = 0.3F, .push = push, .shrink = 50});
    std::vector<float> scores(2);
    space->score(f.matrix, 32, scores);
    return scores[1] - scores[0];
  };
  EXPECT_LT(margin(0), 0);
  EXPECT_GT(margin(0.8F), margin(0));
}

TEST(ToolStudyTest, TooFewQueriesAreSaid) {
  Made m;
  m.queries.resize(1);
  EXPECT_THROW(study_tools(m.tools, m.queries, text::HashedNgrams(), 5), Error);
}

// The published queries by the protocol of the specification, with the encoder that needs nothing installed: a bar
// that the words alone must reach; docs/measurements/router.md has the figures with the sentence encoder.
TEST(ToolStudyTest, MetaTool) {
  const auto shared = wattline::tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "skipped: minutes under a sanitiser";
#endif
  const auto content = [&](const char* name) {
    std::ifstream in(*shared / "data/metatool" / name);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  };
  auto tools = read_tools(content("plugin_descriptions.json"), "plugins");
  merge_tools(tools, read_tools(content("merged_tool_descriptions.json"), "merged"));
  auto queries = read_tool_queries(content("queries_train.csv"), "queries", tools);
  drop_unused_tools(tools, queries);
  EXPECT_EQ(tools.size(), 199u);
  const auto s = study_tools(std::move(tools), std::move(queries), text::HashedNgrams(), 5);
  const auto& mix = s.rankings.back().test;
  EXPECT_GE(mix.ndcg(5), 0.85);
  EXPECT_GT(mix.ndcg_interval(5, 1000, 1).low, 0.83);
}

}  // namespace
}  // namespace wattline::policy
