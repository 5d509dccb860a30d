// The guard and the threshold on real questions, with the encoder that the program brings. Nothing was tuned on them: the
// threshold is the specification's.
#include <cmath>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "kernel/json.h"
#include "kernel/testing.h"
#include "policy/cache/replay.h"
#include "text/testing.h"

namespace wattline::policy {
namespace {

namespace fs = std::filesystem;

// Not owned: the tests' encoder lives as long as the program.
std::shared_ptr<const text::Encoder> encoder() {
  const text::UseLite* held = text::tests::use_lite();
  return held ? std::shared_ptr<const text::Encoder>(held, [](const text::Encoder*) {}) : nullptr;
}

std::string content(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

struct OnRealQuestions : ::testing::Test {
  void SetUp() override {
    const auto shared = wattline::tests::shared_dir();
    if (!shared) GTEST_SKIP() << "skipped: no shared data";
    if (!encoder()) GTEST_SKIP() << "skipped: the sentence encoder is not installed";
    if (text::tests::sanitised) GTEST_SKIP() << "skipped: takes minutes under a sanitiser";
    data = *shared / "data";
  }
  CacheReplayed at(const RecordedQuestions& q, double threshold, bool guard) {
    QuestionReader::Options plain;
    plain.subjects = false;
    if (seen.read.empty()) seen = see(QuestionReader(encoder(), plain), q);
    CacheReplayOptions o;
    o.threshold = threshold;
    o.guard = guard;
    return replay(q, seen, o);
  }
  fs::path data;
  SeenQuestions seen;
};

// Questions about the same paragraphs, most of them with other answers.
TEST_F(OnRealQuestions, FewFalseHitsAmongQuestionsOfOneParagraph) {
  const fs::path file = data / "xquad-retrieval/queries.en.tsv";
  const auto q = read_recorded_questions(content(file), file.string());
  ASSERT_EQ(q.rows.size(), 729u);
  const auto guarded = at(q, 0.92, true), bare = at(q, 0.92, false);
  EXPECT_LE(guarded.judged.wrong, 2u);
  EXPECT_GT(bare.judged.wrong, guarded.judged.wrong);
  // Where vectors alone would be wrong for every third question, the guard takes most of it.
  EXPECT_LT(4 * at(q, 0.7, true).judged.wrong, at(q, 0.7, false).judged.wrong);
}

// No two of these have one answer.
TEST_F(OnRealQuestions, SumsAreNeverTakenForOneAnother) {
  const fs::path file = data / "routellm-bench/gsm8k_mixtral_vs_gpt4.csv";
  auto q = read_recorded_questions(content(file), file.string());
  q.rows.resize(250);
  EXPECT_EQ(at(q, 0.7, true).similar, 0u);
  EXPECT_GT(at(q, 0.7, false).similar, 10u);
}

TEST_F(OnRealQuestions, OtherWordsForTheSameAreFound) {
  RecordedQuestions q;
  const Json cases = parse_json(content(data / "router-probes/cases/cache_cases.json"));
  for (const Json& c : cases.as_array()) {
    const std::string label = c.at("description").as_string();
    q.rows.push_back({c.at("original_question").as_string(), label, "", NAN, NAN});
    for (const Json& s : c.at("similar_questions").as_array()) q.rows.push_back({s.as_string(), label, "", NAN, NAN});
  }
  EXPECT_EQ(findable(q), 15u);
  const auto lenient = at(q, 0.85, true);
  EXPECT_GE(lenient.similar, 10u);
  EXPECT_EQ(lenient.judged.wrong, 0u);
  EXPECT_GE(at(q, 0.92, true).similar, 3u);
}

}  // namespace
}  // namespace wattline::policy
