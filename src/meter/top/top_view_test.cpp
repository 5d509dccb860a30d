#include "meter/top/top_view.h"

#include <cmath>

#include <gtest/gtest.h>

#include "kernel/utf8.h"
#include "meter/agent/fixture.h"

namespace wattline::meter {
namespace {

struct Scene {
  Snapshot before = tests::snapshot_at(60), now = tests::snapshot_at(62);
  TopState state;
  TopHistory history;
  TopCarbon carbon{"FR", 45};
  TopLook look;
  Scene() {
    for (int i = 1; i <= 8; ++i) {
      auto s = now;
      for (auto& c : s.components) c.watts = 10.0 * i;
      history.add(s);
    }
  }
  std::vector<std::string> draw() const { return draw_top(&before, now, "node7", state, history, carbon, look); }
  std::string text() const {
    std::string out;
    for (const auto& line : draw()) out += line + "\n";
    return out;
  }
};

TEST(TopView, AProcessOnTwoBoardsHasTwoRowsOfItsOwn) {
  auto before = tests::snapshot_at(10), now = tests::snapshot_at(11);
  const auto two = [](double a, double b) {
    std::vector<Consumer> out{tests::consumer(Level::gpu_process, "train", 71, a),
                              tests::consumer(Level::gpu_process, "train", 71, b)};
    out[0].detail = "gpu-0";
    out[1].detail = "gpu-1";
    return out;
  };
  before.consumers = two(100, 1000);
  now.consumers = two(130, 1200);
  TopState state;
  state.level = Level::gpu_process;
  const auto rows = top_rows(&before, now, state);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_NEAR(rows[0].watts, 200, 1e-9);
  EXPECT_NEAR(rows[1].watts, 30, 1e-9);
}

TEST(TopView, DrawsAFrameOf80By24) {
  Scene s;
  s.look.height = 18;
  const std::string expected =
      R"(wattline top  node7  80.0 W [76.4 … 83.7]   3.6 gCO2e/h in FR, 45 g/kWh with PUE
2.73 kJ in 1 min 02 s, 0.0341 gCO2e
package-0    40.0 W    2.48 kJ measured  ▂▃▄▅▅▆▇█
dram         40.0 W      248 J measured  ▂▃▄▅▅▆▇█
psys         40.0 W    3.72 kJ measured  ▂▃▄▅▅▆▇█ (contained)

processes by watts                               shared out by share of CPU time
    watts     joules   CPU %      pid  name
    15.00      930 J   150.0       71  train  in 5f2c
     5.00      310 J    50.0       12  sshd






idle 1.24 kJ, nobody's 0 J; 2 processes
q quit  h help  p c u j levels  s sort  / filter  space pause
)";
  EXPECT_EQ(s.text(), expected);
}

TEST(TopView, PowerHasItsIntervalAndCarbonItsPlaceAt80ColumnsWithoutAny) {
  Scene s;
  s.carbon = {"", 473};
  for (auto& c : s.now.components)
    c.energy = tests::component(c.info.component, Domain::cpu, 620, Method::modelled).energy;
  for (const bool unicode : {true, false})
    for (const std::string host : {"vm", "a-host-with-a-long-name.of.a.long.domain.example.org"}) {
      s.look.unicode = unicode;
      const auto lines = draw_top(&s.before, s.now, host, s.state, s.history, s.carbon, s.look);
      EXPECT_NE(lines[0].find(unicode ? "80.0 W [77.2 … 82.9] modelled" : "80.0 W [77.2 .. 82.9] modelled"),
                std::string::npos)
          << lines[0];
      EXPECT_NE((lines[0] + lines[1]).find("37.8 gCO2e/h, world average"), std::string::npos) << lines[0] << "\n"
                                                                                              << lines[1];
    }
}

TEST(TopView, ALowAndNarrowWindowHasAConsumerAndWhatMattersOfTheHead) {
  Scene s;
  s.carbon = {"", 473};
  s.look = {20, 5, true, false};
  const auto lines = s.draw();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], "80.0 W [76.4 … 83.7]") << "the interval";
  EXPECT_EQ(lines[1], "37.8 gCO2e/h (world)");
  EXPECT_EQ(lines[2], "  15.00 train  in 5f");
  for (std::size_t height = 2; height < 30; ++height) {
    s.look.height = height;
    const auto text = s.text();
    EXPECT_EQ(text.find("train") == text.npos, height < 2) << height << "\n" << text;
  }
}

TEST(TopView, KeysAreToldWhereTheyAreRead) {
  Scene s;
  EXPECT_NE(s.text().find("q quit"), std::string::npos);
  s.look.keys = false;
  EXPECT_EQ(s.text().find("q quit"), std::string::npos);
  EXPECT_NE(s.text().find("idle 1.24 kJ"), std::string::npos);
}

