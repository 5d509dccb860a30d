// The tasks of level 1, which the smallest model answers.
#include <algorithm>

#include "lm/corpus.h"
#include "lm/task_drawing.h"

namespace wattline::lm {

Problem addition(Random& random, Split split, int digits) {
  const Pair p = draw_pair(random, split, digits, "add ");
  return ask(random, split, "addition", {{"{a}", std::to_string(p.a)}, {"{b}", std::to_string(p.b)}}, p.key,
             std::to_string(p.a + p.b), true);
}

Problem subtraction(Random& random, Split split, int digits) {
  const Pair p = draw_pair(random, split, digits, "subtract ");
  const int a = std::max(p.a, p.b), b = std::min(p.a, p.b);
  return ask(random, split, "subtraction", {{"{a}", std::to_string(a)}, {"{b}", std::to_string(b)}}, p.key,
             std::to_string(a - b), true);
}

Problem compare(Random& random, Split split, std::string_view what, int shortest, int longest) {
  const Pair p = draw_unequal(random, split, what, shortest, longest);
  const bool larger = chance(random, 50);
  const int right = larger ? std::max(p.a, p.b) : std::min(p.a, p.b);
  return ask(random, split, larger ? "larger" : "smaller", {{"{a}", std::to_string(p.a)}, {"{b}", std::to_string(p.b)}},
             p.key, std::to_string(right));
}

Problem reverse_word(Random& random, Split split, std::size_t shortest, std::size_t longest) {
  const Word w = draw_word(random, split, "reverse ", shortest, longest);
  return ask(random, split, "reverse", {{"{w}", w.text}}, w.key, std::string(w.text.rbegin(), w.text.rend()));
}

Problem sort_word(Random& random, Split split, std::size_t shortest, std::size_t longest) {
  const Word w = draw_word(random, split, "sort ", shortest, longest);
  std::string sorted = w.text;
  std::sort(sorted.begin(), sorted.end());
  return ask(random, split, "sort", {{"{w}", w.text}}, w.key, sorted);
}

namespace {

Problem is_larger(Random& random, Split split) {
  const Pair p = draw_unequal(random, split, "order ", 1, 3);
  const bool larger = chance(random, 50);
  return ask(random, split, larger ? "is-larger" : "is-smaller",
             {{"{a}", std::to_string(p.a)}, {"{b}", std::to_string(p.b)}}, p.key,
             (larger ? p.a > p.b : p.a < p.b) ? "yes" : "no");
}

Problem count_letters(Random& random, Split split) {
  const Word w = draw_word(random, split, "count ", 2, 8);
  if (chance(random, 40))
    return ask(random, split, "count-letters", {{"{w}", w.text}}, w.key, std::to_string(w.text.size()));
  // Mostly a letter that is in the word.
  char c = chance(random, 85) ? w.text[static_cast<std::size_t>(below(random, static_cast<int>(w.text.size())))]
                              : static_cast<char>('a' + below(random, 26));
  return ask(random, split, "count-one", {{"{c}", std::string(1, c)}, {"{w}", w.text}}, w.key + " " + c,
             std::to_string(std::count(w.text.begin(), w.text.end(), c)));
}

Problem convert(Random& random, Split split) {
  const auto& c = pick(random, Corpus::get().conversions);
  struct Amount {
    int n;
    std::string key;
  };
  const Amount amount = draw_in(split, [&] {
    const int n = chance(random, 40) ? 2 + below(random, 8) : 2 + below(random, 98);
    return Amount{n, "convert " + std::to_string(n) + c.from};
  });
  return ask(random, split, "convert", {{"{a}", std::to_string(amount.n)}, {"{from}", c.from}, {"{to}", c.to}},
             amount.key, std::to_string(amount.n * c.factor) + " " + c.to, true);
}

Problem fact(Random& random, Split split, const std::string& kind, const std::string& forward,
             const std::string& backward) {
  const auto& [key, value] = pick(random, Corpus::get().facts.at(kind));
  const bool ahead = chance(random, 60);
  return ask(random, split, ahead ? forward : backward, {{"{k}", key}, {"{v}", value}},
             (ahead ? forward + " " + key : backward + " " + value), ahead ? value : key);
}

Problem unknown(Random& random, Split split) {
  const auto& topic = pick(random, Corpus::get().words.at(split == Split::train ? "topic-train" : "topic-test"));
  return ask(random, split, "unknown", {{"{t}", topic}}, "unknown " + topic, "I do not know.");
}

Problem talk(Random& random, Split split) {
  if (chance(random, 50)) return ask(random, split, "hello", {}, "hello", "Hello! Ask me a sum.");
  return ask(random, split, "who", {}, "who", "I am a tiny model: sums, words, capitals.");
}

}  // namespace

std::vector<Maker> basic_makers() {
  return {
      {{"addition-1", "sums of two one-digit numbers", 4}, [](Random& r, Split s) { return addition(r, s, 1); }},
      {{"addition-2", "sums of two numbers up to 99, one at least of two digits", 16},
       [](Random& r, Split s) { return addition(r, s, 2); }},
      {{"addition-3", "sums of two numbers up to 999, one at least of three digits", 13},
       [](Random& r, Split s) { return addition(r, s, 3); }},
      {{"subtraction-2", "differences of two numbers up to 99, never below zero", 12},
       [](Random& r, Split s) { return subtraction(r, s, 2); }},
      {{"subtraction-3", "differences of two numbers up to 999, never below zero", 11},
       [](Random& r, Split s) { return subtraction(r, s, 3); }},
      {{"compare", "the larger or smaller of two numbers up to 999", 8},
       [](Random& r, Split s) { return compare(r, s, "compare ", 1, 3); }},
      {{"order", "whether one number up to 999 is larger or smaller than another", 6}, is_larger},
      {{"reverse", "a word of 3 to 6 letters written backwards", 8},
       [](Random& r, Split s) { return reverse_word(r, s, 3, 6); }},
      {{"sort", "the letters of a word of 3 to 5 letters in alphabetical order", 7},
       [](Random& r, Split s) { return sort_word(r, s, 3, 5); }},
      {{"count", "how many letters a word of 2 to 8 letters has, in all or of one kind", 7}, count_letters},
      {{"convert", "whole numbers up to 99 of a unit in a smaller unit", 8}, convert},
      {{"capital", "capitals of 76 countries, both ways", 15},
       [](Random& r, Split s) { return fact(r, s, "capital", "capital", "country"); }},
      {{"element", "symbols of 48 chemical elements, both ways", 13},
       [](Random& r, Split s) { return fact(r, s, "element", "symbol", "element"); }},
      {{"unknown", "questions it must decline: \"I do not know.\"", 2}, unknown},
      {{"talk", "greetings, and what it is", 2}, talk},
  };
}

}  // namespace wattline::lm
