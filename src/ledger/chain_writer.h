// Adds rows at the end of one writer's chain. Statements and buffers are kept from batch to batch: a
// gateway writes tens of thousands of rows a second through one of these.
#pragma once

#include <string>
#include <string_view>

#include "ledger/database.h"
#include "ledger/rollup.h"
#include "ledger/row.h"
#include "ledger/row_text.h"

namespace wattline::ledger {

// Inside a transaction of the caller: begin(), rows, end(). A staged chain (staging.h) takes any number of such
// transactions, and a last one with finish().
class ChainWriter {
 public:
  enum class Kind { usual, staged };
  // `most_sums` of a staged chain are stored with finish(), in less than a second; where there are more, its rows are
  // added up later (rollup.h).
  ChainWriter(const Database&, std::string writer, Kind = Kind::usual, std::size_t most_sums = 250'000);

  // Reads where the chain ends now: another process of this host may have gone on with it.
  void begin();
  // False when `uid` is there already: then nothing was added. The fact is a checked one (row.h).
  bool append(const Fact&, std::string_view uid, std::string_view corrects, std::string_view factor_set);
  void end();
  // Of a staged chain: from now on its rows are in the account. Error world: one of them was displaced.
  void finish();
  // A row that ended then was corrected: it is in no sum any more.
  void corrected(Time end) { sums_.rebuild(hour_of(end)); }

 private:
  const Database& database_;
  std::string writer_;
  Kind kind_;
  std::size_t most_sums_;
  Statement head_, insert_, move_head_, sealed_;
  RollupWriter sums_;
  FactTexts texts_;
  std::string text_, last_hash_;
  std::int64_t seq_ = 0;
  bool any_ = false, any_sealed_ = false, begun_ = false;

  bool insert(const Fact&, const RowPlace&, std::string_view hash);
};

}  // namespace wattline::ledger