TEST(TopView, FitsWhateverTheSize) {
  Scene s;
  for (int i = 0; i < 50; ++i) s.now.consumers.push_back(tests::consumer(Level::process, "more", 100 + i, 1));
  for (const bool help : {false, true})
    for (const bool unicode : {false, true})
      for (const std::size_t width : {1, 2, 7, 20, 79, 80, 81, 500})
        for (const std::size_t height : {1, 2, 3, 8, 9, 24, 200}) {
          s.state.help = help;
          s.look = {width, height, unicode, false};
          const auto lines = s.draw();
          EXPECT_LE(lines.size(), height);
          EXPECT_GE(lines.size(), 1u);
          for (const auto& line : lines) {
            EXPECT_LE(text_width(line), width) << line;
            EXPECT_EQ(valid_utf8_prefix(line), line.size());
            if (!unicode) {
              EXPECT_EQ(text_width(line), line.size()) << line;
            }
          }
        }
}

TEST(TopView, ANarrowTerminalStillShowsWhoItIs) {
  Scene s;
  const auto has = [&](std::size_t width, std::string_view line) {
    s.look.width = width;
    EXPECT_NE(("\n" + s.text()).find("\n" + std::string(line)), std::string::npos) << width << "\n" << s.text();
  };
  has(52, "    15.00      930 J   150.0       71  train");
  has(44, "    15.00      930 J   150.0  train");
  has(34, "    15.00      930 J  train");
  has(20, "  15.00 train");
  has(10, "  15.00 tr");
}

TEST(TopView, TheLastRowStaysAtTheBottomHoweverFarOneScrolls) {
  Scene s;
  for (int i = 0; i < 50; ++i) s.now.consumers.push_back(tests::consumer(Level::process, "more", 100 + i, 1));
  const std::size_t most = most_scrolled(52, s.now, s.look);
  s.state.scrolled = most;
  const auto at_most = s.text();
  s.state.take({Key::Kind::end, {}}, 5);
  EXPECT_GT(s.state.scrolled, most);
  EXPECT_EQ(s.text(), at_most);
  s.state.scrolled = most - 1;
  EXPECT_NE(s.text(), at_most);
  EXPECT_EQ(most_scrolled(3, s.now, s.look), 0u);
}

TEST(TopView, NothingSeenYetIsAFrameToo) {
  Scene s;
  s.now = Snapshot{};
  EXPECT_NE(draw_top(nullptr, s.now, "", s.state, s.history, {}, s.look).size(), 0u);
}

TEST(TopView, ColoursAreAllThatTheyAdd) {
  Scene plain, coloured;
  coloured.look.colour = true;
  std::string text = coloured.text();
  EXPECT_NE(text, plain.text());
  for (auto at = text.find('\x1b'); at != text.npos; at = text.find('\x1b'))
    text.erase(at, text.find('m', at) - at + 1);
  // A reversed line keeps its blanks.
  std::string stripped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n')
      while (!stripped.empty() && stripped.back() == ' ') stripped.pop_back();
    stripped += text[i];
  }
  EXPECT_EQ(stripped, plain.text());
}

TEST(TopView, WhatIsModelledSaysSoAndAGapIsNoZero) {
  Scene s;
  s.now.components[0] = tests::component("package-0", Domain::cpu, 2480, Method::modelled);
  s.now.components[1].watts = std::nan("");
  s.now.components[1].trouble = "permission denied";
  const auto text = s.text();
  EXPECT_NE(text.find("] modelled"), std::string::npos) << text;
  EXPECT_NE(text.find("and what is not read"), std::string::npos);
  EXPECT_NE(text.find("dram              -"), std::string::npos) << text;
  EXPECT_NE(text.find("permission denied"), std::string::npos);
}

TEST(TopView, NamesCannotSteerTheTerminal) {
  Scene s;
  s.now.consumers[0].name = "\x1b[2Jevil\r\n\xff\xc2\x9b";
  for (const auto& line : s.draw()) {
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_EQ(line.find('\r'), std::string::npos);
    EXPECT_EQ(line.find("\xc2\x9b"), std::string::npos);
  }
}

TEST(TopRows, WattsAreWhatCameInBetween) {
  Scene s;
  const auto rows = top_rows(&s.before, s.now, s.state);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].consumer->name, "train");
  EXPECT_NEAR(rows[0].watts, 15, 1e-9);
  EXPECT_NEAR(rows[0].cpu_percent, 150, 1e-6);
  EXPECT_NEAR(rows[0].joules, 930, 1e-9);
}

TEST(TopRows, AnotherRunOrNoneIsMeasuredFromItsBeginning) {
  Scene s;
  EXPECT_NEAR(top_rows(nullptr, s.now, s.state)[0].watts, 15, 1e-9);
  s.before.covered = s.now.covered + Duration(5);
  EXPECT_NEAR(top_rows(&s.before, s.now, s.state)[0].watts, 15, 1e-9);
}

