// Marks of a training run: at what time which epoch, and which phase of it, began (docs/formats/power-traces.md).
// Columns `time`, `epoch` and, where there is one, `phase`. A mark holds until the next one, the last until the end of
// what is marked; a mark without an epoch ends the one before it. Errors (bad_input) name file and line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/time.h"

namespace wattline::ledger::training {

struct Mark {
  Time begin;
  std::string epoch, phase;  // epoch empty: nothing of the training
};
// In order of time, no two at once; at least one with an epoch.
std::vector<Mark> read_marks(std::string_view text, std::string_view where);

struct Span {
  Time begin, end;
};
struct Epoch {
  std::string name;
  std::vector<Span> spans;
  // Its end is known: what lasts until the log ends may be cut off in the middle.
  bool whole = true;
};
// In the order in which they first began, within begin..end; those that do not reach into it are left out.
std::vector<Epoch> epochs_of(const std::vector<Mark>&, Time begin, Time end);
// The same by phase; marks without one are in none.
std::vector<Epoch> phases_of(const std::vector<Mark>&, Time begin, Time end);

}  // namespace wattline::ledger::training
