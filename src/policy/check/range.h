// Ranges of numbers as bands and predicates give them, and the range that a projection score can reach.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "kernel/json.h"
#include "policy/document.h"

namespace wattline::policy {

struct Range {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  bool low_in = true, high_in = true;  // whether the bound belongs to it

  bool empty() const { return low > high || (low == high && !(low_in && high_in)); }
  bool holds(double v) const { return (low_in ? v >= low : v > low) && (high_in ? v <= high : v < high); }
};

Range common(const Range&, const Range&);
// "[0.2, 0.5)"
std::string to_string(const Range&);
// Of {gt, gte, lt, lte, eq}; without any what is above 0 when `positive`, or everything.
Range range_of(const Json& bounds, bool positive = false);

// A line cut where ranges begin and end, so that inside of a piece none changes: one value of each piece. `whole`: only
// whole numbers count, as for tokens.
std::vector<double> pieces(const std::vector<Range>&, const Range& within, bool whole);

// What the weighted sum can be: each input at its least and most; of signals of which one alone can match (members of a
// partition, levels of a complexity rule) the least and most of one. Raw values have no bound.
Range attainable(const Policy&, const Projection& score);

}  // namespace wattline::policy
