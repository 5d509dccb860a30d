// Rows of the program's own tables, read one at a time as they are asked for: a command needs one place, one device and a
// few factors of some five hundred rows, and to read the tables whole would be most of what its start costs. Only for
// tables that nothing is put over; faults of our own rows are found by the tests.
//
// A row is read once and stays where it is; safe on any thread.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/row_reader.h"

namespace wattline::catalog {

// The header of a table whose first column is a plain id, and its row of that id; "" when there is none.
std::string record_of(std::string_view table, std::string_view id);

// False: name_key and device_key make something else of the spelling. They leave letters out and add none, so this tells
// most without making theirs.
bool may_have_key(std::string_view spelling, std::string_view key);

class SingleRows {
 public:
  using Tables = std::string_view (*)(std::string_view name);
  // `whole_source`: from the table that is read whole, when many sources are asked for.
  SingleRows(Tables tables, RowReader::SourceOf whole_source);

  // nullopt: so many were asked for that the whole table is cheaper. nullptr: no row of that name.
  template <class Row>
  using Found = std::optional<const Row*>;
  Found<Device> device(std::string_view name);
  Found<Model> model(std::string_view name);
  Found<Place> place(std::string_view name);  // no region
  Found<Region> region(std::string_view provider, std::string_view name);
  // `file`: that which may hold it.
  Found<Factor> factor(const std::string& file, std::string_view id);

 private:
  template <class Row>
  struct Seen {
    std::map<std::string, const Row*, std::less<>> by_key;
    std::map<std::size_t, Row> rows;  // by their place in the file: a row has many spellings
  };
  using Wanted = DataFile::Wanted;
  // Rows of which a name in the columns `names`, the last a list of them, has that key.
  static Wanted spelled(const std::string& key, std::string (*key_of)(std::string_view), std::vector<const char*> names);
  template <class Row>
  Found<Row> find(Seen<Row>& seen, const char* file, std::string (*key_of)(std::string_view), const std::string& key,
                  const Wanted& wanted, Row (RowReader::*read)(const DataRow&) const);
  const Source* source(const std::string& id);

  const Tables tables_;
  const RowReader::SourceOf whole_source_;
  const RowReader reader_;
  std::mutex mutex_;
  Seen<Device> devices_;
  Seen<Model> models_;
  Seen<Place> places_;
  Seen<Region> regions_;
  std::map<std::string, std::map<std::string, std::optional<Factor>, std::less<>>, std::less<>> factors_;  // by file, id
  std::map<std::string, Source, std::less<>> sources_;
};

}  // namespace wattline::catalog
