// What a comparison means, in words for people who do not know the tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/result.h"

namespace wattline::study {

struct Analysis;

std::string p_text(double p);  // "p = 0.012", "p < 1e-10"
std::string with_unit(double value, const std::string& unit, int digits = 4);
// "energy", "power", "time" ... of a unit; "" when it has none or is unknown.
std::string quantity_of(const std::string& unit);

// "B uses 12 % less energy than A (95 %: 8 to 16 %)": first sentence of the answer, then what else must
// be known to read it right.
std::vector<std::string> conclusions(const Analysis&);
// Yes or no to "are they equivalent within the margin?", when it was asked.
std::optional<Verdict> equivalence_verdict(const Analysis&);

}  // namespace wattline::study
