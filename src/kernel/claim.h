// Paper claims: one record per claimed figure, many to many with capabilities.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "kernel/context.h"

namespace wattline {

enum class ClaimVerdict { holds, differs, not_reproducible, open };
std::string_view to_string(ClaimVerdict);
struct ClaimCheck {
  ClaimVerdict verdict = ClaimVerdict::open;
  std::string ours;  // our figure, with unit
  std::string note;  // by how much, or why not
};
struct Claim {
  int paper = 0;
  std::string claimed;  // the figure as the paper has it
  std::string how;  // how ours is recomputed
  std::function<ClaimCheck(Context&)> check;
};

}  // namespace wattline
