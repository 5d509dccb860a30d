// A user's table of the elements of one card: a CSV with element, mass_g and what else is known of them.
// Layout: docs/formats/elements.md. Errors: bad_input with the row for masses that are no number of 0 or more,
// doubles, unknown classes, shares outside 0 to 1.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ledger/materials/data.h"

namespace wattline::ledger::materials {

std::vector<Element> read_elements(std::string_view content, std::string_view where);

// How the table compares with what the paper says of an A100 SXM: in words, empty where it agrees.
std::vector<std::string> check_elements(const std::vector<Element>&, const Data&);

// The elements in order of one measure. `value` NaN: not known, last.
enum class Ranking { mass, scarcity, price, toxicity };
struct Ranked {
  const Element* element = nullptr;
  double value = 0;
};
std::vector<Ranked> ranked(const std::vector<Element>&, Ranking);

}  // namespace wattline::ledger::materials
