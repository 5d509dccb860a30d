// Builds a Catalog from the embedded files and the texts put over them. Catalog::load is the way in;
// this header is for it, for tests and for the fuzz target, which have no folder.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "catalog/data_file.h"
#include "catalog/row_reader.h"
#include "catalog/single_rows.h"

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
  void need_devices() {
    devices_.once([this] { read_devices(); });
  }
  void need_models() {
    models_.once([this] { read_models(); });
  }
  void need_places() {
    places_.once([this] { read_places(); });
  }
  void need_regions() {
    regions_.once([this] { read_regions(); });
  }
  void need_factors() {
    all_factors_.once([this] { gather_factors(); });
  }
  void need_version() {
    version_.once([this] { set_version(); });
  }
  // By name or alias, of a table that is not read whole by its one row; nullptr when there is none.
  const Device* find_device(std::string_view name);
  const Model* find_model(std::string_view name);
  const Place* find_place(std::string_view name);  // no region
  const Region* find_region(std::string_view provider, std::string_view name);
  // Reads no more files than it takes to find it: those of its subject first, which ids begin with.
  const Factor* find_factor(std::string_view id);

 private:
  Loader(Catalog& catalog, std::string folder, Tables tables);

  // Read once, by the first who needs it.
  class Whole {
   public:
    template <class Read>
    void once(const Read& read) {
      std::call_once(flag_, [&] {
        read();
        done_ = true;
      });
    }
    bool done() const { return done_; }

   private:
    std::once_flag flag_;
    std::atomic<bool> done_ = false;
  };
  DataFile merged(const std::string& name, std::vector<std::string> keys, DataFile::KeyOf key_of) const;

  void read_sources();
  const Source* find_source(const std::string& id);
  void read_devices();
  void read_models();
  void read_places();
  void read_regions();
  // factors.csv and each factors_SUBJECT.csv
  struct FactorFile {
    std::string name;
    Whole whole;
    std::map<std::string, Factor, std::less<>> rows;
  };
  void need(FactorFile&);
  void read_factors(FactorFile&);
  void gather_factors();
  void set_version();

  // Enters the row's names, the first its own; two rows with one spelling are an Error.
  template <class Row>
  void enter(std::map<std::string, std::size_t>& index, std::vector<Row>& rows, const DataRow& row, Row made,
             std::string_view what, const std::vector<std::string>& spellings, std::string (*key_of)(std::string_view));

  Catalog& catalog_;
  std::string folder_;
  Tables tables_;
  std::map<std::string, Source, std::less<>> sources_;
  std::deque<FactorFile> factor_files_;
  Whole sources_read_, devices_, models_, places_, regions_, all_factors_, version_;
  const RowReader reader_;
  std::unique_ptr<SingleRows> single_;  // nothing is put over the tables
};

}  // namespace wattline::catalog
