// Typed columns with units, and how they travel: CSV, JSON, aligned text.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kernel/json.h"
#include "kernel/time.h"

namespace wattline {

enum class ColumnKind { text, number, integer, time, flag };
std::string_view to_string(ColumnKind);

struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::text;
  std::string unit;  // unit code (units.h) for numbers, "" when it has none
  std::string help;

  // Missing: NaN, INT64_MIN (integer, time), empty text. Flags are integers 0/1.
  std::variant<std::vector<std::string>, std::vector<double>, std::vector<std::int64_t>> cells;

  std::size_t size() const;
  // Error when the column is of another kind: a file may hold other cells than its reader hopes for.
  const std::vector<std::string>& texts() const { return get<std::string>("text"); }
  const std::vector<double>& numbers() const { return get<double>("numbers"); }
  const std::vector<std::int64_t>& integers() const { return get<std::int64_t>("integers"); }
  // A copy as doubles whether the cells are numbers, integers or flags (NaN where missing); Error on
  // text and times. For readers of files, where 1.0 may have been written as 1.
  std::vector<double> to_numbers() const;

 private:
  template <class T>
  const std::vector<T>& get(const char* wanted) const {
    if (const auto* held = std::get_if<std::vector<T>>(&cells)) return *held;
    wrong_kind(wanted);
  }
  [[noreturn]] void wrong_kind(const char* wanted) const;
};
inline constexpr std::int64_t missing_integer = INT64_MIN;

class Table {
 public:
  Table() = default;
  // `schema`: the named, versioned schema this table follows ("run.records.v1"), or "".
  explicit Table(std::string schema) : schema_(std::move(schema)) {}

  Table& text(std::string name, std::string help = {});
  Table& number(std::string name, std::string unit = {}, std::string help = {});
  Table& integer(std::string name, std::string unit = {}, std::string help = {});
  Table& time(std::string name, std::string help = {});
  Table& flag(std::string name, std::string help = {});

  using Cell = std::variant<std::monostate, std::string, double, std::int64_t, Time, bool>;
  // One cell per column, in order; wrong count or kind is our own fault (assert).
  void add_row(std::vector<Cell> cells);

  const std::string& schema() const { return schema_; }
  std::string title;  // shown above the table
  std::string caption;  // shown below it
  std::size_t rows() const;
  const std::vector<Column>& columns() const { return columns_; }
  std::vector<Column>& columns() { return columns_; }
  const Column* find(std::string_view name) const;
  const Column& column(std::string_view name) const;  // Error lists the names there are

  std::string cell_text(std::size_t row, std::size_t column, int significant = 6) const;

 private:
  std::string schema_;
  std::vector<Column> columns_;
};

// --- CSV (RFC 4180; also ';' and tab, found from the header line; CRLF; UTF-8 byte order mark).
struct CsvOptions {
  char delimiter = 0;  // 0: find it
  bool header = true;  // first line holds names
  bool quotes = true;  // false: " is a letter like others, as in many tab-separated texts
  std::size_t skip_lines = 0;
  bool infer = true;  // numbers and times become typed columns; false: all text
  std::size_t max_rows = 50'000'000;
};
// Header cells like "power_w [W]" or "energy (kWh)" give the unit, as do cells that all read "250 W". A
// column with a unit is of numbers, whole or not. docs/formats/csv.md has the rules. Errors carry
// file:row:column; a row is told by the line of the file on which it begins.
Table read_csv(std::string_view content, std::string_view where = "CSV", const CsvOptions& = {});
// Streams rows without building a table, the header's among them: fields are valid during the call
// only, `row` is the line on which the row begins, delimiter 0 is found. Blank lines are no rows; the
// number of fields is the caller's to check.
void for_each_csv_row(std::string_view content, char delimiter, std::string_view where,
                      const std::function<void(std::size_t row, const std::vector<std::string_view>&)>&);
std::string to_csv(const Table&);

// {"schema":..., "columns":[{name,kind,unit,help}], "rows":[[...]]}
void write_json(JsonWriter&, const Table&);
// Aligned columns under their names and units, numbers to the right; at most `width` (and no less than
// 20) characters wide, 0: as wide as needed. What does not fit is wrapped, cut or left out, and says so.
std::string to_text(const Table&, int width = 100, std::size_t max_rows = 60, bool unicode = true);

}  // namespace wattline
