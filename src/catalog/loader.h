// Builds a Catalog from the embedded files and the texts put over them. Catalog::load is the way in;
// this header is for it, for tests and for the fuzz target, which have no folder.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "catalog/data_file.h"

namespace wattline::catalog {

class Loader {
 public:
  using Tables = std::string_view (*)(std::string_view name);
  static std::string_view embedded(std::string_view name);
  // `overrides`: file name ("places.csv") to content; `folder` is put before the name in errors; `tables`
  // hands out the content that they are put over.
  static std::shared_ptr<Catalog> load(std::map<std::string, std::string, std::less<>> overrides,
                                       const std::string& folder = {}, Tables tables = embedded);

 private:
  Loader(Catalog& catalog, std::string folder, Tables tables)
      : catalog_(catalog), folder_(std::move(folder)), tables_(tables) {}

  struct Source {
    std::string title, licence;
  };
  DataFile merged(const std::string& name, std::vector<std::string> keys, DataFile::KeyOf key_of) const;
  Origin origin(const DataRow&, std::string_view source_column = "source", std::string_view year_column = "year") const;

  void read_sources();
  void read_devices();
  void read_models();
  void read_places();
  void read_regions();
  void read_factors();  // factors.csv and each factors_SUBJECT.csv
  void read_factors(const std::string& file);
  void set_version();

  // Enters the row's names, the first its own; two rows with one spelling are an Error.
  template <class Row>
  void enter(std::map<std::string, std::size_t>& index, std::vector<Row>& rows, const DataRow& row, Row made,
             std::string_view what, const std::vector<std::string>& spellings, std::string (*key_of)(std::string_view));

  Catalog& catalog_;
  std::string folder_;
  Tables tables_;
  std::map<std::string, Source, std::less<>> sources_;
};

}  // namespace wattline::catalog
