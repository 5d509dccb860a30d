#include "policy/evaluate/workload.h"

#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"

namespace wattline::policy {
namespace {

TEST(WorkloadTest, ReadsThePublishedShape) {
  const Workload w = read_workload(
      "subject,prompt,weak_correct,strong_correct,contaminated\nmath,\"1+1?\",1,1,0\nlaw,\"Is it,\nlegal?\",0,1,1\n",
      "a.csv");
  EXPECT_EQ(w.models, (std::vector<std::string>{"weak", "strong"}));
  ASSERT_EQ(w.rows.size(), 2u);
  EXPECT_EQ(w.rows[1].prompt, "Is it,\nlegal?");
  EXPECT_EQ(w.rows[1].domain, "law");
  EXPECT_TRUE(w.rows[1].contaminated);
  EXPECT_EQ(w.rows[1].answers[0].quality, 0);
  EXPECT_EQ(w.rows[0].prompt_tokens, 1);
  EXPECT_FALSE(w.has_energy);
  EXPECT_FALSE(w.has_lengths);
}

TEST(WorkloadTest, ReadsScoresAndTexts) {
  const Workload w = read_workload(
      "question_id,turn,category,prompt,small_score_1_10,big_score_1_10,small_response,big_energy_j\n"
      "81,2,writing,Hello,7,9.5,abcdefgh,12.5\n",
      "b.csv");
  EXPECT_EQ(w.rows[0].id, "81/2");
  EXPECT_NEAR(w.rows[0].answers[0].quality, 0.7, 1e-12);
  EXPECT_EQ(w.rows[0].answers[0].output_tokens, 2);
  EXPECT_EQ(w.rows[0].answers[1].energy, 12.5);
  EXPECT_TRUE(w.has_energy);
}

TEST(WorkloadTest, ReadsLines) {
  const Workload w = read_workload(
      "{\"prompt\":\"a\",\"answers\":{\"s\":{\"quality\":0.5,\"energy_j\":2,\"votes\":[3,1]},\"l\":{\"quality\":1}}}"
      "\n\n"
      "{\"id\":\"x\",\"prompt\":\"b\",\"domain\":\"d\",\"answers\":{\"l\":{\"quality\":0}}}\r\n",
      "c.jsonl");
  EXPECT_EQ(w.models, (std::vector<std::string>{"s", "l"}));
  EXPECT_EQ(w.rows[0].answers[0].evidence.votes_second, 1);
  EXPECT_FALSE(w.rows[1].answers[0].there());
  EXPECT_TRUE(w.rows[1].answers[1].there());
  EXPECT_EQ(w.rows[1].id, "x");
  EXPECT_TRUE(w.has_evidence);
}

TEST(WorkloadTest, SaysWhatIsWrongAndWhere) {
  const auto fails = [](std::string_view text, std::string_view expected) {
    try {
      read_workload(text, "w");
      ADD_FAILURE() << text;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(expected), std::string::npos) << e.what();
    }
  };
  fails("", "empty");
  fails("prompt,a_correct,b_correct\n", "no prompts");
  fails("prompt,a_correct\nx,1\n", "two or more");
  fails("question,a_correct,b_correct\nx,1,1\n", "'prompt'");
  fails("prompt,a_correct,b_correct\nx,1,1\ny,2,1\n", "w:3");
  fails("prompt,a_correct,b_correct\nx,yes,1\n", "'yes'");
  fails("{\"prompt\":\"x\",\"answers\":{\"a\":{\"quality\":1},\"b\":{\"quality\":-1}}}", "w:1");
  fails("{\"prompt\":\"x\",\"answers\":{\"a\":{\"quality\":1},\"b\":{\"quality\":1,\"energy_j\":-3}}}", "energy");
  fails("{\"prompt\":\"x\"}", "answers");
  fails("{\"prompt\":\"x\",\"answers\":{\"a\":{\"quality\":1},\"b\":{\"quality\":1,\"votes\":[-1]}}}", "votes");
  fails("{\"prompt\":", "w:1");
}

TEST(WorkloadTest, TheSplitKeepsEqualPromptsTogether) {
  std::string text = "prompt,a_correct,b_correct,contaminated\n";
  for (int i = 0; i < 500; ++i) text += "p" + std::to_string(i % 300) + ",1,0," + (i == 7 ? "1" : "0") + "\n";
  const Workload w = read_workload(text, "w");
  const Split s = split_by_prompt(w);
  EXPECT_EQ(s.train.size() + s.test.size(), 498u);  // row 7 and its twin 307
  EXPECT_NEAR(static_cast<double>(s.test.size()), 100, 40);
  std::set<std::string> train;
  for (const auto r : s.train) train.insert(w.rows[r].prompt);
  for (const auto r : s.test) EXPECT_FALSE(train.contains(w.rows[r].prompt));
}

TEST(WorkloadDataTest, RecordedOutcomesAreAsDescribed) {
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  struct File {
    const char* name;
    std::size_t rows;
    double weak, strong;
  };
  for (const File& f :
       {File{"mmlu", 7587, 0.679, 0.813}, File{"gsm8k", 800, 0.654, 0.845}, File{"mt_bench", 112, 0.837, 0.904}}) {
    const auto path = *shared / "data/routellm-bench" / (std::string(f.name) + "_mixtral_vs_gpt4.csv");
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    const Workload w = read_workload(text.str(), path.string());
    EXPECT_EQ(w.rows.size(), f.rows);
    double weak = 0, strong = 0;
    for (const auto& r : w.rows) weak += r.answers[0].quality, strong += r.answers[1].quality;
    EXPECT_NEAR(weak / static_cast<double>(f.rows), f.weak, 0.0006) << f.name;
    EXPECT_NEAR(strong / static_cast<double>(f.rows), f.strong, 0.0006) << f.name;
    const Split s = split_by_prompt(w);
    std::set<std::string> train;
    for (const auto r : s.train) train.insert(w.rows[r].prompt);
    for (const auto r : s.test) {
      ASSERT_FALSE(train.contains(w.rows[r].prompt)) << w.rows[r].id;
      ASSERT_FALSE(w.rows[r].contaminated);
    }
  }
}

}  // namespace
}  // namespace wattline::policy
