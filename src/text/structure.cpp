#include "text/structure.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <re2/re2.h>

#include "kernel/error.h"
#include "kernel/utf8.h"
#include "text/fold.h"
#include "text/units.h"
#include "text/utf8.h"

namespace wattline::text {
namespace {

using Feature = StructureRule::Feature;
using Source = StructureRule::Source;

double count_matches(const re2::RE2& expression, std::string_view text, bool first_only) {
  const re2::StringPiece piece(text.data(), text.size());
  re2::StringPiece found;
  double n = 0;
  for (std::size_t at = 0; at <= text.size();) {
    if (!expression.Match(piece, at, text.size(), re2::RE2::UNANCHORED, &found, 1)) break;
    ++n;
    if (first_only) break;
    const auto end = static_cast<std::size_t>(found.data() - text.data()) + found.size();
    // An empty match moves on by one character.
    at = !found.empty() ? end : end < text.size() ? end + code_point_at(text, end).length : text.size() + 1;
  }
  return n;
}

// Where `marker` ends first at or after `from`, bounded; npos when it does not occur.
std::size_t end_of(std::string_view text, std::string_view marker, bool bounded, std::size_t from) {
  for (std::size_t at = text.find(marker, from); at != text.npos; at = text.find(marker, at + 1))
    if (!bounded || word_bounded(text, at, at + marker.size())) return at + marker.size();
  return text.npos;
}

double confidence_of(double value, const StructureRule& rule) {
  double nearest = std::numeric_limits<double>::infinity();
  for (const auto& bound : {rule.gt, rule.gte, rule.lt, rule.lte})
    if (bound) nearest = std::min(nearest, std::abs(value - *bound));
  if (std::isinf(nearest)) nearest = std::abs(value);
  return std::max(0.5, 1 / (1 + std::exp(-4 * nearest)));
}

bool meets(double value, const StructureRule& rule) {
  if (!rule.gt && !rule.gte && !rule.lt && !rule.lte) return value > 0;
  return (!rule.gt || value > *rule.gt) && (!rule.gte || value >= *rule.gte) && (!rule.lt || value < *rule.lt) &&
         (!rule.lte || value <= *rule.lte);
}

void check(const StructureRule& rule, const std::string& where) {
  const bool sequence = rule.feature == Feature::sequence;
  if (sequence != (rule.source == Source::sequences))
    throw bad_input("a sequence feature and a source of sequences go together", where,
                    "use source type `sequence` with feature type `sequence`");
  if (rule.source == Source::bytes && rule.feature != Feature::count)
    throw bad_input("bytes can only be counted", where, "use feature type `count`");
  if (rule.source == Source::pattern && rule.pattern.empty())
    throw bad_input("the pattern is missing or empty", where, "give a pattern");
  if (rule.source == Source::keywords && rule.keywords.empty())
    throw bad_input("there is no keyword", where, "give keywords");
  if (sequence && rule.sequences.empty()) throw bad_input("there is no sequence", where, "give a list of markers");
  for (const auto& markers : rule.sequences) {
    if (markers.empty()) throw bad_input("a sequence without markers", where, "give it markers");
    for (const auto& marker : markers)
      if (valid_utf8_prefix(marker) != marker.size() || folded(marker).find_first_not_of(' ') == marker.npos)
        throw bad_input(fmt::format("'{}' is no marker", shown_text(marker)), where, "markers are words in UTF-8");
  }
  for (const auto& bound : {rule.gt, rule.gte, rule.lt, rule.lte})
    if (bound && !std::isfinite(*bound)) throw bad_input("a bound is not a number", where, "give a finite number");
  const double low = std::max(rule.gt.value_or(-INFINITY), rule.gte.value_or(-INFINITY));
  const double high = std::min(rule.lt.value_or(INFINITY), rule.lte.value_or(INFINITY));
  if (low > high || (low == high && (rule.gt == low || rule.lt == high)))
    throw bad_input(fmt::format("no value is above {} and below {}", low, high), where, "mend the bounds");
}

}  // namespace

struct StructureRules::Compiled {
  struct Marker {
    std::string text;
    bool bounded;
  };
  struct Rule {
    StructureRule rule;
    std::unique_ptr<re2::RE2> expression;
    std::size_t keywords = 0;  // rule of the matcher
    std::vector<std::vector<Marker>> sequences;
  };
  std::vector<Rule> rules;
  std::unique_ptr<KeywordMatcher> matcher;
  bool folds = false, counts_units = false;

