// Taking old rows out of the database into segments (segment.h), and what of them stays.
#pragma once

#include <functional>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/segment.h"

namespace wattline::ledger {

// In a transaction of its own for each writer: rows of its chain from the oldest on that ended before `before`,
// as long as they can go (a row that corrects one that stays, stays). At most one segment a writer.
std::vector<Segment> seal_rows(const Database&, const std::filesystem::path& account_dir, Time before,
                               const std::function<void(double)>& on_progress);

}  // namespace wattline::ledger
