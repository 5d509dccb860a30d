#include "meter/attribution/energy_book.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "meter/attribution/claims.h"
#include "meter/attribution/unseen.h"

namespace wattline::meter {
namespace {

constexpr auto cpu = static_cast<std::size_t>(Domain::cpu);

const Consumer* find(const std::vector<Consumer>& all, Level level, const std::string& name) {
  for (const auto& c : all)
    if (c.level == level && c.name == name) return &c;
  return nullptr;
}

Work work(AccountId a, double amount) { return {a, amount, {no_account, no_account}}; }

TEST(EnergyBook, SharesByWorkOnEveryLevel) {
  EnergyBook book(10);
  const AccountId a = book.open_process("a", 1, 5, {"box", "pod1", "ann", ""});
  const AccountId b = book.open_process("b", 2, 6, {"box", "pod1", "bob", "77"});
  const AccountId c = book.open_process("c", 3, 7, {"", "", "bob", ""});
  book.share(Domain::cpu, 100, 20, {work(a, 1), work(b, 2), work(c, 4)}, 1);
  const auto all = book.consumers();
  EXPECT_DOUBLE_EQ(find(all, Level::process, "a")->joules[cpu], 10);
  EXPECT_DOUBLE_EQ(find(all, Level::container, "box")->joules[cpu], 30);
  EXPECT_EQ(find(all, Level::container, "box")->detail, "pod1");
  EXPECT_DOUBLE_EQ(find(all, Level::container, "outside")->joules[cpu], 40);
  EXPECT_DOUBLE_EQ(find(all, Level::pod, "pod1")->joules[cpu], 30);
  EXPECT_DOUBLE_EQ(find(all, Level::user, "bob")->joules[cpu], 60);
  EXPECT_DOUBLE_EQ(find(all, Level::job, "77")->joules[cpu], 20);
  EXPECT_DOUBLE_EQ(book.sums(Domain::cpu).unattributed, 10);
  EXPECT_EQ(all.front().name, "c");  // the hungriest process first
}

TEST(EnergyBook, WithoutWorkTheRestIsNobodys) {
  EnergyBook book(10);
  book.open_process("sleeper", 1, 5, {});
  book.share(Domain::cpu, 100, 20, {}, 0);
  EXPECT_EQ(book.sums(Domain::cpu).unattributed, 80);
  EXPECT_EQ(find(book.consumers(), Level::process, "sleeper")->joules[cpu], 0);
}

TEST(EnergyBook, NonsenseCountsAsNothing) {
  EnergyBook book(10);
  const AccountId a = book.open_process("a", 1, 5, {});
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  book.share(Domain::cpu, nan, 1, {work(a, 1)}, 0);
  book.share(Domain::cpu, -5, 1, {work(a, 1)}, 0);
  book.share(Domain::cpu, inf, 1, {work(a, 1)}, 0);
  EXPECT_EQ(book.sums(Domain::cpu).energy, 0);
  book.share(Domain::cpu, 10, 50, {work(a, nan), work(a, -1), work(a, inf)}, -3);
  EXPECT_EQ(book.sums(Domain::cpu).idle, 10);
  book.add_seconds(a, nan);
  book.add_seconds(a, -1);
  EXPECT_EQ(book.consumers()[0].cpu_seconds, 0);
}

TEST(EnergyBook, WorkBeforeAMoveStaysWhereItWas) {
  EnergyBook book(10);
  const AccountId a = book.open_process("sh", 1, 5, {"", "", "root", ""});
  book.share(Domain::cpu, 10, 0, {work(a, 1)}, 0);
  book.change(a, "server", {"box", "", "root", ""});
  book.share(Domain::cpu, 30, 0, {work(a, 1)}, 0);
  const auto all = book.consumers();
  EXPECT_DOUBLE_EQ(find(all, Level::container, "box")->joules[cpu], 30);
  EXPECT_DOUBLE_EQ(find(all, Level::container, "outside")->joules[cpu], 10);
  EXPECT_DOUBLE_EQ(find(all, Level::process, "server")->joules[cpu], 40);
}

TEST(EnergyBook, AGroupThatComesBackIsTheSame) {
  EnergyBook book(10);
  const AccountId a = book.open_process("a", 1, 5, {"", "", "ann", ""});
  book.share(Domain::cpu, 10, 0, {work(a, 1)}, 0);
  book.end(a);
  EXPECT_FALSE(find(book.consumers(), Level::user, "ann")->alive);
  const AccountId b = book.open_process("b", 2, 6, {"", "", "ann", ""});
  book.share(Domain::cpu, 5, 0, {work(b, 1)}, 0);
  const auto all = book.consumers();
  EXPECT_TRUE(find(all, Level::user, "ann")->alive);
  EXPECT_DOUBLE_EQ(find(all, Level::user, "ann")->joules[cpu], 15);
}

TEST(EnergyBook, OfManyThatEndedTheHungriestAreKept) {
  EnergyBook book(10);
  for (int i = 1; i <= 1000; ++i) {
    const AccountId a = book.open_process("p" + std::to_string(i), i, i, {});
    book.share(Domain::cpu, i, 0, {work(a, 1)}, 0);
    book.add_seconds(a, 1);
    book.end(a);
  }
  const auto all = book.consumers();
  EXPECT_LE(all.size(), 40u);
  EXPECT_TRUE(find(all, Level::process, "p1000"));
  EXPECT_FALSE(find(all, Level::process, "p3"));
  const Consumer* ended = find(all, Level::process, "ended");
  ASSERT_TRUE(ended);
  EXPECT_FALSE(ended->alive);
  EXPECT_EQ(static_cast<double>(book.forgotten()), ended->cpu_seconds);
  double sum = 0;
  for (const auto& c : all)
    if (c.level == Level::process) sum += c.joules[cpu];
  EXPECT_DOUBLE_EQ(sum, 1000 * 1001 / 2);
}

// Whatever is born, dies, moves and is shared, in any order: nothing is lost and nothing counted twice.
RC_GTEST_PROP(EnergyBookProperties, EveryLevelAddsUpToTheDomain, ()) {
  EnergyBook book(*rc::gen::inRange(0, 8));
  std::vector<AccountId> alive;
  const auto name = [] {
    return std::string(static_cast<std::size_t>(*rc::gen::inRange(0, 2)),
                       static_cast<char>('a' + *rc::gen::inRange(0, 4)));
  };
  const auto belonging = [&] { return Belonging{name(), name(), name(), name()}; };
  double given = 0;
  const int steps = *rc::gen::inRange(1, 120);
  for (int i = 0; i < steps; ++i) {
    const int what = *rc::gen::inRange(0, 5);
    if (what == 0 || alive.empty()) {
      alive.push_back(book.open_process(name(), i, i, belonging()));
    } else if (what == 1) {
      const auto which = static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(alive.size())));
      book.end(alive[which]);
      alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(which));
    } else if (what == 2) {
      book.change(alive[static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(alive.size())))], name(),
                  belonging());
    } else {
      std::vector<Work> all;
      for (const AccountId a : alive) all.push_back(work(a, *rc::gen::inRange(-1, 50) / 7.0));
      const double joules = *rc::gen::inRange(-5, 1000) / 3.0;
      given += std::max(joules, 0.0);
      book.share(Domain::cpu, joules, *rc::gen::inRange(0, 400) / 3.0, all, *rc::gen::inRange(-1, 10) / 7.0);
    }
    const auto& sums = book.sums(Domain::cpu);
    std::map<Level, double> levels;
    for (const auto& c : book.consumers()) {
      RC_ASSERT(c.joules[cpu] >= 0);
      levels[c.level] += c.joules[cpu];
    }
    RC_ASSERT(std::abs(sums.energy - given) <= 1e-9 * (1 + given));
    for (const auto& [level, active] : levels)
      RC_ASSERT(std::abs(sums.idle + active + sums.unattributed - sums.energy) <= 1e-9 * (1 + given));
  }
}

