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

TEST(Csv, ReadsWhatNvidiaSmiWrites) {
  const Table t = read_csv(
      "timestamp, name, power.draw [W], utilization.gpu [%], memory.used\n"
      "2023/03/10 04:43:32.636, NVIDIA GeForce RTX 3090, 335.90 W, 91 %, 11135 MiB\n"
      "2023/03/10 04:43:33.638, NVIDIA GeForce RTX 3090, [N/A], 93 %, 11136 MiB\n");
  EXPECT_EQ(t.column("timestamp").kind, ColumnKind::time);
  EXPECT_EQ(t.column("power.draw").unit, "W");
  EXPECT_EQ(t.column("power.draw").numbers()[0], 335.9);
  EXPECT_TRUE(std::isnan(t.column("power.draw").numbers()[1]));
  EXPECT_THAT(t.column("utilization.gpu").numbers(), ElementsAre(91, 93));
  EXPECT_EQ(t.column("memory.used").unit, "MiB");
  EXPECT_THAT(t.column("memory.used").numbers(), ElementsAre(11135, 11136));
}

TEST(Csv, CellsWithDifferentUnitsStayText) {
  const Table t = read_csv("a,b [W],c,d\n3 W,3 kW,5 min,1 2\n3 kW,4 kW,soon,1 2\n");
  EXPECT_THAT(t.column("a").texts(), ElementsAre("3 W", "3 kW"));
  EXPECT_EQ(t.column("a").unit, "");
  EXPECT_THAT(t.column("b").texts(), ElementsAre("3 kW", "4 kW"));
  EXPECT_THAT(t.column("c").texts(), ElementsAre("5 min", "soon"));
  EXPECT_THAT(t.column("d").texts(), ElementsAre("1 2", "1 2"));
  EXPECT_THAT(read_csv("a\n3 W\n3W\n").column("a").texts(), ElementsAre("3 W", "3W"));
  EXPECT_THAT(read_csv("a\n3 W\n3\n").column("a").texts(), ElementsAre("3 W", "3"));
  EXPECT_THAT(read_csv("a [W]\n3 W\n3\n").column("a").numbers(), ElementsAre(3, 3));
}

TEST(Csv, NamesAreNeverEmptyNorTwice) {
  const Table t = read_csv("a,,a,a [W],\"x\"\n1,2,3,4,5\n");
  std::vector<std::string> names;
  for (const auto& c : t.columns()) names.push_back(c.name);
  EXPECT_THAT(names, ElementsAre("a", "column_2", "a_2", "a_3", "x"));
  CsvOptions no_header;
  no_header.header = false;
  const Table rows = read_csv("1,x\n2,y\n", "f", no_header);
  EXPECT_THAT(rows.column("column_1").integers(), ElementsAre(1, 2));
  EXPECT_THAT(rows.column("column_2").texts(), ElementsAre("x", "y"));
}

