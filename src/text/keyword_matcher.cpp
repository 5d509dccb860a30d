#include "text/keyword_matcher.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include <fmt/format.h>
#include <re2/re2.h>

#include "kernel/error.h"
#include "kernel/utf8.h"
#include "text/aho_corasick.h"
#include "text/fold.h"
#include "text/units.h"

namespace wattline::text {

bool looks_like_pattern(std::string_view k) {
  if (k.empty()) return false;
  if (k.front() == '^' || (k.back() == '$' && k.size() > 1)) return true;
  for (std::size_t i = 0; i + 1 < k.size(); ++i) {
    const char c = k[i], n = k[i + 1];
    if (c == '\\' && std::string_view("bBdDwWsSpPAzxQ.+*?()[]{}|^$/\\-").find(n) != k.npos) return true;
    if (c == '(' && n == '?') return true;
    if (c == '.' && (n == '*' || n == '+' || n == '{')) return true;
    if (c == ']' && std::string_view("+*?{").find(n) != k.npos) return true;
    if (c == ')' && std::string_view("+*?{").find(n) != k.npos) return true;
  }
  const std::size_t open = k.find('[');
  if (open != k.npos && k.find(']', open) != k.npos) return true;
  const std::size_t bar = k.find('|');
  return bar != k.npos && bar > 0 && bar + 1 < k.size();
}

namespace {

struct Literal {
  std::uint32_t keyword;  // number among the distinct keywords
  std::uint32_t length;  // bytes
  bool bounded;
};

// One automaton with the facts of its needles.
struct Literals {
  AhoCorasick automaton;
  AhoCorasick::Classes in_place{};  // reads an unfolded text that folds in place
  std::vector<Literal> facts;
  std::vector<std::string> needles;

  void add(std::string needle, std::uint32_t keyword) {
    facts.push_back({keyword, static_cast<std::uint32_t>(needle.size()), !has_cjk(needle)});
    needles.push_back(std::move(needle));
  }
  void build(Case letters) {
    automaton = AhoCorasick(needles);
    needles = {};
    std::array<unsigned char, 256> bytes;
    for (std::size_t b = 0; b < 256; ++b) bytes[b] = fold_byte(static_cast<unsigned char>(b), letters);
    in_place = automaton.read_as(bytes);
  }
};

struct Pattern {
  std::unique_ptr<re2::RE2> expression;
  std::uint32_t keyword;
};

std::unique_ptr<re2::RE2> compiled_pattern(const std::string& keyword, bool case_sensitive, const std::string& where) {
  re2::RE2::Options options;
  options.set_case_sensitive(case_sensitive);
  options.set_log_errors(false);
  auto made = std::make_unique<re2::RE2>(keyword, options);
  if (!made->ok())
    throw bad_input(fmt::format("'{}' is no pattern that RE2 takes: {}", shown_text(keyword), made->error()), where,
                    "mend the pattern, or say that the rule's keywords are literal");
  return made;
}

}  // namespace

struct KeywordMatcher::Compiled {
  struct Rule {
    KeywordOperator op;
    std::vector<std::uint32_t> distinct;  // keyword numbers, each once
    std::vector<std::uint32_t> given;  // in the order of the rule
  };
  std::vector<Rule> rules;
  std::uint32_t keywords = 0;
  Literals folded, kept;
  std::vector<Pattern> patterns;

  void search(const Literals& literals, std::string_view text, const AhoCorasick::Classes* as, Scratch& scratch) const {
    const auto found = [&](std::uint32_t needle, std::size_t end) {
      const Literal& l = literals.facts[needle];
      if (!l.bounded || word_bounded(text, end - l.length, end)) note(l.keyword, scratch);
    };
    if (as) literals.automaton.search(text, *as, found);
    else literals.automaton.search(text, found);
  }

