// From the marks of a program to times: when each phase was open, and whose every moment was.
//
// Phases may lie in one another, overlap (of threads or forked children) and come again under the same name. A moment
// is the own time of the phase begun last of those that are open; of the last mark where none is; else it is outside
// of any phase. Own times and what is outside add up to the whole, whatever was marked.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernel/time.h"
#include "meter/phases/phase_line.h"

namespace wattline::meter {

struct PhaseEvent {
  PhaseVerb verb = PhaseVerb::mark;
  std::string name;
  Time at;
};

struct PhaseSpan {
  Time from, to;
  Duration length() const { return to - from; }
};

struct PhaseTimes {
  std::string name;
  std::size_t times = 0;  // begun
  std::vector<PhaseSpan> own, open;  // without overlap, ascending
};

struct PhaseTimeline {
  std::vector<PhaseTimes> phases;  // in the order in which they began first
  std::vector<PhaseSpan> outside;
  bool overlap = false;  // some time was of two phases
  std::size_t unmatched = 0;  // ends of what was not begun
  std::vector<std::string> unclosed;  // open when all ended
  std::size_t left_out = 0;  // begun when too many were open, or under too many names
};

inline constexpr std::size_t most_phase_names = 256, most_phases_open = 1000;

// Events in the order in which they came; their times need not be in order, and what lies out of the span is moved to
// its end.
PhaseTimeline phase_timeline(std::vector<PhaseEvent>, Time begin, Time end);

}  // namespace wattline::meter
