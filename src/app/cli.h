// The command-line door: finds the capability, reads its options, runs it with progress and
// cancellation, prints the result in the form asked for, and says what the command itself cost.
#pragma once

#include <string>
#include <vector>

#include "app/rooms.h"

namespace wattline::app {

// `arguments` without the program's name; `program` is its path (to find wattline-learn beside it).
// Returns the exit code: 0 done, 1 the verdict is no, 2 bad input, 3 the world failed; of a command that was run its own,
// and -n where signal n ended it.
int run_command_line(const std::string& program, const std::vector<std::string>& arguments, const Rooms&);

}  // namespace wattline::app
