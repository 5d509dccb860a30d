// What two questions of nearly the same vector must still share before one answer does for both: a heuristic.
//
// Sentence encoders put "10 USD to EUR" and "10 EUR to USD" at a cosine of 0.97, a question and its negation at 0.98.
// So a near-duplicate is refused where numbers, symbols, units, negations, names or the kind of question (who, when,
// how many) differ, where names or numbers come in another order, where a word stands against its opposite, and where
// the two are alike but for one word that one has and the other has not, or has in its place. What it refuses wrongly
// costs a hit; what it lets through is for the threshold and for the measurement of false hits. Its words are a file
// of ours (src/policy/data/cache-words.csv), mostly English; numbers, symbols and exchanged words need no language.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wattline::policy {

struct Particulars {
  std::vector<std::string> numbers;  // in their order, as digits; words that hold digits too
  std::string symbols;  // signs that are no punctuation, in their order
  std::vector<std::string> units;  // groups, in their order
  std::vector<std::string> kinds;  // sorted groups, each once
  int negations = 0;
  std::vector<std::string> sides;  // sorted: "amount+"
  std::vector<std::string> names;  // case-folded, in their order
  std::vector<std::string> all;  // every word, case-folded
  std::vector<std::string> telling;  // stems of words that carry meaning, in their order
  bool directed = false;  // the order of words tells who does what to whom
};
Particulars particulars_of(std::string_view text);

// Empty, or in what they differ: "a number", "a negation", "a name", "one word" ...
std::string_view why_different(const Particulars& a, const Particulars& b);

// Whether the answer depends on when it is asked: a word of time ("today", "latest") or a year from 2020 on.
bool asks_of_the_present(std::string_view text);

}  // namespace wattline::policy
