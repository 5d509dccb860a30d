#include "learn/examples.h"

#include <gtest/gtest.h>

namespace wattline::learn {
namespace {

TEST(ExamplesTest, OnlyTheAnswerIsLearned) {
  lm::Problem p;
  p.prompt = "1+1";
  p.answer = "2";
  const Example e = make_example(p, {});
  EXPECT_EQ(e.tokens, (std::vector<int>{lm::ByteTokenizer::begin, '1', '+', '1', lm::ByteTokenizer::answer, '2',
                                        lm::ByteTokenizer::end}));
  const Batch b = make_batch({e});
  EXPECT_EQ(b.rows, 1);
  EXPECT_EQ(b.length, 6);
  EXPECT_EQ(b.places, (std::vector<std::int64_t>{4, 5}));
  EXPECT_EQ(b.targets, (std::vector<std::int64_t>{'2', lm::ByteTokenizer::end}));
}

TEST(ExamplesTest, ShortRowsArePadded) {
  lm::Problem s, l;
  s.prompt = "a";
  l.prompt = "abcdef";
  s.answer = l.answer = "x";
  const Batch b = make_batch({make_example(s, {}), make_example(l, {})});
  EXPECT_EQ(b.length, 9);
  EXPECT_EQ(b.tokens.size(), 18u);
  EXPECT_EQ(b.tokens[8], lm::ByteTokenizer::end);
  // Place and target belong together: what stands there comes before the target.
  for (auto place : b.places) EXPECT_LT(place, b.rows * b.length);
  EXPECT_EQ(b.tokens[static_cast<std::size_t>(b.places[0])], lm::ByteTokenizer::answer);
  EXPECT_EQ(b.tokens[static_cast<std::size_t>(b.places[2])], lm::ByteTokenizer::answer);
}

TEST(ExamplesTest, BatchesKeepTheirSize) {
  ExampleStream stream(std::mt19937_64(1), 1024);
  for (int i = 0; i < 50; ++i) {
    const Batch b = stream.next();
    EXPECT_GT(b.rows, 0);
    EXPECT_LE(b.rows * b.length, 1024);
    EXPECT_EQ(b.places.size(), b.targets.size());
  }
}

TEST(ExamplesTest, TheStreamIsTheSeeds) {
  ExampleStream a(std::mt19937_64(1), 1024), b(std::mt19937_64(1), 1024), c(std::mt19937_64(2), 1024);
  EXPECT_EQ(a.next().tokens, b.next().tokens);
  EXPECT_NE(a.next().tokens, c.next().tokens);
}

}  // namespace
}  // namespace wattline::learn
