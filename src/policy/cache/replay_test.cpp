#include "policy/cache/replay.h"

#include <gtest/gtest.h>

#include "text/hashed_ngrams.h"

namespace wattline::policy {
namespace {

CacheReplayed tried(const std::string& file, CacheReplayOptions o = {}) {
  const auto questions = read_recorded_questions(file, "asked.csv");
  QuestionReader::Options plain;
  plain.subjects = false;
  const QuestionReader reader(std::make_shared<text::HashedNgrams>(), plain);
  return replay(questions, see(reader, questions), o);
}

TEST(CacheReplay, TellsTheSameTextFromTheSameMeaning) {
  CacheReplayOptions o;
  o.threshold = 0.6;
  const auto r = tried(
      "prompt,label,energy_j\n"
      "What are the benefits of regular exercise?,1,10\n"
      "What are the benefits of regular exercise?,1,10\n"  // exact
      "what are the benefits of  regular exercise,1,10\n"  // the same text
      "Tell me what the benefits of regular exercise are please,1,10\n"  // similar
      "Tell me why the weather today is so bad,2,10\n",  // never looked up
      o);
  EXPECT_EQ(r.questions, 5u);
  EXPECT_EQ(r.exact, 1u);
  EXPECT_EQ(r.same_text, 1u);
  EXPECT_EQ(r.similar, 1u);
  EXPECT_EQ(r.not_matched, 1u);
  EXPECT_EQ(r.hits(), 3u);
  EXPECT_EQ(r.judged.judged, 1u);
  EXPECT_EQ(r.judged.wrong, 0u);
  EXPECT_EQ(r.joules, 50);
  EXPECT_EQ(r.joules_saved, 30);
}

TEST(CacheReplay, LabelsTellFalseHits) {
  CacheReplayOptions o;
  o.threshold = 0.5;
  const std::string file =
      "prompt,label\n"
      "How do I get a visa for a long stay in Peru?,a\n"
      "Tell me how I get a visa for a long stay in Peru,b\n";
  const auto r = tried(file, o);
  EXPECT_EQ(r.similar, 1u);
  EXPECT_EQ(r.judged.wrong, 1u);
  EXPECT_EQ(findable(read_recorded_questions(file, "x")), 0u);
  o.threshold = 0.999;
  EXPECT_EQ(tried(file, o).similar, 0u);
}

TEST(CacheReplay, TheGuardAndScopesAndAge) {
  CacheReplayOptions o;
  o.threshold = 0.6;
  const std::string numbers = "prompt,label\nHow much is 10 USD in EUR?,1\nHow much is 11 USD in EUR?,2\n";
  EXPECT_EQ(tried(numbers, o).similar, 0u);
  EXPECT_EQ(tried(numbers, o).refused.at("a number"), 1u);
  o.guard = false;
  EXPECT_EQ(tried(numbers, o).judged.wrong, 1u);
  o.guard = true;
  EXPECT_EQ(tried("prompt,scope\nWho wrote Faust in full?,a\nWho wrote Faust in full?,b\n", o).hits(), 0u);
  o.ttl_s = 10;
  EXPECT_EQ(tried("prompt,seconds\nWho wrote Faust in full?,0\nWho wrote Faust in full?,5\n", o).hits(), 1u);
  EXPECT_EQ(tried("prompt,seconds\nWho wrote Faust in full?,0\nWho wrote Faust in full?,50\n", o).hits(), 0u);
}

}  // namespace
}  // namespace wattline::policy
