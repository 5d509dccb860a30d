#include "serve/spares.h"

#include <set>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

struct Counted {
  explicit Counted(int n) : text(100, 'a') {
    if (n < 0) throw std::runtime_error("no");
    ++alive;
  }
  ~Counted() { --alive; }
  std::string text;
  static inline int alive = 0;
};

TEST(Spares, ObjectsEndWhenTheirHandlesDoAndTheirPlacesAreUsedAgain) {
  Spares<Counted> spares;
  std::set<const Counted*> places;
  for (int round = 0; round < 3; ++round) {
    auto a = spares.make(1), b = spares.make(2);
    EXPECT_NE(a.get(), b.get());
    EXPECT_EQ(Counted::alive, 2);
    places.insert({a.get(), b.get()});
  }
  EXPECT_EQ(Counted::alive, 0);
  EXPECT_EQ(places.size(), 2u);
}

TEST(Spares, WhatThrowsWhileItIsMadeLeavesNothing) {
  Spares<Counted> spares;
  { const auto a = spares.make(1); }
  EXPECT_THROW(spares.make(-1), std::runtime_error);
  EXPECT_EQ(Counted::alive, 0);
  const auto a = spares.make(1);
  EXPECT_EQ(a->text.size(), 100u);
}

}  // namespace
}  // namespace wattline::serve
