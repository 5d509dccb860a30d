#include "kernel/table.h"

#include <cmath>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/utf8.h"

namespace wattline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Table sample() {
  Table t("run.records.v1");
  t.text("name").number("power", "W", "mean power").integer("runs").time("begin").flag("ok");
  t.add_row({"first", 12.3456789, std::int64_t{3}, Time{0}, true});
  t.add_row({"sécond", std::int64_t{7}, {}, {}, false});
  t.add_row({{}, {}, std::int64_t{-1}, Time{1'500'000'000}, {}});
  return t;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

std::string message(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Table, HoldsTypedCells) {
  const Table t = sample();
  EXPECT_EQ(t.rows(), 3u);
  EXPECT_EQ(t.schema(), "run.records.v1");
  EXPECT_THAT(t.column("name").texts(), ElementsAre("first", "sécond", ""));
  EXPECT_EQ(t.column("power").numbers()[1], 7);
  EXPECT_TRUE(std::isnan(t.column("power").numbers()[2]));
  EXPECT_THAT(t.column("runs").integers(), ElementsAre(3, missing_integer, -1));
  EXPECT_THAT(t.column("ok").integers(), ElementsAre(1, 0, missing_integer));
  EXPECT_EQ(t.find("nothing"), nullptr);
  EXPECT_EQ(Table().rows(), 0u);
}

TEST(Table, AMissingColumnNamesWhatThereIs) {
  EXPECT_THAT(message([] { sample().column("powr"); }),
              testing::AllOf(HasSubstr("unknown column 'powr'"), HasSubstr("'power'"), HasSubstr("begin"),
                             HasSubstr("run.records.v1")));
  EXPECT_THAT(message([] { Table().column("x"); }), HasSubstr("unknown column 'x'"));
}

TEST(Table, NumbersWhateverTheKind) {
  const Table t = sample();
  EXPECT_EQ(t.column("power").to_numbers()[1], 7);
  EXPECT_EQ(t.column("runs").to_numbers()[0], 3);
  EXPECT_TRUE(std::isnan(t.column("runs").to_numbers()[1]));
  EXPECT_EQ(t.column("ok").to_numbers()[0], 1);
  EXPECT_THAT(message([&] { t.column("name").to_numbers(); }),
              HasSubstr("column 'name' holds text ('first' in row 1), numbers are needed"));
  EXPECT_THAT(message([&] { t.column("power").texts(); }), HasSubstr("holds numbers, text is needed"));
  EXPECT_THAT(message([&] { t.column("power").integers(); }), HasSubstr("integers are needed"));
  EXPECT_THAT(message([&] { t.column("begin").to_numbers(); }), HasSubstr("times"));
}

TEST(Table, CellsAsText) {
  const Table t = sample();
  EXPECT_EQ(t.cell_text(0, 1), "12.3457");
  EXPECT_EQ(t.cell_text(0, 1, 3), "12.3");
  EXPECT_EQ(t.cell_text(2, 1), "");
  EXPECT_EQ(t.cell_text(0, 3), "1970-01-01T00:00:00Z");
  EXPECT_EQ(t.cell_text(2, 3), "1970-01-01T00:00:01.500Z");
  EXPECT_EQ(t.cell_text(0, 4), "yes");
  EXPECT_EQ(t.cell_text(2, 4), "");
}

TEST(TableJson, KeepsRawNumbersAndMarksWhatIsMissing) {
  Table t = sample();
  t.title = "Runs";
  JsonWriter w;
  write_json(w, t);
  const Json j = parse_json(w.str());
  EXPECT_EQ(j.at("schema").as_string(), "run.records.v1");
  EXPECT_EQ(j.at("title").as_string(), "Runs");
  EXPECT_EQ(j.find("caption"), nullptr);
  const auto& columns = j.at("columns").as_array();
  EXPECT_EQ(columns[1].at("unit").as_string(), "W");
  EXPECT_EQ(columns[1].at("kind").as_string(), "number");
  EXPECT_EQ(columns[1].at("help").as_string(), "mean power");
  const auto& rows = j.at("rows").as_array();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].as_array()[1].as_number(), 12.3456789);
  EXPECT_TRUE(rows[2].as_array()[1].is_null());
  EXPECT_TRUE(rows[1].as_array()[2].is_null());
  EXPECT_EQ(rows[2].as_array()[3].as_string(), "1970-01-01T00:00:01.500Z");
  EXPECT_EQ(rows[0].as_array()[4].as_bool(), true);
  EXPECT_TRUE(rows[2].as_array()[4].is_null());
}

TEST(TableText, AlignsNumbersRightUnderTheirUnit) {
  EXPECT_EQ(to_text(sample()),
            "  name    power  runs  begin                     ok\n"
            "              W\n"
            "  ──────  ─────  ────  ────────────────────────  ───\n"
            "  first   12.35     3  1970-01-01T00:00:00Z      yes\n"
            "  sécond      7     -  -                         no\n"
            "              -    -1  1970-01-01T00:00:01.500Z  -\n");
}

TEST(TableText, WithoutUnicode) {
  const std::string text = to_text(sample(), 30, 2, false);
  for (const auto& line : lines_of(text)) EXPECT_LE(text_width(line), 30u);
  EXPECT_THAT(text, Not(HasSubstr("─")));
  EXPECT_THAT(text, Not(HasSubstr("…")));
}

TEST(TableText, ShrinksTextsToTheWidth) {
  Table t;
  t.text("prompt").number("energy", "J").text("answer");
  t.add_row({std::string(200, 'p'), 1.5, "short"});
  for (int i = 0; i < 12; ++i) t.add_row({"x", 2.5, std::string(300, 'a')});
  for (int width : {30, 40, 60, 100}) {
    const std::string text = to_text(t, width);
    for (const auto& line : lines_of(text)) EXPECT_LE(text_width(line), static_cast<std::size_t>(width)) << text;
    EXPECT_THAT(text, testing::AllOf(HasSubstr("pp…"), HasSubstr("aa…"), HasSubstr("1.5"), HasSubstr("answer")));
  }
  EXPECT_THAT(to_text(t, 0), HasSubstr(std::string(300, 'a')));
}

TEST(TableText, TellsLongTextsWholeWhereRowsAreFew) {
  Table t;
  t.title = "few";
  t.text("claim").number("energy", "J").text("why");
  t.add_row({"twelve hours on twelve cores", 1.5, "every word of this is to be read, and none is cut"});
  t.add_row({"x", 2.5, std::string(900, 'a')});
  t.caption = "a caption that is longer than the table is wide goes on below";
  const std::string text = to_text(t, 40);
  for (const auto& line : lines_of(text)) EXPECT_LE(text_width(line), 40u) << text;
  for (const char* word : {"twelve", "hours", "every", "none", "below"}) EXPECT_THAT(text, HasSubstr(word));
  EXPECT_THAT(text, HasSubstr("aa…"));  // what fills six lines is cut all the same
  EXPECT_EQ(lines_of(text).size(), 1 + 3 + 4 + 6 + 2u) << text;
}

TEST(TableText, ChoosesAPrefixThatCanBeRead) {
  Table t;
  t.number("energy", "J").number("water", "mL").number("count").number("intensity", "gCO2e/kWh");
  t.add_row({0.0000023, 0.0000004, 0.0000023, 475.0});
  t.add_row({0.0000041, 0.0, 0.0000041, 51.3});
  const std::string text = to_text(t);
  EXPECT_THAT(text, testing::AllOf(HasSubstr("µJ"), HasSubstr("2.3"), HasSubstr("nL"), HasSubstr("0.4"),
                                   HasSubstr("gCO2e/kWh")));
  EXPECT_THAT(text, HasSubstr("0.0000023"));  // without a unit there is no prefix
  EXPECT_THAT(to_csv(t), testing::StartsWith("energy [J],water [mL],count,intensity [gCO2e/kWh]"));
}

TEST(TableText, LeavesColumnsOutOnlyWhenNothingElseHelps) {
  Table t;
  std::vector<Table::Cell> row;
  for (int i = 0; i < 12; ++i) {
    t.number("column_" + std::to_string(i));
    row.emplace_back(123456.0 + i);
  }
  t.add_row(row);
  const std::string text = to_text(t, 60);
  for (const auto& line : lines_of(text)) EXPECT_LE(text_width(line), 60u) << text;
  EXPECT_THAT(text, HasSubstr("123456"));
  EXPECT_THAT(text, testing::ContainsRegex("more columns: column_"));
  EXPECT_THAT(to_text(t, 0), HasSubstr("123467"));
}

TEST(TableText, SaysHowManyRowsItLeftOut) {
  Table t;
  t.integer("n");
  for (std::int64_t i = 0; i < 100; ++i) t.add_row({i});
  EXPECT_THAT(to_text(t), HasSubstr("… 40 more of 100 rows"));
  EXPECT_THAT(to_text(t, 100, 100), Not(HasSubstr("more of")));
  EXPECT_THAT(to_text(t, 100, 0), HasSubstr("100 more of 100 rows"));
}

TEST(TableText, SurvivesOddTables) {
  EXPECT_EQ(to_text(Table()), "");
  Table empty;
  empty.text("only");
  EXPECT_THAT(to_text(empty), HasSubstr("only"));
  Table odd;
  odd.title = std::string(500, 't');
  odd.text("a\nb").text("");
  odd.add_row({"x\ny\x1b[31m\tz", std::string(500, 'q')});
  const std::string text = to_text(odd, 40);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  for (const auto& line : lines_of(text)) EXPECT_LE(text_width(line), 40u) << text;
  for (int width : {-5, 1, 2, 5, 19})
    for (const auto& line : lines_of(to_text(sample(), width))) EXPECT_LE(text_width(line), 58u);
}

TEST(TableText, NamesTheTable) {
  Table t = sample();
  t.title = "Runs of today";
  t.caption = "measured";
  const auto lines = lines_of(to_text(t));
  EXPECT_EQ(lines.front(), "  Runs of today");
  EXPECT_EQ(lines.back(), "  measured");
}

}  // namespace
}  // namespace wattline
