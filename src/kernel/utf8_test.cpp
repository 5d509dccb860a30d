#include "kernel/utf8.h"

#include <gtest/gtest.h>

namespace wattline {
namespace {

TEST(Utf8, ValidPrefixEndsAtTheFirstFault) {
  const std::string ascii(100, 'a');
  EXPECT_EQ(valid_utf8_prefix(""), 0u);
  EXPECT_EQ(valid_utf8_prefix(ascii), 100u);
  EXPECT_EQ(valid_utf8_prefix(ascii + "é€😀"), 109u);
  for (const char* bad : {"\xFF", "\x80", "\xC0\xAF", "\xC3", "\xE2\x82", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xE0\x80\x80", "\xF0\x80\x80\x80"})
    for (std::size_t before : {0u, 1u, 30u, 31u, 32u, 33u, 64u}) {
      const std::string text = ascii.substr(0, before) + bad + ascii;
      EXPECT_EQ(valid_utf8_prefix(text), before);
    }
  // A sequence that crosses the end of a fast step.
  EXPECT_EQ(valid_utf8_prefix(std::string(31, 'a') + "é" + std::string(40, 'b')), 73u);
}

TEST(Utf8, WidthCountsCodePoints) {
  EXPECT_EQ(text_width("aé€😀"), 4u);
  EXPECT_EQ(text_prefix("aé€😀", 2), "aé");
  EXPECT_EQ(text_prefix("aé", 0), "");
  EXPECT_EQ(text_prefix("aé", 9), "aé");
}

TEST(Utf8, ShownTextHoldsNoControls) {
  EXPECT_EQ(shown_text("a\n\r\t\x1b[0m\x7f"), "a\\n\\r\\t\\x1b[0m\\x7f");
  EXPECT_EQ(shown_text("abcdef", 3), "abc");
}

}  // namespace
}  // namespace wattline
