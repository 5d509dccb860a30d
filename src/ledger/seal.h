// Taking old rows out of the database into segments (segment.h), and what of them stays.
#pragma once

#include <functional>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/segment.h"

namespace wattline::ledger {

// Rows of each chain from the oldest on that ended before `before`, as long as they can go (a row that corrects one
// that stays, stays). A segment of at most `most_rows`, in a transaction of its own, after the other, so that others
// can write in between: a few seconds each.
std::vector<Segment> seal_rows(const Database&, const std::filesystem::path& account_dir, Time before,
                               const std::function<void(double)>& on_progress, std::int64_t most_rows = 250'000);

// What keeps a chain from being sealed further though older rows follow: its first row that stays.
struct SealStop {
  Row row;
  std::int64_t held = 0;  // rows of the chain that ended before that time, itself among them where it did
};
std::vector<SealStop> seal_stops(const Database&, Time before);

}  // namespace wattline::ledger
