#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/table.h"

namespace wattline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string message(std::string_view csv, const CsvOptions& o = {}) {
  try {
    read_csv(csv, "f.csv", o);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Csv, ReadsTypedColumnsWithUnits) {
  const Table t = read_csv(
      "\xEF\xBB\xBFtime,power_w [W],energy (kWh),n,name,ok,odd (thing)\r\n"
      "2026-01-01T00:00:00Z,1,2.5,3,a,true,x\r\n"
      "2026-01-01 00:00:01,,NaN,,\"b, \"\"c\"\"\nd\",false,y\r\n");
  ASSERT_EQ(t.rows(), 2u);
  EXPECT_EQ(t.column("time").kind, ColumnKind::time);
  EXPECT_EQ(t.column("time").integers()[1] - t.column("time").integers()[0], 1'000'000'000);
  EXPECT_EQ(t.column("power_w").unit, "W");
  EXPECT_EQ(t.column("power_w").kind, ColumnKind::number);
  EXPECT_TRUE(std::isnan(t.column("power_w").numbers()[1]));
  EXPECT_EQ(t.column("energy").unit, "kWh");
  EXPECT_EQ(t.column("energy").numbers()[0], 2.5);
  EXPECT_THAT(t.column("n").integers(), ElementsAre(3, missing_integer));
  EXPECT_THAT(t.column("name").texts(), ElementsAre("a", "b, \"c\"\nd"));
  EXPECT_THAT(t.column("ok").integers(), ElementsAre(1, 0));
  EXPECT_EQ(t.column("odd (thing)").unit, "");
}

TEST(Csv, FindsTheDelimiter) {
  EXPECT_EQ(read_csv("a;b,c;d\n1;2;3\n").columns().size(), 3u);
  EXPECT_EQ(read_csv("a\tb\n1\t2\n").columns().size(), 2u);
  EXPECT_EQ(read_csv("\"a;b;c\",d\n1,2\n").columns().size(), 2u);
  EXPECT_EQ(read_csv("a\n1\n").columns().size(), 1u);
  CsvOptions bars;
  bars.delimiter = '|';
  EXPECT_EQ(read_csv("a|b,c\n1|2\n", "x", bars).columns().size(), 2u);
}

TEST(Csv, WidensAndReadsAgain) {
  const Table t = read_csv("a,b,c,d\n1,1,,NA\n2.5,2,7,\n3,x,8,NA\n");
  EXPECT_THAT(t.column("a").numbers(), ElementsAre(1, 2.5, 3));
  EXPECT_THAT(t.column("b").texts(), ElementsAre("1", "2", "x"));
  EXPECT_THAT(t.column("c").integers(), ElementsAre(missing_integer, 7, 8));
  EXPECT_THAT(t.column("d").texts(), ElementsAre("NA", "", "NA"));
}

TEST(Csv, ErrorsNameThePlace) {
  EXPECT_THAT(message(""), HasSubstr("f.csv: is empty"));
  EXPECT_THAT(message("a,b\n1,2\n\n1,\"2\n"), testing::AllOf(HasSubstr("f.csv:4:2"), HasSubstr("never ends")));
  EXPECT_THAT(message("a,b\n1,\"2\" x\n"), testing::AllOf(HasSubstr("f.csv:2:2"), HasSubstr("followed by")));
  EXPECT_THAT(message("a,b\n\"x\ny\",2\n1\n"), testing::AllOf(HasSubstr("f.csv:4:1"), HasSubstr("has 1 field where the header names 2")));
  EXPECT_THAT(message("a,b\n1,2,3\n"), HasSubstr("f.csv:2:3"));
  EXPECT_THAT(message(std::string("a\n\0x", 4)), testing::AllOf(HasSubstr("f.csv:2"), HasSubstr("NUL")));
  EXPECT_THAT(message("a\nb\nc\xFFx"), testing::AllOf(HasSubstr("f.csv:3"), HasSubstr("UTF-8"), HasSubstr("0xFF")));
  EXPECT_THAT(message("\xFF\xFE"), HasSubstr("UTF-16"));
  CsvOptions two;
  two.max_rows = 2;
  EXPECT_THAT(message("a\n1\n2\n3\n", two), testing::AllOf(HasSubstr("f.csv:4"), HasSubstr("more than the 2 rows")));
  EXPECT_EQ(message("a\n1\n2\n", two), "");
}

TEST(Csv, RoundTrips) {
  Table t;
  t.text("s").number("x", "W").integer("i").time("t").flag("f");
  t.add_row({"plain", 0.1, std::int64_t{7}, Time{1'500'000'000}, true});
  t.add_row({"a,\"b\"\r\n;\t", -1e300, std::int64_t{-1}, Time{-1}, false});
  t.add_row({std::string(" 7 "), 5e-324, {}, {}, {}});
  const std::string csv = to_csv(t);
  const Table back = read_csv(csv);
  EXPECT_EQ(to_csv(back), csv);
  for (std::size_t i = 0; i < t.columns().size(); ++i) {
    EXPECT_EQ(back.columns()[i].cells, t.columns()[i].cells) << i;
    EXPECT_EQ(back.columns()[i].kind, t.columns()[i].kind) << i;
    EXPECT_EQ(back.columns()[i].unit, t.columns()[i].unit) << i;
  }
}

}  // namespace
}  // namespace wattline
