#include "meter/phases/phase_line.h"

#include <gtest/gtest.h>

namespace wattline::meter {
namespace {

TEST(PhaseLine, TheFourVerbs) {
  const auto begin = parse_phase_line("begin load data");
  ASSERT_TRUE(begin);
  EXPECT_EQ(begin->verb, PhaseVerb::begin);
  EXPECT_EQ(begin->name, "load data");
  EXPECT_FALSE(begin->seconds);
  EXPECT_EQ(parse_phase_line("end x")->verb, PhaseVerb::end);
  EXPECT_EQ(parse_phase_line("mark x")->verb, PhaseVerb::mark);
  EXPECT_EQ(parse_phase_line("mark")->name, "");
  EXPECT_EQ(parse_phase_line("next")->verb, PhaseVerb::next);
  EXPECT_EQ(parse_phase_line("  begin \t x \r")->name, "x");
  EXPECT_EQ(parse_phase_line("begin \xc3\xa9poque 3")->name, "\xc3\xa9poque 3");
}

TEST(PhaseLine, ATimeMayStandBeforeTheName) {
  const auto line = parse_phase_line("begin @12345.678901 train");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->name, "train");
  EXPECT_NEAR(*line->seconds, 12345.678901, 1e-9);
  EXPECT_EQ(parse_phase_line("mark @1.5")->name, "");
  // What is no time is the name.
  EXPECT_EQ(parse_phase_line("begin @home")->name, "@home");
  EXPECT_EQ(parse_phase_line("begin @-1 x")->name, "@-1 x");
  EXPECT_EQ(parse_phase_line("begin @inf x")->name, "@inf x");
}

TEST(PhaseLine, GarbageIsNothing) {
  for (const char* bad :
       {"", " ", "begin", "end", "end @3", "start x", "beginx", "next x", "begin a\tb\x01", "begin \xff"})
    EXPECT_FALSE(parse_phase_line(bad)) << bad;
  EXPECT_FALSE(parse_phase_line("begin " + std::string(longest_phase_name + 1, 'a')));
  EXPECT_TRUE(parse_phase_line("begin " + std::string(longest_phase_name, 'a')));
}

}  // namespace
}  // namespace wattline::meter
