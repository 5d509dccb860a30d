// A run inside a run: the outer one's meters see the inner one's joules too, and the account must hold them once.
//
// A run that goes into the account tells its command so in the environment (WATTLINE_RUN: its process and when that
// began). An inner run that finds it, and the outer one still alive, is no fact of its own. A process that outlives the
// outer run keeps the mark; then it says nothing any more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace wattline::meter {

// For the command of a run that will be recorded.
std::pair<std::string, std::string> mark_of_this_run();
// The process of the run that this one is a part of.
std::optional<std::int64_t> outer_run();

}  // namespace wattline::meter
