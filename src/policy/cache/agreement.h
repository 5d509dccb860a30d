// Whether two answers to one question say the same: how false hits are counted. A heuristic: equal texts agree; short
// ones agree when they hold the same numbers, negations and names; longer ones when their vectors are close.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/estimate.h"
#include "text/encoder.h"

namespace wattline::policy {

struct Agreement {
  bool same = false;
  double likeness = 0;  // cosine of the answers, 1 for equal texts
};
// `least`: likeness from which answers agree.
Agreement agree(const text::Encoder&, std::string_view a, std::string_view b, double least = 0.7);

// Hits that were answered again, and of these the ones that were wrong.
struct FalseHits {
  std::uint64_t judged = 0, wrong = 0;
  double rate() const { return judged == 0 ? 0 : static_cast<double>(wrong) / static_cast<double>(judged); }
  Interval interval() const;  // 95 % (Wilson); 0 to 1 when none was judged
};

}  // namespace wattline::policy
