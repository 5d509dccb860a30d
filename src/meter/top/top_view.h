// What `wattline top` shows, as a pure function: two snapshots, what was typed, and a size give lines of text. Nothing
// here knows a terminal.
//
// A width or height of 1 is drawn as far as it goes; where room is scarce the head is shortened, so that the power with
// its interval, the carbon now and a consumer stay as long as they can. What is modelled says so wherever a figure of it stands; power that
// was not read is a dash and never 0.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "meter/monitor/snapshot.h"
#include "meter/top/keys.h"

namespace wattline::meter {

enum class TopSort { watts, joules, cpu, name };
std::string_view to_string(TopSort);

// What keys change.
struct TopState {
  Level level = Level::process;
  TopSort sort = TopSort::watts;
  bool paused = false, help = false, typing = false, quit = false;
  std::string filter;  // part of a consumer's name, ASCII letters in any case
  std::size_t scrolled = 0;  // rows passed over; may be more than there are
  void take(const Key&, std::size_t page);
};

// Watts of components over time, for the small graphs.
class TopHistory {
 public:
  static constexpr std::size_t kept = 60;
  void add(const Snapshot&);
  const std::deque<double>& of(const std::string& component) const;

 private:
  std::map<std::string, std::deque<double>> watts_;
};

// Of the place that the electricity comes from.
struct TopCarbon {
  std::string place;  // "": the average of the world
  double g_per_kwh = 0;  // with the overhead of the site; 0: not shown
};

struct TopLook {
  std::size_t width = 80, height = 24;
  bool unicode = true, colour = false;
  bool keys = true;  // they are read: the foot tells them
};

// Consumers of the level that the filter lets through, in order, with their watts between the two snapshots (all they
// had, over the time they were seen, when `before` is null or of another run). NaN: nothing was read in between.
struct TopRow {
  const Consumer* consumer = nullptr;
  double joules = 0, watts = 0, cpu_percent = 0;
};
std::vector<TopRow> top_rows(const Snapshot* before, const Snapshot& now, const TopState&);
// How many of so many rows can be passed over with the last one still at the bottom.
std::size_t most_scrolled(std::size_t rows, const Snapshot& now, const TopLook&);

// At most `height` lines of at most `width` columns each, without line ends; escape sequences for colour only where
// `colour` says so.
std::vector<std::string> draw_top(const Snapshot* before, const Snapshot& now, const std::string& host, const TopState&,
                                  const TopHistory&, const TopCarbon&, const TopLook&);
// Sixty seconds in eight heights (or five signs of ASCII), the latest to the right; the highest is full.
std::string small_graph(const std::deque<double>&, std::size_t width, bool unicode);

}  // namespace wattline::meter
