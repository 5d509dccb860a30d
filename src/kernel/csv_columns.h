// A column while it is read from CSV: its name and unit from the header, its kind from the cells.
#pragma once

#include <string>
#include <string_view>

#include "kernel/table.h"

namespace wattline::csv {

class ColumnReader {
 public:
  // Without `infer` the column is of text.
  explicit ColumnReader(bool infer) : undecided_(infer) {}
  // "power [W]", "energy (kWh)": the unit in brackets when it is one.
  void take_header(std::string_view cell);
  // The cell of row `row`, from 0. The kind is the narrowest that holds all cells so far; room is made
  // for `expected_rows`.
  void take(std::string_view cell, std::size_t row, std::size_t expected_rows);
  // After the last row. True when the column turned out to be of text after cells had been read as
  // something else: then every cell is to be given once more, to take_again.
  bool finish(std::size_t rows);
  void take_again(std::string_view cell);

  Column column;

 private:
  bool decide(std::string_view cell, std::size_t row);
  std::string_view without_unit(std::string_view cell) const;

  bool undecided_;  // only missing cells so far
  bool again_ = false;  // became text late
  std::string suffix_;  // the unit that every cell carries, as in "250 W"
  bool unit_from_cells_ = false;
};

}  // namespace wattline::csv
