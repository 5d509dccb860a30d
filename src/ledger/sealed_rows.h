// Rows one by one of the files that sealing made of them (segment.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "kernel/result.h"
#include "ledger/account.h"

namespace wattline::ledger {

struct SealedReading {
  std::int64_t rows = 0;  // that were visited
  std::int64_t unseen = 0;  // in files that are not here, whatever was asked for
};

// Those of the options that no later row corrects, chain by chain. Error when a file is damaged.
SealedReading for_each_sealed_row(const Ledger&, const RowsOptions&, const Context&,
                                  const std::function<void(const Row&)>& visit);

// Warns of rows in files that are not here.
void tell_of_unseen(const SealedReading&, Result&);

// "row 17 is sealed in FILE ...", or "" when no sealed row has this number or uid.
std::string sealed_text(const Ledger&, const std::string& name);

}  // namespace wattline::ledger
