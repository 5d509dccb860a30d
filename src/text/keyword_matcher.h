// Which keywords of many rules a text holds, in one pass over the text.
//
// Literal keywords go into one Aho-Corasick automaton over case-folded bytes (Aho and Corasick 1975,
// doi:10.1145/360825.360855), made a complete transition table when the matcher is built; patterns go
// through RE2, whose time is linear in the text whatever the pattern. The confidence is that of the vLLM
// Semantic Router's keyword signal: 0.5 + 0.5 x (distinct keywords found) / (distinct keywords).
//
// A literal keyword counts only where its edges are the edges of words, unless it holds Han, Kana or
// Hangul. White space in a keyword matches any run of white space. Broken UTF-8 in a text matches nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::text {

enum class KeywordOperator { any, all, none };  // OR, AND, NOR
// `automatic`: a pattern when it cannot be meant literally (a backslash class, [..], (?..), .*, .+, |,
// ^ first or $ last), else literal: "c++", "e.g." and "what is it?" are literal.
enum class KeywordForm { automatic, literal, pattern };

struct KeywordRule {
  std::string name;
  std::vector<std::string> keywords;
  KeywordOperator op = KeywordOperator::any;
  KeywordForm form = KeywordForm::automatic;
  bool case_sensitive = false;
};

struct KeywordHit {
  bool matched = false;
  std::uint32_t found = 0, total = 0;  // distinct keywords
  std::uint32_t occurrences = 0;  // of literal keywords; a pattern that is found counts one
  double confidence = 0;  // 0 when not matched
};

class KeywordMatcher {
 public:
  // Error (bad_input, at `rule NAME, keyword N`): a rule without keywords, an empty keyword, one that is
  // not UTF-8, a pattern that RE2 does not take, more than 16 MiB of automaton.
  explicit KeywordMatcher(std::span<const KeywordRule> rules);
  ~KeywordMatcher();
  KeywordMatcher(KeywordMatcher&&) noexcept;
  KeywordMatcher& operator=(KeywordMatcher&&) noexcept;

  std::size_t rules() const;

  // One per thread; reused from text to text it allocates nothing once it has seen the longest.
  struct Scratch {
    std::vector<KeywordHit> hits;  // by rule, the answer of the last match()
    std::string buffer;
    std::vector<std::uint32_t> seen;  // by distinct keyword: the number of the pass that saw it last
    std::vector<std::uint32_t> counts;  // by distinct keyword: how often, valid where seen
    std::uint32_t pass = 0;
    const void* owner = nullptr;
  };
  // Fills scratch.hits and returns it.
  std::span<const KeywordHit> match(std::string_view text, Scratch& scratch) const;
  // After match(): whether keyword `index` of `rule` was found.
  bool found(std::size_t rule, std::size_t index, const Scratch& scratch) const;

 private:
  struct Compiled;
  std::unique_ptr<const Compiled> compiled_;
};

// Whether `keyword` is a pattern under KeywordForm::automatic.
bool looks_like_pattern(std::string_view keyword);

}  // namespace wattline::text
