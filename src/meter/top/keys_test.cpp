#include "meter/top/keys.h"

#include <gtest/gtest.h>

namespace wattline::meter {
namespace {

using Kind = Key::Kind;

std::vector<Kind> kinds(const std::vector<Key>& keys) {
  std::vector<Kind> out;
  for (const auto& k : keys) out.push_back(k.kind);
  return out;
}

TEST(Keys, ReadsLettersArrowsAndControls) {
  KeyReader r;
  EXPECT_EQ(kinds(r.feed("q\x1b[A\x1b[B\x1bOC\x1b[1;5D\x1b[5~\x1b[6~\r\x7f\x03")),
            (std::vector<Kind>{Kind::text, Kind::up, Kind::down, Kind::right, Kind::left, Kind::page_up,
                               Kind::page_down, Kind::enter, Kind::backspace, Kind::quit}));
  EXPECT_EQ(r.feed("\xc3\xa9")[0].text, "\xc3\xa9");
}

TEST(Keys, AnyPiecesMakeTheSameKeys) {
  const std::string all = "a\x1b[A\xe2\x82\xac\x1b[6~x\x1b[999~z";
  KeyReader whole;
  const auto expected = whole.feed(all);
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    KeyReader r;
    auto got = r.feed(all.substr(0, cut));
    for (auto& k : r.feed(all.substr(cut))) got.push_back(std::move(k));
    EXPECT_EQ(got, expected) << cut;
  }
}

TEST(Keys, ALoneEscapeIsAKeyOnceNothingFollows) {
  KeyReader r;
  EXPECT_TRUE(r.feed("\x1b").empty());
  EXPECT_EQ(kinds(r.settle()), std::vector<Kind>{Kind::escape});
  EXPECT_TRUE(r.settle().empty());
}

TEST(Keys, EndlessAndBrokenSequencesArePassedOver) {
  KeyReader r;
  EXPECT_TRUE(r.feed("\x1b[" + std::string(1000, ';')).size() < 1000);
  r.settle();
  EXPECT_EQ(r.feed("\xff\xfeq").back().text, "q");
}

}  // namespace
}  // namespace wattline::meter
