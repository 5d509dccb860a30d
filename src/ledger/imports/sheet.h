// The present row of a CSV file, its cells read by the names of their columns: "lineItem/UsageAmount",
// "line_item_usage_amount" and "Line Item Usage Amount" are one name. Every Error says file:row:column, the column's
// name, the value and what is allowed.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/time.h"
#include "ledger/imports/number_text.h"
#include "ledger/imports/records.h"
#include "ledger/imports/zone.h"

namespace wattline::ledger::imports {

class Sheet {
 public:
  Sheet(CsvRecords&, std::string where, Decimal, Zone);

  bool next() { return records_.next(cells_); }
  std::size_t line() const { return records_.line(); }
  std::size_t columns() const { return records_.header().size(); }
  const std::vector<std::string_view>& cells() const { return cells_; }

  // The first of the names that the header has, or -1.
  int find(std::initializer_list<std::string_view> names) const;
  // Error that tells the columns there are.
  int require(std::string_view format, std::initializer_list<std::string_view> names) const;
  int named(std::string_view name) const;  // as a user wrote it; Error with the nearest

  // Trimmed; "" where the column is absent (-1) or the cell is missing (NA, null ...). Error: over 4 kB.
  std::string_view text(int column) const;
  std::optional<double> number(int column);
  std::optional<double> amount(int column, std::string_view what);  // 0 or more
  double required_amount(int column, std::string_view what);
  // ISO 8601; without a zone of its own in that of the options. `month_first`: also 11/24/2026.
  std::optional<Time> time(int column, bool month_first = false);
  Time required_time(int column, bool month_first = false);

  [[noreturn]] void fail(int column, std::string message, std::string hint = {}) const;
  // Times that had no zone of their own; such as come twice in autumn.
  std::int64_t zoneless() const { return zoneless_; }
  std::int64_t twice() const { return twice_; }
  const Zone& zone() const { return zone_; }

 private:
  CsvRecords& records_;
  std::string where_;
  NumberReader numbers_;
  Zone zone_;
  std::unordered_map<std::string, int> index_;
  std::vector<std::string_view> cells_;
  std::int64_t zoneless_ = 0, twice_ = 0;
};

// What header names are compared by: letters and digits in lower case.
std::string column_key(std::string_view name);

}  // namespace wattline::ledger::imports
