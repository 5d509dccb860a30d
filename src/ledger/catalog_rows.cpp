#include "ledger/catalog_rows.h"

#include "catalog/loader.h"

namespace wattline::ledger {

catalog::DataFile catalog_rows(const catalog::Catalog& from, const std::string& name, std::vector<std::string> keys,
                               catalog::DataFile::KeyOf key_of) {
  const std::string_view ours = catalog::Loader::embedded(name), given = from.file(name);
  catalog::DataFile out(name, ours, std::move(keys), std::move(key_of));
  if (given.data() != ours.data()) out.put_over(name, given);
  return out;
}

catalog::DataFile catalog_rows(const catalog::Catalog& from, const std::string& name, std::vector<std::string> keys) {
  return catalog_rows(from, name, std::move(keys), [](std::string_view s) { return std::string(s); });
}

}  // namespace wattline::ledger
