// One row of a catalog table as what it says, with the checks that the row alone allows. Errors are bad_input that name
// file:row and the column.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "catalog/data_file.h"

namespace wattline::catalog {

// A row of sources.csv.
struct Source {
  std::string title, licence;
};

class RowReader {
 public:
  // nullptr: no source of that name.
  using SourceOf = std::function<const Source*(const std::string& id)>;
  explicit RowReader(SourceOf source_of) : source_of_(std::move(source_of)) {}

  Device device(const DataRow&) const;
  Model model(const DataRow&) const;
  Place place(const DataRow&) const;
  Region region(const DataRow&) const;  // `place` as it is written
  Factor factor(const DataRow&) const;

 private:
  Origin origin(const DataRow&, std::string_view source_column = "source", std::string_view year_column = "year") const;

  SourceOf source_of_;
};

// "2026-01-31", or empty when the cell is.
std::string date(const DataRow&, std::string_view column);

}  // namespace wattline::catalog
