// The tasks of levels 2 and 3: more digits, longer words, several steps. Only larger models can do them, which is
// what makes it worth choosing between models.
#include <algorithm>
#include <array>
#include <iterator>

#include "lm/task_drawing.h"

namespace wattline::lm {
namespace {

std::string text(int n) { return std::to_string(n); }

Problem sum_of_three(Random& random, Split split) {
  struct Three {
    std::array<int, 3> n;
    std::string key;
  };
  const Three t = draw_in(split, [&] {
    Three drawn{{below(random, 100), below(random, 100), below(random, 100)}, {}};
    auto sorted = drawn.n;
    std::sort(sorted.begin(), sorted.end());
    drawn.key = "sum " + text(sorted[0]) + "," + text(sorted[1]) + "," + text(sorted[2]);
    return drawn;
  });
  return ask(random, split, "sum-3", {{"{a}", text(t.n[0])}, {"{b}", text(t.n[1])}, {"{c}", text(t.n[2])}}, t.key,
             text(t.n[0] + t.n[1] + t.n[2]), true);
}

// One digit times up to two.
Problem multiplication(Random& random, Split split) {
  const Pair p = draw_in(split, [&] {
    int a = 2 + below(random, 8), b = 2 + below(random, 98);
    std::string key = "multiply " + text(std::min(a, b)) + "," + text(std::max(a, b));
    if (chance(random, 50)) std::swap(a, b);
    return Pair{a, b, key};
  });
  return ask(random, split, "multiplication", {{"{a}", text(p.a)}, {"{b}", text(p.b)}}, p.key, text(p.a * p.b), true);
}

// Without remainder, by one digit.
Problem division(Random& random, Split split) {
  const Pair p = draw_in(split, [&] {
    const int by = 2 + below(random, 8), quotient = 2 + below(random, 98);
    return Pair{by * quotient, by, "divide " + text(by * quotient) + "," + text(by)};
  });
  return ask(random, split, "division", {{"{a}", text(p.a)}, {"{b}", text(p.b)}}, p.key, text(p.a / p.b));
}

// a + b - c and a - b + c of numbers up to 99, never below zero on the way.
Problem two_steps(Random& random, Split split) {
  struct Steps {
    int a, b, c;
    bool first_plus;
    std::string key;
  };
  const Steps s = draw_in(split, [&] {
    Steps d{below(random, 100), below(random, 100), 0, chance(random, 50), {}};
    if (!d.first_plus && d.b > d.a) std::swap(d.a, d.b);
    d.c = d.first_plus ? below(random, std::min(100, d.a + d.b + 1)) : below(random, 100);
    d.key = (d.first_plus ? "plus minus " : "minus plus ") + text(d.a) + "," + text(d.b) + "," + text(d.c);
    return d;
  });
  const int result = s.first_plus ? s.a + s.b - s.c : s.a - s.b + s.c;
  return ask(random, split, s.first_plus ? "plus-minus" : "minus-plus",
             {{"{a}", text(s.a)}, {"{b}", text(s.b)}, {"{c}", text(s.c)}}, s.key, text(result), true);
}

std::string roman_numeral(int n) {
  static constexpr std::pair<int, std::string_view> letters[] = {
      {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}};
  std::string out;
  for (const auto& [value, letter] : letters)
    for (; n >= value; n -= value) out += letter;
  return out;
}

Problem roman(Random& random, Split split) {
  struct Number {
    int n;
    std::string key;
  };
  const Number number = draw_in(split, [&] {
    const int n = 1 + below(random, 399);
    return Number{n, "roman " + text(n)};
  });
  const std::string numeral = roman_numeral(number.n);
  if (chance(random, 50)) return ask(random, split, "roman", {{"{a}", text(number.n)}}, number.key, numeral);
  return ask(random, split, "from-roman", {{"{r}", numeral}}, number.key, text(number.n));
}

// The day of the week some days after or before another.
Problem weekday(Random& random, Split split) {
  static constexpr std::string_view days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                              "Friday", "Saturday", "Sunday"};
  struct Shift {
    int from, by;
    bool later;
    std::string key;
  };
  const Shift s = draw_in(split, [&] {
    const int from = below(random, 7), by = 2 + below(random, 29);
    const bool later = chance(random, 60);
    return Shift{from, by, later, (later ? "after " : "before ") + text(from) + "," + text(by)};
  });
  const int to = ((s.from + (s.later ? s.by : -s.by)) % 7 + 7) % 7;
  return ask(random, split, s.later ? "days-after" : "days-before",
             {{"{a}", text(s.by)}, {"{k}", std::string(days[s.from])}}, s.key, std::string(days[to]));
}

}  // namespace

std::vector<Maker> harder_makers() {
  return {
      {{"addition-4", "sums of two numbers up to 9,999, one at least of four digits", 14, 2},
       [](Random& r, Split s) { return addition(r, s, 4); }},
      {{"subtraction-4", "differences of two numbers up to 9,999, never below zero", 14, 2},
       [](Random& r, Split s) { return subtraction(r, s, 4); }},
      {{"sum-3", "sums of three numbers up to 99", 12, 2}, sum_of_three},
      {{"multiplication", "one digit times a number up to 99", 14, 2}, multiplication},
      {{"compare-6", "the larger or smaller of two numbers, one at least of four to six digits", 8, 2},
       [](Random& r, Split s) { return compare(r, s, "compare ", 4, 6); }},
      {{"reverse-9", "a word of 7 to 9 letters written backwards", 8, 2},
       [](Random& r, Split s) { return reverse_word(r, s, 7, 9); }},
      {{"sort-7", "the letters of a word of 6 or 7 letters in alphabetical order", 8, 2},
       [](Random& r, Split s) { return sort_word(r, s, 6, 7); }},
      {{"addition-6", "sums of two numbers up to 999,999, one at least of six digits", 14, 3},
       [](Random& r, Split s) { return addition(r, s, 6); }},
      {{"division", "numbers up to 891 divided by one digit without remainder", 14, 3}, division},
      {{"two-steps", "a sum and a difference in turn, of numbers up to 99", 14, 3}, two_steps},
      {{"roman", "numbers up to 399 as Roman numerals, both ways", 12, 3}, roman},
      {{"weekday", "the day of the week up to 30 days after or before another", 12, 3}, weekday},
      {{"reverse-12", "a word of 10 to 12 letters written backwards", 8, 3},
       [](Random& r, Split s) { return reverse_word(r, s, 10, 12); }},
  };
}

}  // namespace wattline::lm
