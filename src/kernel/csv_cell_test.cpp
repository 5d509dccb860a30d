#include "kernel/csv_cell.h"

#include <gtest/gtest.h>

namespace wattline::csv {
namespace {

TEST(CsvCell, Integers) {
  EXPECT_EQ(read_integer("0"), 0);
  EXPECT_EQ(read_integer(" -12\t"), -12);
  EXPECT_EQ(read_integer("+5"), 5);
  EXPECT_EQ(read_integer("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(read_integer("-9223372036854775807"), -INT64_MAX);
  EXPECT_EQ(read_integer("+9223372036854775807"), INT64_MAX);
  for (const char* no :
       {"", "-", "+", "007", "-01", "1.0", "1e3", "--1", "+-1", "1 2", "0x1", "-0", "9223372036854775808",
        "-9223372036854775808", "99999999999999999999", "-------------------1", "+-1111111111111111111"})
    EXPECT_FALSE(read_integer(no)) << no;
}

TEST(CsvCell, Numbers) {
  EXPECT_EQ(read_number("1"), 1);
  EXPECT_EQ(read_number(" 2.50 "), 2.5);
  EXPECT_EQ(read_number("+.5"), 0.5);
  EXPECT_EQ(read_number("5."), 5);
  EXPECT_EQ(read_number("-1e-3"), -1e-3);
  EXPECT_EQ(read_number("0.000000000000001"), 1e-15);
  EXPECT_EQ(read_number("1e-400"), 0);
  EXPECT_EQ(read_number("-inf"), -HUGE_VAL);
  EXPECT_TRUE(std::signbit(*read_number("-0")));
  EXPECT_EQ(read_number("123456789012345678901234567890"), 123456789012345678901234567890.0);
  for (const char* no :
       {"",    ".",   "-",   "+",     "e5",  "1e",  "1e999",    "-1e999", "00.5",  "007", "1,5", "1 000",
        "--1", "+-1", "-+1", "1.2.3", "nan", "NaN", "infinity", "0x1p3",  "1_000", "-.",  "1e5x"})
    EXPECT_FALSE(read_number(no)) << no;
}

TEST(CsvCell, Flags) {
  EXPECT_EQ(read_flag("TRUE"), true);
  EXPECT_EQ(read_flag(" false"), false);
  for (const char* no : {"", "yes", "1", "tRuE", "truex"}) EXPECT_FALSE(read_flag(no)) << no;
}

}  // namespace
}  // namespace wattline::csv
