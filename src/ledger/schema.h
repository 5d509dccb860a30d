// The tables of the account, version by version. A file of an older version is brought up to date by
// the steps it lacks when it is opened for writing; reading works on every version as it is.
#pragma once

#include "ledger/database.h"

namespace wattline::ledger {

// "Watt": tells an account from any other SQLite file.
inline constexpr std::int64_t application_id = 0x57617474;

int newest_schema();
// In one transaction. Throws Error when the file is of a newer program or is not an account.
void migrate(const Database&, int to = newest_schema());
// For files that are only read: the version; Error as above. 0: nothing has been written yet.
int check_schema(const Database&);

}  // namespace wattline::ledger
