#include "kernel/result_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wattline {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(TerminalText, ControlsBecomeEscapes) {
  EXPECT_EQ(terminal_text("a\x1b[31mred\n\rb\x7f"), "a\\x1b[31mred\n\\x0db\\x7f");
  EXPECT_EQ(terminal_text("\xc2\x9b"
                          "31m"),
            "\\x9b31m")
      << "the eight-bit form of ESC [";
  EXPECT_EQ(terminal_text("\x9b\xff"), "\\x9b\\xff");
  EXPECT_EQ(terminal_text("µW … é€😀 \xc2\xa0"), "µW … é€😀 \xc2\xa0");
  EXPECT_EQ(terminal_text(""), "");
}

TEST(TerminalText, NoPartOfAResultSteersTheTerminal) {
  const std::string bad = "x\x1b]0;owned\x07";
  Result r;
  r.title = bad;
  r.estimate(bad, bad, Estimate<Energy>::with_sd(Energy(1), Energy(0), Method::measured, bad), {}, bad);
  Table t;
  t.title = t.caption = bad;
  t.text(bad).add_row({bad});
  r.add(std::move(t));
  Figure f;
  f.title = bad;
  f.categories = {bad, bad};
  f.kind = Figure::Kind::bar;
  f.traces.push_back({bad, {0, 1}, {1, 2}, {}, {}});
  r.add(std::move(f));
  r.note(bad).warn(bad);
  r.use({bad, bad, bad, bad, bad, bad});
  r.verdict = Verdict{true, bad};
  for (const bool unicode : {true, false}) {
    const std::string text = to_text(r, 100, unicode);
    EXPECT_EQ(text.find('\x1b'), text.npos);
    EXPECT_EQ(text.find('\x07'), text.npos);
  }
}

TEST(ResultText, FactorsInALineOrEach) {
  Result r;
  r.use({"a", "Grid of France", "50 g/kWh", "", "2024", ""});
  EXPECT_THAT(to_text(r, TextForm{}), HasSubstr("Grid of France = 50 g/kWh, 2024"));
  EXPECT_EQ(to_text(r, TextForm{}), to_text(r));
  TextForm brief;
  brief.factors = false;
  EXPECT_THAT(to_text(r, brief), HasSubstr("1 factor used: --details"));
  EXPECT_THAT(to_text(r, brief), Not(HasSubstr("France")));
}

}  // namespace
}  // namespace wattline
