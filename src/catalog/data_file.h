// One catalog file while it is read: rows of cells that know their unit and where they were written,
// with the rows of an override file put over or added to them.
//
// The header names the columns, "pue" or "carbon_intensity [gCO2e/kWh]". A cell of a column with a
// unit is a number of that unit or carries its own ("0.48 kgCO2e/kWh"). Errors are bad_input and say
// file:row, the column, what was found and what is allowed.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/estimate.h"
#include "kernel/quantity.h"
#include "kernel/units.h"

namespace wattline::catalog {

struct Cell {
  std::string text;  // empty: absent
  const Unit* unit = nullptr;  // of its column where it was written; none: a text or a plain number
  std::size_t file = 0, row = 0;  // where it was written
};

class DataRow;

class DataFile {
 public:
  using KeyOf = std::function<std::string(std::string_view)>;
  // Told the fields of a row as they are written, once the columns are known.
  using Wanted = std::function<bool(const DataFile&, const std::vector<std::string_view>& fields)>;
  // `keys`: the columns that name a row, compared as `key_of` makes them. `wanted`: of the others nothing is kept.
  DataFile(std::string_view where, std::string_view content, std::vector<std::string> keys, KeyOf key_of,
           const Wanted& wanted = {});
  DataFile(DataFile&&) = default;

  // Rows of the same layout: a known name changes the cells it gives, a new one adds a row, "-"
  // empties. Columns may be left out, come in any order, and have another unit of the same kind.
  // Each row says its own source and year.
  void put_over(std::string_view where, std::string_view content);

  std::vector<DataRow> rows() const;
  const std::vector<std::string>& columns() const { return names_; }
  std::size_t column(std::string_view name) const;  // our own fault when it is not there

 private:
  friend class DataRow;
  struct Stored {
    std::vector<Cell> cells;
    std::size_t file = 0, row = 0;  // of its last change
    bool overridden() const { return file > 0; }
  };
  // "places.csv:12"
  std::string where(std::size_t file, std::size_t row) const;
  std::string key(const std::vector<Cell>& cells) const;
  void put_row(const std::string& row_key, std::vector<Cell> cells, std::size_t file, std::size_t number);
  std::size_t find_column(std::string_view name, const std::string& where) const;

  std::vector<std::string> files_;  // those read: our own, then what is put over it
  std::vector<std::string> names_;
  std::vector<const Unit*> units_;  // of our own columns
  std::deque<Unit> known_units_;  // stable addresses
  std::map<std::string, std::size_t, std::less<>> index_;
  std::vector<std::size_t> keys_;
  KeyOf key_of_;
  std::vector<Stored> rows_;
  std::map<std::string, std::size_t> by_key_;
};

// One row of the merged file.
class DataRow {
 public:
  // The file stays where it is while its rows are read.
  DataRow(const DataFile& file, std::size_t row) : file_(&file), row_(&file.rows_[row]) {}

  bool overridden() const { return row_->overridden(); }
  std::string where() const { return file_->where(row_->file, row_->row); }  // of its last change
  std::size_t number() const { return row_->row; }  // its line there
  const std::vector<std::string>& columns() const { return file_->columns(); }
  const std::string& text(std::string_view column) const { return cell(column).text; }
  const std::string& required(std::string_view column) const;
  std::vector<std::string> list(std::string_view column) const;  // split at ';'
  std::optional<bool> flag(std::string_view column) const;  // yes, no, absent

  // Base units, zero or more unless told.
  std::optional<double> number(std::string_view column, double minimum = 0) const;
  double required_number(std::string_view column, double minimum = 0) const;
  int integer(std::string_view column) const;  // absent: 0
  template <class Q>
  std::optional<Q> quantity(std::string_view column) const {
    const auto v = number(column);
    return v ? std::optional<Q>(Q(*v)) : std::nullopt;
  }
  // The interval of `value` from two columns, both given or neither, with the value inside.
  std::optional<Interval> interval(std::string_view value, std::string_view low, std::string_view high) const;

  // The error of a cell: "places.csv:12: pue: 'x' ...".
  [[noreturn]] void fail(std::string_view column, const std::string& message, const std::string& hint = {}) const;

 private:
  const Cell& cell(std::string_view column) const { return row_->cells[file_->column(column)]; }

  const DataFile* file_;
  const DataFile::Stored* row_;
};

}  // namespace wattline::catalog
