// [feedback]: what users may say of answers, and how far that reaches.
#pragma once

#include <cstdint>
#include <string>

#include "kernel/quantity.h"

namespace wattline::serve {

struct FeedbackConfig {
  bool enabled = true;
  double per_minute = 60;  // verdicts of a key
  double influence = 20;  // of a key, on a model in a decision
  Duration half_life{86400};  // after which half of what counted may be said again
  std::int64_t kept = 10'000;  // verdicts in memory
  std::string file;  // appended to, a line each; "" is none
  std::string state;  // what algorithms have learned, read at the start and kept; "" is none
};

}  // namespace wattline::serve
