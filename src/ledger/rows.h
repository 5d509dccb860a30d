// The capabilities that show rows of the account: `ledger list`, `ledger show`, `ledger export`.
#pragma once

#include <cstdint>
#include <string>

#include "catalog/place_options.h"
#include "kernel/capability.h"
#include "ledger/account.h"

namespace wattline::ledger {

struct ListOptions {
  RowsOptions rows;
  std::int64_t last = 20;
  bool superseded = false;
};
struct ShowOptions {
  std::string uid;
  catalog::PlaceOptions place;
};
struct ExportOptions {
  RowsOptions rows;
  std::string place;
};

Result list(const ListOptions&, Context&);
Result show(const ShowOptions&, Context&);
Result export_rows(const ExportOptions&, Context&);
std::vector<Capability> row_capabilities();

}  // namespace wattline::ledger