  static void note(std::uint32_t keyword, Scratch& scratch) {
    if (scratch.seen[keyword] == scratch.pass) {
      ++scratch.counts[keyword];
    } else {
      scratch.seen[keyword] = scratch.pass;
      scratch.counts[keyword] = 1;
    }
  }
};

KeywordMatcher::KeywordMatcher(std::span<const KeywordRule> rules) {
  auto made = std::make_unique<Compiled>();
  std::map<std::tuple<std::string, bool, bool>, std::uint32_t> known;  // text, pattern, case sensitive
  for (const KeywordRule& rule : rules) {
    Compiled::Rule& r = made->rules.emplace_back();
    r.op = rule.op;
    const std::string rule_at = fmt::format("rule {}", shown_text(rule.name));
    if (rule.keywords.empty())
      throw bad_input("a keyword rule without keywords never decides anything", rule_at, "give it a keyword");
    for (std::size_t i = 0; i < rule.keywords.size(); ++i) {
      const std::string& keyword = rule.keywords[i];
      const std::string where = fmt::format("{}, keyword {}", rule_at, i + 1);
      if (valid_utf8_prefix(keyword) != keyword.size())
        throw bad_input(fmt::format("'{}' is not UTF-8", shown_text(keyword)), where, "save the policy as UTF-8");
      const bool pattern =
          rule.form == KeywordForm::pattern || (rule.form == KeywordForm::automatic && looks_like_pattern(keyword));
      const Case letters = rule.case_sensitive ? Case::keep : Case::fold;
      std::string text = pattern ? keyword : text::folded(keyword, letters);
      if (text.find_first_not_of(' ') == text.npos)
        throw bad_input("an empty keyword would match every text", where, "remove it");
      const auto [entry, fresh] = known.try_emplace({text, pattern, rule.case_sensitive}, made->keywords);
      r.given.push_back(entry->second);
      if (std::find(r.distinct.begin(), r.distinct.end(), entry->second) == r.distinct.end())
        r.distinct.push_back(entry->second);
      if (!fresh) continue;
      const std::uint32_t number = made->keywords++;
      if (pattern) made->patterns.push_back({compiled_pattern(keyword, rule.case_sensitive, where), number});
      else (rule.case_sensitive ? made->kept : made->folded).add(std::move(text), number);
    }
  }
  made->folded.build(Case::fold);
  made->kept.build(Case::keep);
  compiled_ = std::move(made);
}

KeywordMatcher::~KeywordMatcher() = default;
KeywordMatcher::KeywordMatcher(KeywordMatcher&&) noexcept = default;
KeywordMatcher& KeywordMatcher::operator=(KeywordMatcher&&) noexcept = default;

std::size_t KeywordMatcher::rules() const { return compiled_->rules.size(); }

std::span<const KeywordHit> KeywordMatcher::match(std::string_view text, Scratch& scratch) const {
  const Compiled& c = *compiled_;
  if (scratch.owner != &c || ++scratch.pass == 0) {
    scratch.owner = &c;
    scratch.seen.assign(c.keywords, 0);
    scratch.counts.assign(c.keywords, 0);
    scratch.pass = 1;
    scratch.hits.resize(c.rules.size());
  }
  const bool in_place = folds_in_place(text);
  const auto search = [&](const Literals& literals, Case letters) {
    if (literals.automaton.empty()) return;
    if (in_place) {
      c.search(literals, text, &literals.in_place, scratch);
      return;
    }
    scratch.buffer.clear();
    fold_into(text, scratch.buffer, letters);
    c.search(literals, scratch.buffer, nullptr, scratch);
  };
  search(c.folded, Case::fold);
  search(c.kept, Case::keep);
  for (const Pattern& p : c.patterns)
    if (re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *p.expression))
      Compiled::note(p.keyword, scratch);

  for (std::size_t r = 0; r < c.rules.size(); ++r) {
    KeywordHit& hit = scratch.hits[r];
    hit.total = static_cast<std::uint32_t>(c.rules[r].distinct.size());
    hit.found = hit.occurrences = 0;
    for (const std::uint32_t k : c.rules[r].distinct)
      if (scratch.seen[k] == scratch.pass) {
        ++hit.found;
        hit.occurrences += scratch.counts[k];
      }
    switch (c.rules[r].op) {
      case KeywordOperator::any: hit.matched = hit.found > 0; break;
      case KeywordOperator::all: hit.matched = hit.found == hit.total; break;
      case KeywordOperator::none: hit.matched = hit.found == 0; break;
    }
    hit.confidence = hit.matched ? 0.5 + 0.5 * hit.found / hit.total : 0;
  }
  return scratch.hits;
}

bool KeywordMatcher::found(std::size_t rule, std::size_t index, const Scratch& scratch) const {
  return scratch.owner == compiled_.get() && scratch.seen[compiled_->rules.at(rule).given.at(index)] == scratch.pass;
}

}  // namespace wattline::text