  double hits(const Rule& r, std::string_view text, Scratch& scratch) const {
    switch (r.rule.source) {
      case Source::bytes: return static_cast<double>(text.size());
      case Source::pattern: return count_matches(*r.expression, text, r.rule.feature == Feature::exists);
      case Source::keywords: return scratch.keywords.hits[r.keywords].occurrences;
      case Source::sequences: break;
    }
    return static_cast<double>(std::count_if(r.sequences.begin(), r.sequences.end(), [&](const auto& markers) {
      std::size_t at = 0;
      for (const Marker& m : markers)
        if (at = end_of(scratch.buffer, m.text, m.bounded, at); at == std::string::npos) return false;
      return true;
    }));
  }
};

StructureRules::StructureRules(std::span<const StructureRule> rules) {
  auto made = std::make_unique<Compiled>();
  std::vector<KeywordRule> keyword_rules;
  for (const StructureRule& rule : rules) {
    const std::string where = fmt::format("structure rule {}", shown_text(rule.name));
    check(rule, where);
    Compiled::Rule& r = made->rules.emplace_back();
    r.rule = rule;
    made->counts_units |= rule.feature == Feature::density;
    if (rule.source == Source::pattern) {
      re2::RE2::Options options;
      options.set_case_sensitive(rule.case_sensitive);
      options.set_log_errors(false);
      r.expression = std::make_unique<re2::RE2>(rule.pattern, options);
      if (!r.expression->ok())
        throw bad_input(
            fmt::format("'{}' is no pattern that RE2 takes: {}", shown_text(rule.pattern), r.expression->error()),
            where, "mend the pattern");
    } else if (rule.source == Source::keywords) {
      r.keywords = keyword_rules.size();
      keyword_rules.push_back(
          {rule.name, rule.keywords, KeywordOperator::any, KeywordForm::literal, rule.case_sensitive});
    } else if (rule.source == Source::sequences) {
      made->folds = true;
      for (const auto& markers : rule.sequences) {
        auto& list = r.sequences.emplace_back();
        for (const auto& marker : markers) list.push_back({folded(marker), !has_cjk(marker)});
      }
    }
  }
  if (!keyword_rules.empty()) made->matcher = std::make_unique<KeywordMatcher>(keyword_rules);
  compiled_ = std::move(made);
}

StructureRules::~StructureRules() = default;
StructureRules::StructureRules(StructureRules&&) noexcept = default;
StructureRules& StructureRules::operator=(StructureRules&&) noexcept = default;

std::size_t StructureRules::rules() const { return compiled_->rules.size(); }

std::span<const StructureValue> StructureRules::evaluate(std::string_view text, Scratch& scratch) const {
  const Compiled& c = *compiled_;
  scratch.values.resize(c.rules.size());
  if (c.matcher) c.matcher->match(text, scratch.keywords);
  if (c.folds) {
    scratch.buffer.clear();
    fold_into(text, scratch.buffer);
  }
  const double units = c.counts_units ? static_cast<double>(count_units(text)) : 0;
  for (std::size_t i = 0; i < c.rules.size(); ++i) {
    const Compiled::Rule& r = c.rules[i];
    StructureValue& out = scratch.values[i];
    out.value = c.hits(r, text, scratch);
    if (r.rule.feature == Feature::exists) out.value = out.value > 0 ? 1 : 0;
    if (r.rule.feature == Feature::density) out.value = units > 0 ? out.value / units : 0;
    out.matched = meets(out.value, r.rule);
    out.confidence = out.matched ? confidence_of(out.value, r.rule) : 0;
  }
  return scratch.values;
}

}  // namespace wattline::text