TEST(Unseen, NoiseOfTheClockIsNobodysWork) {
  Unseen u(0.04);
  double sum = 0;
  for (int i = 0; i < 1000; ++i) sum += u.of(i % 2 == 0 ? 0.09 : 0.11, 0.1);
  EXPECT_EQ(sum, 0);
}

TEST(Unseen, WhatLastsIsFoundToTheLastTick) {
  Unseen u(0.04);
  double sum = 0;
  for (int i = 0; i < 1000; ++i) sum += u.of(0.1, 0.07);
  EXPECT_NEAR(sum, 30, 0.05);
  EXPECT_LE(u.of(0, 0), 0);  // never more than was busy
}

TEST(Unseen, ALagIsNotOwedForEver) {
  Unseen u(0.04);
  for (int i = 0; i < 1000; ++i) u.of(0, 1);
  double sum = 0;
  for (int i = 0; i < 100; ++i) sum += u.of(1, 0);
  EXPECT_GT(sum, 95);
}

TEST(Claims, AreDuesOfTheUnseenAndLapse) {
  Claims claims;
  constexpr std::int64_t second = 1'000'000'000;
  claims.add(1, 0.5, 0);
  claims.add(2, 0.5, 0);
  std::vector<Work> paid;
  EXPECT_EQ(claims.pay(0.7, second, paid), 0);
  ASSERT_EQ(paid.size(), 2u);
  EXPECT_DOUBLE_EQ(paid[0].amount, 0.5);
  EXPECT_DOUBLE_EQ(paid[1].amount, 0.2);
  EXPECT_NEAR(claims.open(), 0.3, 1e-12);
  EXPECT_EQ(claims.pay(2, 7 * second, paid), 2);  // too late
  EXPECT_EQ(paid.size(), 2u);
  claims.add(3, 1, 7 * second);
  claims.forget(3);
  EXPECT_EQ(claims.pay(1, 7 * second, paid), 1);
}

}  // namespace
}  // namespace wattline::meter
