#include "policy/check/solver.h"

#include <random>

#include <gtest/gtest.h>

namespace wattline::policy {
namespace {

TEST(Solver, AnswersPlainQuestions) {
  Solver s;
  const Literal a = s.variable(), b = s.variable(), c = s.variable();
  s.clause({a, b});
  s.clause({-a, c});
  const std::vector<Literal> none, not_b = {-b}, neither = {-b, -c};
  EXPECT_EQ(s.solve(none), Solver::Answer::yes);
  ASSERT_EQ(s.solve(not_b), Solver::Answer::yes);
  EXPECT_TRUE(s.value(a) && s.value(c) && s.value(-b));
  EXPECT_EQ(s.solve(neither), Solver::Answer::no);
  EXPECT_EQ(s.solve(std::vector<Literal>{a, -a}), Solver::Answer::no);
}

TEST(Solver, KnowsAllAnyAndExclusion) {
  Solver s;
  const std::vector<Literal> members = {s.variable(), s.variable(), s.variable()};
  s.exactly_one(members);
  const Literal two = s.all({members[0], members[1]}), some = s.any({members[0], members[1], members[2]});
  EXPECT_EQ(s.solve(std::vector<Literal>{two}), Solver::Answer::no);
  EXPECT_EQ(s.solve(std::vector<Literal>{-some}), Solver::Answer::no);
  EXPECT_EQ(s.solve(std::vector<Literal>{-members[0], -members[1]}), Solver::Answer::yes);
  EXPECT_TRUE(s.value(members[2]));
  EXPECT_EQ(s.solve(std::vector<Literal>{s.any({})}), Solver::Answer::no) << "an any of nothing is false";
  EXPECT_EQ(s.solve(std::vector<Literal>{s.all({})}), Solver::Answer::yes);
}

TEST(Solver, OfManyAtMostOne) {
  Solver s;
  std::vector<Literal> many;
  for (int i = 0; i < 40; ++i) many.push_back(s.variable());
  s.at_most_one(many);
  for (const std::size_t k : {0u, 7u, 39u}) {
    ASSERT_EQ(s.solve(std::vector<Literal>{many[k]}), Solver::Answer::yes);
    for (std::size_t i = 0; i < many.size(); ++i) EXPECT_EQ(s.value(many[i]), i == k);
  }
  EXPECT_EQ(s.solve(std::vector<Literal>{many[3], many[31]}), Solver::Answer::no);
  EXPECT_EQ(s.solve(std::vector<Literal>{many[38], many[39]}), Solver::Answer::no);
  EXPECT_EQ(s.solve({}), Solver::Answer::yes);
}

TEST(Solver, AgreesWithTryingAllOnRandomClauses) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    Solver s;
    constexpr int n = 8;
    for (int i = 0; i < n; ++i) s.variable();
    std::vector<std::vector<Literal>> clauses;
    for (std::size_t i = 0; i < 10 + random() % 40; ++i) {
      std::vector<Literal> c;
      for (int k = 0; k < 3; ++k) c.push_back(static_cast<Literal>(1 + random() % n) * (random() % 2 ? 1 : -1));
      clauses.push_back(c);
      s.clause(c);
    }
    bool some = false;
    for (unsigned bits = 0; bits < 1u << n && !some; ++bits)
      some = std::all_of(clauses.begin(), clauses.end(), [&](const auto& c) {
        return std::any_of(c.begin(), c.end(),
                           [&](Literal l) { return ((bits >> (std::abs(l) - 1) & 1) != 0) == (l > 0); });
      });
    const auto answer = s.solve({});
    ASSERT_EQ(answer, some ? Solver::Answer::yes : Solver::Answer::no) << round;
    if (!some) continue;
    for (const auto& c : clauses)
      EXPECT_TRUE(std::any_of(c.begin(), c.end(), [&](Literal l) { return s.value(l); })) << round;
  }
}

TEST(Solver, WhatIsTooHardStaysOpen) {
  // Eleven pigeons in ten holes.
  Solver s;
  std::vector<std::vector<Literal>> in(11, std::vector<Literal>(10));
  for (auto& pigeon : in) {
    for (auto& l : pigeon) l = s.variable();
    s.clause(pigeon);
  }
  for (std::size_t hole = 0; hole < 10; ++hole) {
    std::vector<Literal> column;
    for (const auto& pigeon : in) column.push_back(pigeon[hole]);
    s.at_most_one(column);
  }
  EXPECT_EQ(s.solve({}, 200), Solver::Answer::open);
}

}  // namespace
}  // namespace wattline::policy
