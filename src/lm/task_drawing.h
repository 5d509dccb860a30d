// How the makers of problems draw: numbers, words and wordings from a random stream, on the wanted side of
// the split. For the files of the makers alone (tasks_basic.cpp, tasks_harder.cpp).
#pragma once

#include <functional>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lm/tasks.h"

namespace wattline::lm {

using Random = std::mt19937_64;

struct Maker {
  Task task;
  std::function<Problem(Random&, Split)> make;
};
// The tasks of level 1, and those of the levels above.
std::vector<Maker> basic_makers();
std::vector<Maker> harder_makers();

// 0 to n - 1.
int below(Random&, int n);
bool chance(Random&, int percent);
// A number of exactly so many digits, 1 to 6.
int number_of_digits(Random&, int digits);
template <class T>
const T& pick(Random& random, const std::vector<T>& from) {
  return from[static_cast<std::size_t>(below(random, static_cast<int>(from.size())))];
}

// One problem in eight is held out, by a hash of its key.
Split split_of(std::string_view key);
// Draws until the problem is on the wanted side.
template <class Draw>
auto draw_in(Split split, Draw draw) {
  for (;;) {
    auto drawn = draw();
    if (split_of(drawn.key) == split) return drawn;
  }
}

struct Pair {
  int a, b;
  std::string key;
};
// Two numbers of up to `digits` digits, at least one of exactly that many. Two orders of the same
// numbers are one problem, so the same sum is never on both sides.
Pair draw_pair(Random&, Split, int digits, std::string_view what);
// The same, of unequal numbers of `shortest` to `longest` digits, often of one length or close.
Pair draw_unequal(Random&, Split, std::string_view what, int shortest, int longest);

struct Word {
  std::string text, key;
};
// A noun, or letters that could be one: vowels and consonants in turn, more or less. Above 6 letters of the latter kind
// alone, since few nouns are so long.
Word draw_word(Random&, Split, std::string_view what, std::size_t shortest, std::size_t longest);

using Values = std::initializer_list<std::pair<std::string_view, std::string_view>>;
// The question in one of its wordings, as people type it.
Problem ask(Random&, Split, const std::string& phrasing, Values values, std::string key, std::string answer,
            bool turned = false);

// The arithmetic and word tasks, which exist at several levels.
Problem addition(Random&, Split, int digits);
Problem subtraction(Random&, Split, int digits);
Problem compare(Random&, Split, std::string_view what, int shortest, int longest);
Problem reverse_word(Random&, Split, std::size_t shortest, std::size_t longest);
Problem sort_word(Random&, Split, std::size_t shortest, std::size_t longest);

}  // namespace wattline::lm