TEST(TopRows, AClockThatIsSetIsNoOtherRun) {
  Scene s;
  s.now.consumers[0].joules[0] = s.before.consumers[0].joules[0] + 100;
  s.now.started = s.now.started + Duration(-3600.5);
  s.now.now = s.now.now + Duration(-3600);
  EXPECT_NEAR(top_rows(&s.before, s.now, s.state)[0].watts, 50, 1e-9);
}

TEST(TopRows, WhereNothingWasReadThereIsNoPower) {
  Scene s;
  s.now.covered = s.before.covered;
  s.now.missing = Duration(2);
  for (const auto sort : {TopSort::watts, TopSort::cpu}) {
    s.state.sort = sort;
    const auto rows = top_rows(&s.before, s.now, s.state);
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_TRUE(std::isnan(rows[0].watts));
    EXPECT_EQ(rows[0].consumer->name, "train") << "the joules order them";
  }
  EXPECT_NE(s.text().find("        -      930 J       -       71  train"), std::string::npos) << s.text();
}

TEST(TopRows, ANumberUsedAgainHasNoPast) {
  Scene s;
  s.now.consumers[0].joules[0] = 4;
  s.now.consumers[0].started = 12345;
  for (const auto& r : top_rows(&s.before, s.now, s.state))
    if (r.consumer->name == "train") {
      EXPECT_NEAR(r.watts, 2, 1e-9);
    }
}

TEST(TopRows, OrderAndFilter) {
  Scene s;
  s.state.sort = TopSort::name;
  EXPECT_EQ(top_rows(&s.before, s.now, s.state)[0].consumer->name, "sshd");
  s.state.filter = "TRA";
  ASSERT_EQ(top_rows(&s.before, s.now, s.state).size(), 1u);
  s.state.level = Level::pod;
  EXPECT_TRUE(top_rows(&s.before, s.now, s.state).empty());
}

void type(TopState& s, std::string_view text) {
  for (const char c : text) s.take({Key::Kind::text, std::string(1, c)}, 5);
}

TEST(TopState, KeysDoWhatHelpSays) {
  TopState s;
  type(s, "u");
  EXPECT_EQ(s.level, Level::user);
  type(s, "l");
  EXPECT_EQ(s.level, Level::job);
  s.take({Key::Kind::left, {}}, 5);
  EXPECT_EQ(s.level, Level::user);
  s.take({Key::Kind::right, {}}, 5);
  EXPECT_EQ(s.level, Level::job);
  type(s, "s");
  EXPECT_EQ(s.sort, TopSort::joules);
  type(s, " ");
  EXPECT_TRUE(s.paused);
  type(s, "?");
  EXPECT_TRUE(s.help);
  type(s, "u");
  EXPECT_FALSE(s.help);
  EXPECT_EQ(s.level, Level::job) << "the key that ends the help does nothing else";
  s.take({Key::Kind::down, {}}, 5);
  s.take({Key::Kind::page_down, {}}, 5);
  EXPECT_EQ(s.scrolled, 6u);
  s.take({Key::Kind::page_up, {}}, 50);
  EXPECT_EQ(s.scrolled, 0u);
  type(s, "q");
  EXPECT_TRUE(s.quit);
}

TEST(TopState, AFilterIsTypedWithoutItsLettersBeingKeys) {
  TopState s;
  type(s, "/qu ");
  s.take({Key::Kind::text, "é"}, 5);
  EXPECT_EQ(s.filter, "qu é");
  EXPECT_FALSE(s.quit);
  EXPECT_FALSE(s.paused);
  s.take({Key::Kind::backspace, {}}, 5);
  EXPECT_EQ(s.filter, "qu ");
  s.take({Key::Kind::enter, {}}, 5);
  EXPECT_FALSE(s.typing);
  s.take({Key::Kind::escape, {}}, 5);
  EXPECT_EQ(s.filter, "");
  type(s, "/" + std::string(1000, 'x'));
  EXPECT_LE(s.filter.size(), 64u);
  s.take({Key::Kind::quit, {}}, 5);
  EXPECT_TRUE(s.quit);
}

TEST(SmallGraph, IsAsHighAsItsHighestAndHasHolesForGaps) {
  EXPECT_EQ(small_graph({0, 7, std::nan(""), 3.5}, 10, true), "▁█ ▅");
  EXPECT_EQ(small_graph({0, 4, 2}, 2, false), "#-");
  EXPECT_EQ(small_graph({}, 10, true), "");
  EXPECT_EQ(small_graph({0, 0}, 10, true), "▁▁");
}

}  // namespace
}  // namespace wattline::meter
