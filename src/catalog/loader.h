// Builds a Catalog from the embedded files and the texts put over them. Catalog::load is the way in;
// this header is for it, for tests and for the fuzz target, which have no folder.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
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

  // Reads the table unless that was done; the catalog's member is complete when it returns.
  void need_devices() { once(devices_, &Loader::read_devices); }
  void need_models() { once(models_, &Loader::read_models); }
  void need_places() { once(places_, &Loader::read_places); }
  void need_regions() { once(regions_, &Loader::read_regions); }
  void need_factors() { once(all_factors_, &Loader::gather_factors); }
  void need_version() { once(version_, &Loader::set_version); }
  // Reads no more files than it takes to find it: those of its subject first, which ids begin with.
  const Factor* find_factor(std::string_view id);

 private:
  Loader(Catalog& catalog, std::string folder, Tables tables);

  struct Source {
    std::string title, licence;
  };
  DataFile merged(const std::string& name, std::vector<std::string> keys, DataFile::KeyOf key_of) const;
  Origin origin(const DataRow&, std::string_view source_column = "source", std::string_view year_column = "year");

  void read_sources();
  void read_devices();
  void read_models();
  void read_places();
  void read_regions();
  // factors.csv and each factors_SUBJECT.csv
  struct FactorFile {
    std::string name;
    std::once_flag read;
    std::map<std::string, Factor, std::less<>> rows;
  };
  void need(FactorFile&);
  void read_factors(FactorFile&);
  void gather_factors();
  void set_version();
  void once(std::once_flag& flag, void (Loader::*read)()) {
    std::call_once(flag, [&] { (this->*read)(); });
  }

  // Enters the row's names, the first its own; two rows with one spelling are an Error.
  template <class Row>
  void enter(std::map<std::string, std::size_t>& index, std::vector<Row>& rows, const DataRow& row, Row made,
             std::string_view what, const std::vector<std::string>& spellings, std::string (*key_of)(std::string_view));

  Catalog& catalog_;
  std::string folder_;
  Tables tables_;
  std::map<std::string, Source, std::less<>> sources_;
  std::deque<FactorFile> factor_files_;
  std::once_flag sources_read_, devices_, models_, places_, regions_, all_factors_, version_;
};

}  // namespace wattline::catalog
