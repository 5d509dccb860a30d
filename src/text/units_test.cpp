#include "text/units.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "text/fold.h"
#include "text/utf8.h"

namespace wattline::text {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> units_of(std::string_view text) {
  std::vector<std::string> all;
  for (UnitWalk walk(text); walk.next();) all.emplace_back(walk.unit());
  return all;
}

TEST(Utf8Walk, BrokenBytesAreOneReplacementEach) {
  std::vector<char32_t> seen;
  each_code_point("a\xC3(\xF0\x9F\x98\x80\xED\xA0\x80\xE2\x82", [&](char32_t c) { seen.push_back(c); });
  const char32_t bad = replacement;
  EXPECT_THAT(seen, ElementsAre(U'a', bad, U'(', char32_t{0x1F600}, bad, bad, bad, bad, bad));
}

TEST(Utf8Walk, BackwardsMeetsForwards) {
  const std::string text = "a\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80\x80z\xC3";
  std::vector<char32_t> forwards, backwards;
  each_code_point(text, [&](char32_t c) { forwards.push_back(c); });
  for (std::size_t end = text.size(); end > 0;) {
    const CodePoint c = code_point_before(text, end);
    backwards.insert(backwards.begin(), c.value);
    end -= c.length;
  }
  EXPECT_EQ(forwards, backwards);
}

TEST(Utf8Walk, AppendsWhatItReads) {
  for (char32_t c : {U'a', char32_t{0x7FF}, char32_t{0x800}, char32_t{0xFFFF}, char32_t{0x10000}, char32_t{0x10FFFF}}) {
    std::string out;
    append_utf8(c, out);
    EXPECT_EQ(code_point_at(out, 0).value, c);
    EXPECT_EQ(code_point_at(out, 0).length, out.size());
  }
  std::string out;
  append_utf8(0xD800, out);
  append_utf8(0x110000, out);
  EXPECT_EQ(out, "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Units, WordsOfLatinText) {
  EXPECT_THAT(units_of("Don't stop, 3.5x now_ok!"), ElementsAre("Don", "t", "stop", "3", "5x", "now_ok"));
  EXPECT_THAT(units_of(""), IsEmpty());
  EXPECT_THAT(units_of(" \t\n?!…"), IsEmpty());
}

TEST(Units, EachHanKanaHangulCharacterIsOne) {
  EXPECT_THAT(units_of("请use API吗"), ElementsAre("请", "use", "API", "吗"));
  EXPECT_THAT(units_of("ラーメン"), ElementsAre("ラ", "ー", "メ", "ン"));
  EXPECT_EQ(count_units("안녕"), 2u);
  EXPECT_EQ(count_units("𠀀𠀁"), 2u);
}

TEST(Units, MarksStayWithTheirLetter) {
  EXPECT_THAT(units_of("हिन्दी में"), ElementsAre("हिन्दी", "में"));
  EXPECT_THAT(units_of("e\u0301te\u0301"), ElementsAre("e\u0301te\u0301"));
  EXPECT_THAT(units_of("مُحَمَّد"), ElementsAre("مُحَمَّد"));
  EXPECT_THAT(units_of("が"), ElementsAre("が"));
}

TEST(Units, BrokenBytesSplitAndAreNoUnit) {
  EXPECT_THAT(units_of("ab\xFF"
                       "cd\xC3"),
              ElementsAre("ab", "cd"));
}

TEST(Units, BoundsAreOfWords) {
  const std::string_view text = "the cat's concat c++ été";
  EXPECT_TRUE(word_bounded(text, 4, 7));
  EXPECT_FALSE(word_bounded(text, 13, 16));
  EXPECT_TRUE(word_bounded(text, 17, 20));
  EXPECT_FALSE(word_bounded("été", 0, 3));
}

TEST(Fold, CaseQuotesAndSpace) {
  EXPECT_EQ(folded("That’s\r\n\tWRONG “ÉTÉ” ΣΑΣ"), "that's wrong \"été\" σασ");
  EXPECT_EQ(folded("A\xFF"
                   "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(folded("That’s  Ok", Case::keep), "That's Ok");
}

}  // namespace
}  // namespace wattline::text
