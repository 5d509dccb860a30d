#include "study/design.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/command_testing.h"

namespace wattline::study {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;
using tests::message_of;

std::vector<Factor> two_level(std::size_t n) {
  std::vector<Factor> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back({std::string(1, static_cast<char>('A' + i)), {"low", "high"}});
  return out;
}

TEST(Design, AFullFactorialHasEachCombinationOnce) {
  const Design d = make_design({{"precision", {"fp32", "bf16"}}, {"batch", {"32", "128", "512"}}}, {});
  EXPECT_EQ(d.cells.size(), 6u);
  EXPECT_EQ(std::set(d.cells.begin(), d.cells.end()).size(), 6u);
  EXPECT_EQ(d.cells[1], (std::vector<std::size_t>{1, 0})) << "the first factor changes fastest";
  EXPECT_EQ(d.resolution, 0u);
}

// 2^(8-2) with G = ABCD, H = ABEF (Gamero-Salinas and Lopez-Fidalgo 2024): resolution V, 64 runs.
TEST(Design, AFractionOfResolutionFive) {
  const Design d = make_design(two_level(8), {parse_generator("G = A*B*C*D"), parse_generator("H=A * B*E*F")});
  EXPECT_EQ(d.cells.size(), 64u);
  EXPECT_EQ(d.resolution, 5u);
  EXPECT_TRUE(d.aliases.empty()) << "main effects and interactions of two are told apart";
  for (std::size_t f = 0; f < 8; ++f) {
    std::size_t high = 0;
    for (const auto& cell : d.cells) high += cell[f];
    EXPECT_EQ(high, 32u) << "balanced";
  }
}

TEST(Design, AliasesAreNamed) {
  const Design d = make_design(two_level(3), {parse_generator("C = A*B")});
  EXPECT_EQ(d.cells.size(), 4u);
  EXPECT_EQ(d.resolution, 3u);
  EXPECT_THAT(d.aliases, Contains(Pair("C", "A*B")));
  EXPECT_THAT(d.aliases, Contains(Pair("A", "B*C")));
  // C is high where A and B agree.
  for (const auto& cell : d.cells) EXPECT_EQ(cell[2], cell[0] == cell[1] ? 1u : 0u);
  for (const auto& cell : make_design(two_level(3), {parse_generator("C = -A*B")}).cells)
    EXPECT_EQ(cell[2], cell[0] == cell[1] ? 0u : 1u);
}

// Resolution by its meaning: in a design of resolution R every R - 1 columns are independent, and some R are not.
TEST(Design, TheResolutionHoldsByBruteForce) {
  for (const auto& [n, text] : std::vector<std::pair<std::size_t, std::vector<std::string>>>{
           {4, {"D = A*B*C"}},
           {5, {"E = A*B*C*D"}},
           {5, {"D = A*B", "E = A*C"}},
           {6, {"E = A*B*C", "F = B*C*D"}},
           {7, {"D = A*B", "E = A*C", "F = B*C", "G = A*B*C"}}}) {
    std::vector<Generator> generators;
    for (const auto& t : text) generators.push_back(parse_generator(t));
    const Design d = make_design(two_level(n), generators);
    std::size_t shortest = n + 1;
    for (std::size_t word = 1; word < std::size_t{1} << n; ++word) {
      std::set<std::size_t> signs;
      for (const auto& cell : d.cells) {
        std::size_t product = 0;
        for (std::size_t f = 0; f < n; ++f) product += word >> f & 1 && cell[f] == 0;
        signs.insert(product % 2);
      }
      if (signs.size() == 1)
        shortest = std::min<std::size_t>(shortest, static_cast<std::size_t>(__builtin_popcountll(word)));
    }
    EXPECT_EQ(d.resolution, shortest) << text[0];
  }
}

TEST(Design, BlocksHoldEachCellOnceInOrdersOfTheirOwn) {
  const auto blocks = randomised_blocks(6, 50, std::mt19937_64(7));
  EXPECT_EQ(blocks, randomised_blocks(6, 50, std::mt19937_64(7)));
  EXPECT_NE(blocks, randomised_blocks(6, 50, std::mt19937_64(8)));
  std::set<std::vector<std::size_t>> orders(blocks.begin(), blocks.end());
  EXPECT_GT(orders.size(), 40u);
  std::size_t first_is_first = 0;
  for (auto block : blocks) {
    first_is_first += block[0] == 0;
    std::sort(block.begin(), block.end());
    EXPECT_EQ(block, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5}));
  }
  EXPECT_LT(first_is_first, 20u);
}

TEST(Design, MistakesAreNamed) {
  const auto made = [](std::vector<Factor> f, std::vector<std::string> g) {
    return message_of([&] {
      std::vector<Generator> generators;
      for (const auto& t : g) generators.push_back(parse_generator(t));
      make_design(std::move(f), generators);
    });
  };
  EXPECT_THAT(made({}, {}), HasSubstr("no factors"));
  EXPECT_THAT(made({{"a", {"1"}}}, {}), HasSubstr("two or more"));
  EXPECT_THAT(made({{"a", {"1", "1"}}}, {}), HasSubstr("twice"));
  EXPECT_THAT(made({{"a", {"1", "2"}}, {"a", {"1", "2"}}}, {}), HasSubstr("twice"));
  EXPECT_THAT(made(two_level(3), {"C = A*X"}), HasSubstr("unknown factor 'X'"));
  EXPECT_THAT(made(two_level(3), {"C = A*C"}), HasSubstr("itself generated"));
  EXPECT_THAT(made(two_level(3), {"C = A*A"}), HasSubstr("made of nothing"));
  EXPECT_THAT(made(two_level(3), {"C A*B"}), HasSubstr("no generator"));
  EXPECT_THAT(made(two_level(3), {"C = A**B"}), HasSubstr("no generator"));
  EXPECT_THAT(made({{"a", {"1", "2", "3"}}, {"b", {"1", "2"}}}, {"b = a"}), HasSubstr("two levels"));
  EXPECT_THAT(made(two_level(20), {}), HasSubstr("combinations"));
  EXPECT_THAT(made(two_level(21), {}), HasSubstr("at most"));
}

}  // namespace
}  // namespace wattline::study
