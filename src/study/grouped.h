// Groups of values out of a table: one column of values and one of groups (long), or one column a group
// (wide). What is missing is left out and told; what is not a number is an error that says where.
#pragma once

#include <string>
#include <vector>

#include "kernel/table.h"
#include "study/summary.h"

namespace wattline::study {

struct Selection {
  std::string value;  // long: the column of values
  std::string group;  // long: the column of groups; "label:NAME" reads the column `labels`
  std::vector<std::string> groups;  // only these, in this order; wide: the columns
  std::string reference;  // the group that the others are compared with
  std::string replicate;  // rows that agree in this column are one run: their mean counts
  std::string pair;  // rows of different groups that agree in this column are a pair
  bool pairs = false;  // pairs by row (wide) or by order (long) when no column tells them
};

struct Grouped {
  std::string value_name, unit, group_name;
  std::vector<Group> groups;  // the reference first; pairs: equally long, in the same order
  std::vector<std::size_t> left_out;  // by group: rows without a value
  std::vector<std::string> warnings;
  bool pairs = false;
  std::string reading;  // "column 'energy' by column 'model', 24 rows"
};
// `where`: the file, for messages. Error for fewer than two groups, unknown columns and groups, text or
// infinite values, units that differ, pairs that are none.
Grouped grouped(const Table&, const Selection&, std::string_view where);

// The unit that the end of a name tells ("energy_j" -> "J"), "" when none. Only for columns without one.
std::string unit_of_name(std::string_view name);

}  // namespace wattline::study
