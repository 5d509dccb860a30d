#include "kernel/figure.h"

#include <cmath>
#include <random>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/figure_scale.h"
#include "kernel/utf8.h"

namespace wattline {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::Lt;
using testing::Not;
using Kind = Figure::Kind;

const double nan_value = std::nan("");
constexpr double infinite = std::numeric_limits<double>::infinity();

Figure line_of(std::vector<double> x, std::vector<double> y) {
  Figure f;
  f.title = "Power of the run";
  f.x = {"time", "s"};
  f.y = {"power", "W"};
  f.traces.push_back({"a", std::move(x), std::move(y), {}, {}});
  return f;
}

Figure bars() {
  Figure f;
  f.kind = Kind::bar;
  f.title = "Energy by group";
  f.y = {"energy", "kWh"};
  f.categories = {"baseline", "quantised", "tiny"};
  f.traces.push_back({"mean", {0, 1, 2}, {4, 2, 0.5}, {3.5, 1.5, 0.4}, {4.5, 2.5, 0.6}});
  return f;
}

Figure heat() {
  Figure f;
  f.kind = Kind::heat;
  f.categories = {"Mon", "Tue"};
  f.row_labels = {"night", "day"};
  f.cells = {{1, 2}, {3, nan_value}};
  f.value_unit = "kWh";
  return f;
}

Figure flows() {
  Figure f;
  f.kind = Kind::sankey;
  f.value_unit = "kWh";
  f.links = {{"grid", "servers", 80}, {"grid", "cooling", 20}, {"servers", "tokens", 60}, {"servers", "idle", 20}};
  return f;
}

std::vector<std::size_t> line_widths(const std::string& text) {
  std::vector<std::size_t> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(text_width(line));
  return out;
}

void expect_drawable(const Figure& f) {
  for (const bool unicode : {true, false})
    for (const int width : {-5, 30, 78, 100}) {
      const std::string text = to_text(f, width, 12, unicode);
      EXPECT_EQ(valid_utf8_prefix(text), text.size());
      EXPECT_TRUE(text.empty() || text.ends_with('\n'));
      if (!unicode) {
        for (const char c : text) ASSERT_GE(static_cast<signed char>(c), 0) << text;
      }
    }
  const std::string svg = to_svg(f);
  EXPECT_EQ(valid_utf8_prefix(svg), svg.size());
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
  EXPECT_TRUE(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
  JsonWriter w;
  write_json(w, f);
  EXPECT_NO_THROW(parse_json(w.str()));
}

TEST(FigureScale, TicksAreRound) {
  figures::Extent e;
  e.add({0.3, 97});
  const auto s = figures::make_scale({}, e, false, 5);
  ASSERT_EQ(s.ticks.size(), 6u);
  EXPECT_EQ(s.ticks.front().text, "0");
  EXPECT_EQ(s.ticks[1].text, "20");
  EXPECT_EQ(s.ticks.back().text, "100");
  EXPECT_DOUBLE_EQ(s.place(50), 0.5);
}

TEST(FigureScale, TicksOfCloseValuesDiffer) {
  figures::Extent e;
  e.add({1'000'000.01, 1'000'000.05});
  const auto s = figures::make_scale({}, e, false, 4);
  for (std::size_t i = 1; i < s.ticks.size(); ++i) EXPECT_NE(s.ticks[i - 1].text, s.ticks[i].text);
}

TEST(FigureScale, LogarithmsHaveNoPlaceForZero) {
  figures::Extent e(true);
  e.add({0, -4, 0.02, 700});
  const auto s = figures::make_scale({"", "", true}, e, true, 6);
  EXPECT_DOUBLE_EQ(s.low, 0.01);
  EXPECT_DOUBLE_EQ(s.high, 1000);
  EXPECT_TRUE(std::isnan(s.place(0)));
  EXPECT_NEAR(s.place(1), 0.4, 1e-12);
}

TEST(FigureScale, TimesAreClockTimes) {
  figures::Extent e;
  e.add({1'700'000'000, 1'700'000'000 + 7200});
  const auto s = figures::make_scale({"", "", false, true}, e, false, 5);
  ASSERT_GE(s.ticks.size(), 4u);
  EXPECT_EQ(s.ticks[0].text, "22:30");
  EXPECT_EQ(s.ticks[1].text, "23:00");
}

TEST(FigureScale, OneValueAndNoneStillMakeAnAxis) {
  for (const std::vector<double>& values :
       {std::vector<double>{}, {0}, {5}, {-5}, {1e300, -1e300}, {1e-320, 0}, {1e16, 1e16 + 2}, {nan_value, infinite}})
    for (const bool log : {false, true})
      for (const bool time : {false, true}) {
        figures::Extent e(log);
        e.add(values);
        const auto s = figures::make_scale({"", "", log, time}, e, false, 5);
        EXPECT_LT(s.low, s.high);
        EXPECT_LE(s.ticks.size(), 61u);
      }
}

TEST(FigureText, LineShowsAxesAndStaysInsideTheWidth) {
  const Figure f = line_of({0, 1, 2, 3}, {10, 40, 20, 30});
  const std::string text = to_text(f, 78, 12, true);
  EXPECT_THAT(text, HasSubstr("Power of the run"));
  EXPECT_THAT(text, HasSubstr("power (W)"));
  EXPECT_THAT(text, HasSubstr("time (s)"));
  EXPECT_THAT(text, HasSubstr("40 ┤"));
  EXPECT_THAT(line_widths(text), Each(Lt(79u)));
  EXPECT_THAT(line_widths(to_text(f, 78, 12, false)), Each(Lt(79u)));
}

TEST(FigureText, AsciiPlotsPutMarksWhereTheyBelong) {
  Figure f = line_of({0, 10}, {0, 10});
  f.kind = Kind::scatter;
  const std::string text = to_text(f, 40, 5, false);
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  EXPECT_TRUE(lines[2].ends_with("*"));  // high, on the right
  EXPECT_TRUE(lines[6].ends_with("0 +*"));  // low, on the left
  EXPECT_EQ(text_width(lines[2]), 40u);
}

TEST(FigureText, TracesHaveMarksAndALegend) {
  Figure f = line_of({0, 1}, {1, 2});
  f.traces.push_back({"second", {0, 1}, {2, 1}, {1.5, 0.5}, {2.5, 1.5}});
  EXPECT_THAT(to_text(f, 60, 10, true), HasSubstr("● a  ○ second"));
  EXPECT_THAT(to_text(f, 60, 10, false), HasSubstr("* a  o second"));
}

TEST(FigureText, BarsTellValueAndRange) {
  const std::string text = to_text(bars(), 78, 12, true);
  EXPECT_THAT(text, HasSubstr("baseline  │"));
  EXPECT_THAT(text, HasSubstr("4 kWh [3.5 … 4.5]"));
  EXPECT_THAT(line_widths(text), Each(Lt(79u)));
  const std::string ascii = to_text(bars(), 78, 12, false);
  EXPECT_THAT(ascii, HasSubstr("tiny      |#"));
}

TEST(FigureText, BarsBelowZeroGoLeft) {
  Figure f = bars();
  f.traces = {{"change", {0, 1, 2}, {-4, 4, nan_value}, {}, {}}};
  const std::string text = to_text(f, 60, 12, false);
  EXPECT_THAT(text, HasSubstr("baseline  |####"));
  EXPECT_THAT(text, HasSubstr("quantised |    "));
  EXPECT_THAT(text, HasSubstr("tiny      |"));
  EXPECT_THAT(line_widths(text), Each(Lt(61u)));
}

TEST(FigureText, HeatAndFlows) {
  EXPECT_THAT(to_text(heat(), 60, 12, true), HasSubstr("█ 3"));
  EXPECT_THAT(to_text(heat(), 60, 12, true), HasSubstr("1 kWh ·░▒▓█ 3 kWh"));
  const std::string text = to_text(flows(), 78, 12, true);
  EXPECT_THAT(text, HasSubstr("grid  100 kWh\n"));
  EXPECT_THAT(text, HasSubstr("└─► cooling"));
  EXPECT_THAT(text, HasSubstr("60 kWh (75 %)"));
  EXPECT_THAT(line_widths(text), Each(Lt(79u)));
  EXPECT_THAT(to_text(flows(), 78, 12, false), HasSubstr("`-> cooling"));
}

TEST(FigureText, WideHeatMapsNumberTheirColumns) {
  Figure f = heat();
  f.categories.clear();
  f.cells.assign(3, {});
  for (int c = 0; c < 40; ++c) {
    f.categories.push_back("column " + std::to_string(c));
    for (auto& row : f.cells) row.push_back(c);
  }
  const std::string text = to_text(f, 78, 12, false);
  EXPECT_THAT(text, HasSubstr("columns: 1 column 0, 2 column 1"));
  EXPECT_THAT(line_widths(text), Each(Lt(79u)));
}

TEST(FigureText, ControlCharactersDoNotReachTheTerminal) {
  Figure f = bars();
  f.title = "a\x1b[31mred\nnew";
  f.categories[0] = "x\x9b\xff\u009by";
  const std::string text = to_text(f, 78, 12, true);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\u009b")));
  expect_drawable(f);
}

TEST(FigureSvg, StandsAloneAndIsLabelled) {
  const std::string svg = to_svg(bars());
  EXPECT_THAT(svg, HasSubstr("xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_THAT(svg, HasSubstr("role=\"img\""));
  EXPECT_THAT(svg, HasSubstr(">Energy by group</title>"));
  EXPECT_THAT(svg, HasSubstr("Bar chart of energy: 0.4 to 4.5 kWh"));
  EXPECT_THAT(svg, HasSubstr("prefers-color-scheme:dark"));
  EXPECT_THAT(svg, HasSubstr("class=\"err\""));
  EXPECT_THAT(svg, Not(HasSubstr("href")));
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
}

TEST(FigureSvg, TextIsEscaped) {
  Figure f = bars();
  f.title = "<script>alert('1')</script> & \"more\"";
  f.categories[0] = "</text><image href=x>";
  f.traces.push_back({"<b>", {0}, {1}, {}, {}});
  const std::string svg = to_svg(f);
  EXPECT_THAT(svg, HasSubstr("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;more&quot;"));
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, Not(HasSubstr("<image")));
  EXPECT_THAT(svg, Not(HasSubstr("<b>")));
}

TEST(FigureSvg, TwoFiguresOfAPageHaveTheirOwnIds) {
  Figure other = bars();
  other.traces[0].y[0] = 5;
  const auto id = [](const std::string& svg) { return svg.substr(svg.find("aria-labelledby=") + 17, 13); };
  EXPECT_NE(id(to_svg(bars())), id(to_svg(other)));
  EXPECT_EQ(id(to_svg(bars())), id(to_svg(bars())));
}

TEST(FigureSvg, LongRecordsAreThinnedWithoutLosingASpike) {
  Figure f = line_of({}, {});
  for (int i = 0; i < 200'000; ++i) {
    f.traces[0].x.push_back(i);
    f.traces[0].y.push_back(i == 123'456 ? 1000 : i % 10);
  }
  const std::string svg = to_svg(f);
  EXPECT_LT(svg.size(), 60'000u);
  const auto kept = figures::thinned(f.traces[0], 500);
  EXPECT_NE(std::find(kept.begin(), kept.end(), 123'456u), kept.end());
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
}

TEST(FigureFlows, CirclesAndNonsenseAreLeftOut) {
  Figure f = flows();
  f.links.push_back({"tokens", "grid", 5});
  f.links.push_back({"grid", "grid", 5});
  f.links.push_back({"grid", "servers", 20});
  f.links.push_back({"grid", "x", -1});
  f.links.push_back({"grid", "x", nan_value});
  f.links.push_back({"", "x", 1});
  const figures::Flows drawn = figures::drawable_flows(f);
  ASSERT_EQ(drawn.bands.size(), 4u);
  EXPECT_DOUBLE_EQ(drawn.bands[0].value, 100);
  EXPECT_EQ(drawn.layers, 3u);
  expect_drawable(f);
}

TEST(FigureJson, HoldsWhatThePageReads) {
  JsonWriter w;
  Figure f = bars();
  f.traces[0].y[2] = nan_value;
  write_json(w, f);
  const Json j = parse_json(w.str());
  EXPECT_EQ(j.at("kind").as_string(), "bar");
  EXPECT_EQ(j.at("y").at("unit").as_string(), "kWh");
  EXPECT_FALSE(j.at("y").at("log").as_bool());
  EXPECT_EQ(j.at("categories").as_array().size(), 3u);
  const Json& trace = j.at("traces").as_array().at(0);
  EXPECT_DOUBLE_EQ(trace.at("high").as_array().at(0).as_number(), 4.5);
  EXPECT_TRUE(trace.at("y").as_array().at(2).is_null());
  JsonWriter h;
  write_json(h, heat());
  EXPECT_EQ(parse_json(h.str()).at("row_labels").as_array().size(), 2u);
  JsonWriter s;
  write_json(s, flows());
  EXPECT_EQ(parse_json(s.str()).at("links").as_array().at(0).at("to").as_string(), "servers");
  EXPECT_EQ(parse_json(s.str()).at("value_unit").as_string(), "kWh");
}

// Whatever is put in: no crash, no nonsense in the drawing.
TEST(Figure, AnythingCanBeDrawn) {
  expect_drawable({});
  std::mt19937_64 random(2);
  const std::vector<double> values{0, 1, -1, nan_value, infinite, -infinite, 1e308, -1e308, 1e-310, 5, 1e9, 0.001};
  const auto draw = [&] { return values[random() % values.size()]; };
  for (int round = 0; round < 60; ++round) {
    Figure f;
    f.kind = static_cast<Kind>(round % 5);
    f.x.log = random() % 2;
    f.y.log = random() % 2;
    f.x.time = random() % 3 == 0;
    f.y = {"µ\xf0", random() % 2 ? "g" : "", f.y.log, false};
    for (std::size_t k = random() % 4; k-- > 0;) {
      auto& t = f.traces.emplace_back();
      for (std::size_t i = random() % 9; i-- > 0;) t.x.push_back(draw());
      for (std::size_t i = random() % 9; i-- > 0;) t.y.push_back(draw());
      for (std::size_t i = random() % 9; i-- > 0;) t.low.push_back(draw());
      for (std::size_t i = random() % 9; i-- > 0;) t.high.push_back(draw());
    }
    for (std::size_t i = random() % 5; i-- > 0;) f.categories.push_back(std::string(random() % 90, 'c'));
    for (std::size_t i = random() % 5; i-- > 0;) {
      f.cells.emplace_back();
      for (std::size_t c = random() % 6; c-- > 0;) f.cells.back().push_back(draw());
    }
    for (std::size_t i = random() % 8; i-- > 0;)
      f.links.push_back({std::string(1, static_cast<char>('a' + random() % 4)),
                         std::string(1, static_cast<char>('a' + random() % 4)), draw()});
    expect_drawable(f);
  }
}

}  // namespace
}  // namespace wattline
