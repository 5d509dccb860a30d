#include "ledger/claims.h"

#include <gtest/gtest.h>

namespace wattline::ledger {
namespace {

TEST(Claims, EachIsCheckedAndSaysItsFigure) {
  Context context;
  int hold = 0;
  for (const auto& claim : claims()) {
    if (claim.paper != 18) continue;  // the others' tests lie beside them
    const ClaimCheck check = claim.check(context);
    EXPECT_NE(check.verdict, ClaimVerdict::open) << claim.claimed;
    EXPECT_NE(check.verdict, ClaimVerdict::differs) << claim.claimed << ": " << check.ours;
    hold += check.verdict == ClaimVerdict::holds;
    if (check.verdict == ClaimVerdict::not_reproducible) EXPECT_FALSE(check.note.empty()) << "why not is said";
    else EXPECT_FALSE(check.ours.empty());
  }
  EXPECT_EQ(hold, 5);
}

}  // namespace
}  // namespace wattline::ledger
