#include "lm/tokenizer.h"

#include <random>

#include <gtest/gtest.h>

#include "lm/utf8.h"

namespace wattline::lm {
namespace {

std::vector<int> reply_tokens(const std::string& text, bool turned) {
  return ByteTokenizer().encode_reply(text, turned);
}

TEST(ByteTokenizerTest, AnyBytesComeBack) {
  const ByteTokenizer tokenizer;
  std::mt19937_64 random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (auto n = random() % 40; n > 0; --n)
      text += random() % 2 ? static_cast<char>('0' + random() % 10) : static_cast<char>(random());
    for (bool turned : {false, true}) EXPECT_EQ(tokenizer.decode(reply_tokens(text, turned)), text);
  }
}

TEST(ByteTokenizerTest, TurnedNumbersAreWrittenFromTheirEnd) {
  const std::vector<int> wanted = {ByteTokenizer::turn, '3', '2', '1', ' ', 'm', ByteTokenizer::end};
  EXPECT_EQ(reply_tokens("123 m", true), wanted);
  EXPECT_EQ(reply_tokens("7", true), (std::vector<int>{ByteTokenizer::turn, '7', ByteTokenizer::end}));
  EXPECT_EQ(reply_tokens("123", false), (std::vector<int>{'1', '2', '3', ByteTokenizer::end}));
}

TEST(ByteTokenizerTest, PromptsAreMarked) {
  const std::vector<int> ids = ByteTokenizer().encode_prompt(
      "\xff"
      "a");
  EXPECT_EQ(ids, (std::vector<int>{ByteTokenizer::begin, 255, 'a', ByteTokenizer::answer}));
  EXPECT_TRUE(ByteTokenizer().is_end(ByteTokenizer::end));
  EXPECT_FALSE(ByteTokenizer().is_end('e'));
}

// What has settled never changes, whatever a model says next.
TEST(ByteTokenizerTest, SettledBytesStay) {
  const ByteTokenizer tokenizer;
  std::mt19937_64 random(9);
  for (int i = 0; i < 500; ++i) {
    std::vector<int> tokens;
    std::string settled;
    for (int n = 0; n < 30; ++n) {
      const int kinds[] = {ByteTokenizer::turn, static_cast<int>('0' + random() % 10), static_cast<int>(random() % 256),
                           ByteTokenizer::begin, ByteTokenizer::answer};
      tokens.push_back(kinds[random() % 5]);
      const std::string now = tokenizer.decode(tokens).substr(0, tokenizer.settled_bytes(tokens));
      ASSERT_TRUE(now.starts_with(settled));
      settled = now;
    }
  }
}

TEST(Utf8StreamTest, WholeCharactersOnly) {
  Utf8Stream stream;
  std::string out;
  stream.push("a\xc3", out);
  EXPECT_EQ(out, "a");
  stream.push("\xa9\xe2\x82", out);
  EXPECT_EQ(out, "a\xc3\xa9");
  stream.finish(out);
  EXPECT_EQ(out, "a\xc3\xa9\xef\xbf\xbd");
}

// Cut anywhere, the same text comes out.
TEST(Utf8StreamTest, PiecesDoNotMatter) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 500; ++i) {
    std::string bytes;
    for (int n = 0; n < 30; ++n)
      bytes += random() % 3 ? static_cast<char>(random() % 128) : static_cast<char>(random());
    Utf8Stream at_once, by_byte;
    std::string whole, pieces;
    at_once.push(bytes, whole);
    at_once.finish(whole);
    for (char c : bytes) by_byte.push(std::string_view(&c, 1), pieces);
    by_byte.finish(pieces);
    EXPECT_EQ(whole, pieces);
  }
}

}  // namespace
}  // namespace wattline::lm