TEST(Csv, ManyColumnsNeitherHangNorFill) {
  std::string same = "a", wide = "a";
  for (int i = 1; i < 10'000; ++i) same += ",a";
  for (int i = 1; i < 50'000; ++i) wide += ",a";
  EXPECT_EQ(read_csv(same).columns().back().name, "a_10000");
  EXPECT_THAT(message(wide), HasSubstr("has 50000 columns, at most 20000"));
}

TEST(Csv, UnitsInHeaders) {
  const Table t = read_csv("t [°C],e (kWh) [MJ],(W),[W],r (%),f [furlong],i [gCO2e/kWh],empty [W]\n1,2,3,4,5,6,7,\n");
  std::vector<std::string> shown;
  for (const auto& c : t.columns()) shown.push_back(c.name + "|" + c.unit);
  EXPECT_THAT(shown,
              ElementsAre("t|°C", "e (kWh)|MJ", "(W)|", "[W]|", "r|%", "f [furlong]|", "i|gCO2e/kWh", "empty|W"));
  EXPECT_EQ(t.column("i").kind, ColumnKind::number);
  EXPECT_EQ(t.column("f [furlong]").kind, ColumnKind::integer);
  EXPECT_EQ(t.column("empty").kind, ColumnKind::number);
}

TEST(Csv, LinesBlankAndSkipped) {
  EXPECT_EQ(read_csv("\n\r\na\n\n1\n\r\n2\r\n\n").rows(), 2u);
  EXPECT_EQ(read_csv("a\r\n1\r").rows(), 1u);
  EXPECT_THAT(read_csv("a\n\"\"\nx").column("a").texts(), ElementsAre("", "x"));
  EXPECT_EQ(read_csv("a,b\n").rows(), 0u);
  EXPECT_EQ(read_csv("a,b\n").columns().size(), 2u);
  CsvOptions skip;
  skip.skip_lines = 2;
  EXPECT_THAT(read_csv("# x\n# y\na\n1\n", "f", skip).column("a").integers(), ElementsAre(1));
  EXPECT_THAT(message("a\n1", skip), HasSubstr("has 2 lines, 2 are to be skipped"));
  EXPECT_THAT(message("# x\n# y\na,b\n1\n", skip), HasSubstr("f.csv:4:1"));
  EXPECT_THAT(message("\n\n"), HasSubstr("is empty"));
}

TEST(Csv, QuotesInsideAndWithout) {
  EXPECT_THAT(read_csv("a,b\nx\"y\",1\n").column("a").texts(), ElementsAre("x\"y\""));
  EXPECT_THAT(read_csv("a,b\n\"\",\"\"\"\"\n").column("b").texts(), ElementsAre("\""));
  CsvOptions letters;
  letters.quotes = false;
  EXPECT_THAT(read_csv("a\tb\n\"x\" y\t\"\n", "f", letters).column("b").texts(), ElementsAre("\""));
}

TEST(Csv, WithoutInferenceAllIsText) {
  CsvOptions as_text;
  as_text.infer = false;
  const Table t = read_csv("a [W],b\n1,NA\n,2026-01-01\n", "f", as_text);
  EXPECT_THAT(t.column("a").texts(), ElementsAre("1", ""));
  EXPECT_EQ(t.column("a").unit, "W");
  EXPECT_THAT(t.column("b").texts(), ElementsAre("NA", "2026-01-01"));
}

TEST(Csv, RowsAreToldByTheirLine) {
  std::vector<std::size_t> lines;
  for_each_csv_row("a,b\n\n\"x\ny\",2\n3\n", 0, "f", [&](std::size_t row, const auto&) { lines.push_back(row); });
  EXPECT_THAT(lines, ElementsAre(1, 3, 5));
  for_each_csv_row("", ',', "f", [](std::size_t, const auto&) { FAIL(); });
}

TEST(Csv, ErrorsNameThePlace) {
  EXPECT_THAT(message(""), HasSubstr("f.csv: is empty"));
  EXPECT_THAT(message("a,b\n1,2\n\n1,\"2\n"), testing::AllOf(HasSubstr("f.csv:4:2"), HasSubstr("never ends")));
  EXPECT_THAT(message("a,b\n1,\"2\" x\n"), testing::AllOf(HasSubstr("f.csv:2:2"), HasSubstr("followed by")));
  EXPECT_THAT(message("a,b\n\"x\ny\",2\n1\n"),
              testing::AllOf(HasSubstr("f.csv:4:1"), HasSubstr("has 1 field where the header names 2")));
  EXPECT_THAT(message("a,b\n1,2,3\n"), HasSubstr("f.csv:2:3"));
  EXPECT_THAT(message("a,b,c\n1,2,3\n4,5"), testing::AllOf(HasSubstr("f.csv:3:2"), HasSubstr("ends in the middle")));
  EXPECT_THAT(message(std::string("a\n\0x", 4)), testing::AllOf(HasSubstr("f.csv:2"), HasSubstr("NUL")));
  EXPECT_THAT(message("a\nb\nc\xFFx"), testing::AllOf(HasSubstr("f.csv:3"), HasSubstr("UTF-8"), HasSubstr("0xFF")));
  EXPECT_THAT(message("\xFF\xFE"), HasSubstr("UTF-16"));
  CsvOptions two;
  two.max_rows = 2;
  EXPECT_THAT(message("a\n1\n2\n3\n", two), testing::AllOf(HasSubstr("f.csv:4"), HasSubstr("more than the 2 rows")));
  EXPECT_EQ(message("a\n1\n2\n", two), "");
}

TEST(Csv, AByteOrderMarkThatIsANameStaysOne) {
  const Table t = read_csv("\n\xEF\xBB\xBF\n1\n", "x");
  EXPECT_EQ(t.columns()[0].name, "\xEF\xBB\xBF");
  EXPECT_EQ(read_csv(to_csv(t), "written").columns()[0].name, "\xEF\xBB\xBF");
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
