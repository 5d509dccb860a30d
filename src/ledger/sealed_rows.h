// Rows one by one of the files that sealing made of them (segment.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "kernel/result.h"
#include "ledger/account.h"
#include "ledger/row_choice.h"

namespace wattline::ledger {

struct SealedReading {
  std::int64_t rows = 0;  // that were visited
  std::int64_t unseen = 0;  // in files that are not here and hold rows of the period, whatever else was asked for
};

// Those that are asked for and that no later row corrects, chain by chain. Error when a file is damaged.
SealedReading for_each_sealed_row(const Ledger&, const RowsOptions&, const Context&,
                                  const std::function<void(const Row&)>& visit);
SealedReading for_each_sealed_row(const Ledger&, const RowChoice&, const Context&,
                                  const std::function<void(const Row&)>& visit);

// Warns of rows in files that are not here.
void tell_of_unseen(const SealedReading&, Result&);

// Whether a row is the one that a person means by a uid, a number, or WRITER/NUMBER.
bool is_named(const Row&, const std::string& name);

// Where in a chain the sealed row with this hash stands: the end of a segment is known without its file.
struct SealedPlace {
  std::string writer, file;
  std::int64_t seq = 0;
};
std::optional<SealedPlace> find_sealed_hash(const Ledger&, const std::string& hash);

// "row 17 is sealed in FILE ...", or "" when no sealed row has this number or uid.
std::string sealed_text(const Ledger&, const std::string& name);

}  // namespace wattline::ledger
