#include "text/canonical.h"

#include <gtest/gtest.h>

namespace wattline::text {
namespace {

TEST(CanonicalText, SqueezesFoldsAndStrips) {
  EXPECT_EQ(canonical_text("  What is  the capital\tof France? "), "what is the capital of france");
  EXPECT_EQ(canonical_text("what is the capital of france"), "what is the capital of france");
  EXPECT_EQ(canonical_text("Really?! "), "really");
  EXPECT_EQ(canonical_text(""), "");
  EXPECT_EQ(canonical_text("  \n "), "");
}

TEST(CanonicalText, InnerPunctuationStays) {
  EXPECT_NE(canonical_text("3.5"), canonical_text("35"));
  EXPECT_NE(canonical_text("a, b"), canonical_text("a b"));
  EXPECT_NE(canonical_text("eats, shoots"), canonical_text("eats shoots"));
  EXPECT_NE(canonical_text("n!=1"), canonical_text("n=1"));
}

TEST(CanonicalText, PunctuationAloneIsItsOwnKey) {
  EXPECT_EQ(canonical_text("?"), "?");
  EXPECT_NE(canonical_text("?!"), canonical_text("..."));
}

TEST(CanonicalText, CompatibilityFormsAreOne) {
  EXPECT_EQ(canonical_text("ＡＢＣ ﬁne"), "abc fine");
  EXPECT_EQ(canonical_text("É"), canonical_text("E\u0301"));
  EXPECT_EQ(canonical_text("STRASSE"), canonical_text("straße"));
  EXPECT_EQ(canonical_text("你好。"), "你好");
  EXPECT_EQ(canonical_text("a\u00A0\u3000b"), "a b");
}

TEST(CanonicalText, LookAlikesStayApart) {
  const std::string latin = "reset my paypal password", cyrillic = "reset my p\u0430ypal password";
  EXPECT_NE(canonical_text(latin), canonical_text(cyrillic));
  EXPECT_NE(canonical_text("scope"), canonical_text("\u0455\u0441\u043E\u0440\u0435"));
  EXPECT_NE(canonical_text("OK"), canonical_text("\u039F\u039A"));
  EXPECT_NE(canonical_text("pass\u200Bword"), canonical_text("password"));
  EXPECT_NE(canonical_text("l00"), canonical_text("loo"));
  EXPECT_TRUE(mixes_scripts(cyrillic));
  EXPECT_FALSE(mixes_scripts(latin));
  EXPECT_EQ(confusable_skeleton(latin), confusable_skeleton(cyrillic));
}

TEST(MixesScripts, OrdinaryTextOfTheWorldDoesNot) {
  EXPECT_FALSE(mixes_scripts("Как установить Python на Windows?"));
  EXPECT_FALSE(mixes_scripts("用Python写代码, ひらがなとカタカナ"));
  EXPECT_FALSE(mixes_scripts("Ελληνικά and English, हिन्दी"));
  EXPECT_FALSE(mixes_scripts(""));
  EXPECT_TRUE(mixes_scripts("wіndows"));
}

TEST(CanonicalText, BrokenBytesAreKeptApart) {
  EXPECT_NE(canonical_text("a\xFF"), canonical_text("a\xFE"));
  EXPECT_NE(canonical_text("a\xFF"), canonical_text("a"));
  EXPECT_EQ(canonical_text("A\xFF?"), canonical_text("a\xFF"));
}

TEST(CanonicalText, IsItsOwnCanonicalForm) {
  for (const char* text : {"\u0390\u0345 X?", "ǅ!", "ﷺ", "ẞ", "½ cup.", "\u1E9B\u0323"})
    EXPECT_EQ(canonical_text(canonical_text(text)), canonical_text(text)) << text;
}

}  // namespace
}  // namespace wattline::text
