#include "policy/directions.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "policy/selection.h"

namespace wattline::policy {
namespace {

TEST(Directions, AreThe21OfThePaperAndTheCellsOfItsMatrix) {
  int numbered = 0, cells = 0;
  for (const auto& d : directions()) {
    if (d.kind == "direction") EXPECT_EQ(d.name, std::to_string(++numbered));
    else ++cells;
    EXPECT_FALSE(d.title.empty());
    EXPECT_EQ(d.served.empty(), d.state == Direction::State::open) << d.title;
    EXPECT_EQ(d.rest.empty(), d.state == Direction::State::whole) << d.title;
  }
  EXPECT_EQ(numbered, 21);
  EXPECT_EQ(cells, 9);
}

TEST(Directions, NameAlgorithmsThatAreThere) {
  for (const auto& d : directions())
    for (const auto& s : d.served)
      if (s.starts_with("algorithm ")) {
        const auto& all = algorithms();
        EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const auto& a) { return a.name == s.substr(10); })) << s;
      }
}

TEST(Directions, HoldOnlyWhereTheyAreServedWholly) {
  Context context;
  const auto claims = direction_claims();
  ASSERT_EQ(claims.size(), directions().size());
  for (std::size_t i = 0; i < claims.size(); ++i)
    EXPECT_EQ(claims[i].check(context).verdict == ClaimVerdict::holds,
              directions()[i].state == Direction::State::whole);
}

}  // namespace
}  // namespace wattline::policy
