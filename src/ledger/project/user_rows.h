// Rows that a user wrote, as CSV or JSON, with errors that name file, row and column.
//
// CSV: a header with the names of columns, then rows (docs/formats/csv.md). JSON: a list of objects, or an object whose
// one member is that list. Names are compared in lower case with '_' for spaces and '-'. A unit in brackets is left out
// of the name and must be the column's own. Nothing is taken of a file with an error.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wattline::ledger {

struct UserColumn {
  std::string name;
  std::string unit;  // "" for none
  bool required = false;
};

class UserRow {
 public:
  UserRow(std::string where, const std::vector<UserColumn>* columns)
      : where_(std::move(where)), columns_(columns), cells_(columns->size()) {}

  const std::string& where() const { return where_; }  // "cases.csv:12", "cases.json: row 3"
  bool has(std::string_view column) const { return !text(column).empty(); }
  const std::string& text(std::string_view column) const;  // "" when absent
  // A finite number within the bounds; "35 %" is 0.35 and "35" is 35 / 100 where the column's unit is %.
  std::optional<double> number(std::string_view column, double low, double high) const;
  double number_or(std::string_view column, double low, double high, double fallback) const;
  // One of the names, as its place among them.
  std::optional<std::size_t> choice(std::string_view column, const std::vector<std::string>& names) const;
  [[noreturn]] void fail(std::string_view column, const std::string& message, const std::string& hint = {}) const;

  void set(std::size_t column, std::string text) { cells_[column] = std::move(text); }

 private:
  std::string where_;
  const std::vector<UserColumn>* columns_;
  std::vector<std::string> cells_;
};

// `columns` outlives the rows. Errors: an unknown, doubled or missing column; rows of another length; no rows; over
// 100,000 rows; JSON that is no list of flat objects.
std::vector<UserRow> read_user_rows(std::string_view content, const std::string& where,
                                    const std::vector<UserColumn>& columns);

}  // namespace wattline::ledger
