// Pages for people: how numbers read, what a page that is signed has, what paper needs.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/page_head.h"
#include "kernel/result.h"
#include "kernel/shown.h"

namespace wattline {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Table parts() {
  Table t("parts.v1");
  t.text("group").number("energy", "Wh").number("energy_low", "Wh").number("energy_high", "Wh").number("share", "%");
  t.add_row({std::string("jobs"), 78468.2, 50649.1, 116228.9, 99.95});
  t.add_row({std::string("answers"), 1.5e-5, 2e-6, 5e-5, 1.1e-8});
  t.add_row({std::string("none"), 0.0, 0.0, 0.0, 0.0});
  return t;
}

TEST(Shown, PartsOfAWholeAreInTheUnitOfTheLargest) {
  const Table t = parts();
  EXPECT_EQ(shown_column(t, 1, 3).unit, "kWh");
  EXPECT_THAT(shown_column(t, 1, 3).cells, ElementsAre("78.47", "< 0.001", "0"));
  EXPECT_EQ(shown_column(t, 2, 3).unit, "kWh") << "a bound is in the unit of its value";
  EXPECT_THAT(shown_column(t, 3, 3).cells, ElementsAre("116.2", "< 0.001", "0"));
  EXPECT_THAT(shown_column(t, 4, 3).cells, ElementsAre("99.95", "< 0.1", "0"));
}

TEST(Shown, AMeanAndItsIntervalAreInOneUnit) {
  Table t;
  t.number("energy", "J")
      .number("low", "J")
      .number("high", "J")
      .number("sd", "J")
      .number("time", "s")
      .number("time_low", "s");
  t.add_row({0.005, -0.004, 1.2, 0.0001, 0.002, 0.001});
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(shown_column(t, i, 1).unit, "mJ") << i;
  EXPECT_EQ(shown_column(t, 4, 1).unit, "ms");
  EXPECT_EQ(shown_column(t, 5, 1).unit, "ms");
}

TEST(Shown, OtherTablesKeepTheirSmallNumbers) {
  Table t;
  t.number("error", "%").number("power", "W");
  t.add_row({0.02, std::nan("")});
  EXPECT_THAT(shown_column(t, 0, 1).cells, ElementsAre("0.02"));
  EXPECT_THAT(shown_column(t, 1, 1).cells, ElementsAre(""));
}

TEST(Shown, EnergyIsInTheUnitsOfBills) {
  EXPECT_EQ(billing_unit(3.6e3 * 12).symbol, "Wh");
  EXPECT_EQ(billing_unit(3.6e3 * 999.97).symbol, "kWh") << "not 1000 Wh";
  EXPECT_EQ(billing_unit(3.6e9).symbol, "MWh");
  EXPECT_EQ(billing_unit(60).symbol, "J");
  EXPECT_EQ(billing_unit(0).symbol, "J");
  EXPECT_EQ(billing_unit(std::nan("")).symbol, "J");
}

TEST(Shown, NumbersInTextAreGrouped) {
  EXPECT_EQ(grouped_number(2883), "2,880");
  EXPECT_EQ(grouped_number(-1234567), "-1,230,000");
  EXPECT_EQ(grouped_number(999.6), "1,000");
  EXPECT_EQ(grouped_number(164.77), "165");
  EXPECT_EQ(grouped_number(0.7143), "0.714");
  EXPECT_EQ(grouped_number(0), "0");
  EXPECT_EQ(grouped_number(std::nan("")), "-");
}

TEST(Page, HasBoundsInTheCellOfTheirValue) {
  Result r;
  r.title = "t";
  r.add(parts());
  const std::string page = to_html(r);
  EXPECT_THAT(page, HasSubstr("78.47<br><small>50.65 … 116.2</small>"));
  EXPECT_THAT(page, HasSubstr("&lt; 0.001</td>"));
  EXPECT_THAT(page, Not(HasSubstr("energy_")));
  EXPECT_THAT(page, Not(HasSubstr("class=\"sign\""))) << "only a page with a head is signed";
}

TEST(Page, WithAHeadIsADocumentToSign) {
  Result r;
  r.title = "Footprint";
  r.add(parts());
  Table head = page_head("About");
  head.add_row({std::string("organisation"), std::string("<b>A & B</b>")});
  r.add(head);
  const std::string page = to_html(r);
  const auto at = [&](const char* text) { return page.find(text); };
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;A &amp; B&lt;/b&gt;"));
  EXPECT_LT(at("organisation"), at("jobs")) << "under the title, wherever the table stands";
  EXPECT_GT(at("<span>name</span><span>role</span><span>date</span>"), at("jobs"));
  EXPECT_EQ(at("organisation"), page.rfind("organisation"));
  EXPECT_THAT(to_csv(r), testing::StartsWith("group,"));
}

TEST(Page, GoesOnPaper) {
  const std::string page = to_html({});
  const std::string paper = page.substr(page.find("@media print"));
  EXPECT_THAT(paper, HasSubstr("size:A4"));
  EXPECT_THAT(paper, HasSubstr("white-space:normal"));
  EXPECT_THAT(paper, HasSubstr("table-header-group"));
  EXPECT_THAT(paper, HasSubstr("break-inside:avoid"));
  EXPECT_THAT(paper, Not(HasSubstr("nowrap")));
}

TEST(ShownColumn, EachCellHasAUnitWhereNoOneSuitsAll) {
  Table t;
  t.text("what").number("energy", "J").number("energy_low", "J").number("other", "J").number("share_of", "%");
  t.add_row({"a", 0.0002, 0.0001, 1.0, 1e-4});
  t.add_row({"b", 7.2e6, 3.6e5, 2.0, 100.0});
  t.add_row({"c", 0.0, 0.0, 3.0, 50.0});
  t.add_row({"d", std::nan(""), std::nan(""), std::nan(""), std::nan("")});
  const ShownColumn energy = shown_column(t, 1, 4);
  EXPECT_EQ(energy.unit, "");
  EXPECT_THAT(energy.cells, ElementsAre("200 µJ", "2 kWh", "0 J", ""));
  EXPECT_THAT(shown_column(t, 2, 4).cells, ElementsAre("100 µJ", "0.1 kWh", "0 J", "")) << "in the unit of its value";
  EXPECT_EQ(shown_column(t, 3, 4).unit, "J") << "one unit suits all";
  EXPECT_EQ(shown_column(t, 4, 4).unit, "%") << "shares have no other";
  EXPECT_THAT(to_text(t), AllOf(HasSubstr("200 µJ"), HasSubstr("2 kWh")));
  EXPECT_THAT(to_csv(t), AllOf(HasSubstr("energy [J]"), HasSubstr("7200000"), Not(HasSubstr("kWh"))));
}

}  // namespace
}  // namespace wattline
