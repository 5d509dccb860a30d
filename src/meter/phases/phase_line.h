// One line that a metered program writes to mark its phases: text in, event out (docs/guides/phases.md).
//
//   begin NAME | end NAME | mark NAME | next
//
// `mark NAME`: from here on it is this phase, until the next mark; without a name no phase. `next` is a mark with a
// name of ours, as SIGUSR1 is. Between verb and name may stand `@SECONDS`, the monotonic clock when it happened.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wattline::meter {

enum class PhaseVerb { begin, end, mark, next };

struct PhaseLine {
  PhaseVerb verb = PhaseVerb::mark;
  std::string name;  // without blanks around it; "" of a mark that ends
  std::optional<double> seconds;
};

inline constexpr std::size_t longest_phase_name = 200;  // bytes

// Nothing where it is none of these, a name is missing or too long, or holds control characters or broken UTF-8.
std::optional<PhaseLine> parse_phase_line(std::string_view line);

}  // namespace wattline::meter
