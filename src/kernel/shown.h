// How the numbers of a table are shown to people, in the terminal and on a page. Files and JSON keep the
// column's unit and all digits.
#pragma once

#include <string>
#include <vector>

#include "kernel/table.h"
#include "kernel/units.h"

namespace wattline {

// Wh, kWh, MWh ... of an amount as bills have it; joules where it is less than 0.1 Wh.
Unit billing_unit(double joules);

struct ShownColumn {
  std::string unit;
  std::vector<std::string> cells;  // of the first `rows` rows
};
// At most four significant digits where a fraction is shown. X, X_low and X_high are in one unit. In a table of
// parts of a whole (it has a column `share` in %) the unit is that of the largest part, and what is too small to
// matter reads "< 0.1" (of a share) or "< 0.001" (of an amount). Elsewhere, where the largest is over 100,000 times the
// smallest, each cell has the unit that suits it.
ShownColumn shown_column(const Table&, std::size_t column, std::size_t rows);

// "2,880", "0.71": a number in running text, at most `significant` digits.
std::string grouped_number(double value, int significant = 3);

}  // namespace wattline
