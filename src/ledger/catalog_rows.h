// A catalog file that this room reads itself, with the user's rows of the same name put over it as in all
// other catalog files: a known row changes the cells it gives, a new one is added, "-" empties.
// Errors: bad_input with file:row, for columns that are not known as well.
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/data_file.h"

namespace wattline::ledger {

catalog::DataFile catalog_rows(const catalog::Catalog&, const std::string& name, std::vector<std::string> keys,
                               catalog::DataFile::KeyOf key_of);
// The same with keys as they are written.
catalog::DataFile catalog_rows(const catalog::Catalog&, const std::string& name, std::vector<std::string> keys);

}  // namespace wattline::ledger
