// Rows on their way into the account. A long import must be in it whole or not at all, and must not keep other
// writers waiting until it ends. So it writes in short transactions into a chain of its own, whose end in `writers`
// stays at 0 until every row is there: queries pass over the rows of such a chain, and no sum holds them. One short
// transaction then moves the chain's end, and with it all rows are in the account at once. (Rows that were copied
// from a file beside the account in one transaction would hold it for as long as they take to be indexed: minutes.
// One chain for all writers would make those who write in between part of what a rollback takes out.)
//
// A kill before that moment leaves rows that nobody sees; the next who opens the account for writing, or imports,
// takes them out. The importing process holds a lock on a file beside the account, which ends with the process: so
// what is left behind is told from what is under way, there is one long import at a time, and nothing is sealed
// meanwhile.
//
// A row that somebody else records meanwhile under a staged row's uid wins: the import then fails and is undone.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "ledger/database.h"

namespace wattline::ledger {

// For queries of `facts`: the rows that are in the account. True in accounts of every version.
// The plus keeps the planner from walking all rows of a writer where an index on something else finds few.
inline constexpr std::string_view in_account = "+writer IN (SELECT writer FROM writers WHERE last_seq > 0)";
// For queries of `writers`: chains that are being staged, or were left so.
inline constexpr std::string_view is_staged = "last_seq = 0 AND last_hash IN ('staged', 'broken')";

class ImportLock {
 public:
  // Waits for so long. Error world: another import holds it; denied: the folder takes no files.
  ImportLock(const std::filesystem::path& account_dir, std::chrono::milliseconds patience);
  ~ImportLock();
  ImportLock(const ImportLock&) = delete;
  ImportLock& operator=(const ImportLock&) = delete;

 private:
  int descriptor_ = -1;
};

// Begins a chain; its writer. In a transaction of the caller.
std::string begin_staged_chain(const Database&, std::string_view host);

// Before a row of this uid is added to the chain of `writer`: takes a staged row of that uid out of the way, and with
// it its import's end. False: there was none.
bool displace_staged(const Database&, std::string_view uid, std::string_view writer);

// What killed imports left, in short transactions. The caller holds the lock.
void remove_staged(const Database&);
// The same when there is any and no import is under way.
void remove_left_staged(const Database&);

}  // namespace wattline::ledger
