// Structure signals of a prompt: how many, whether any, how dense, in which order (vLLM Semantic Router,
// signal type `structure`). Density is hits per unit of text (units.h), so that Chinese and English compare.
//
// The value is compared with the bounds; without any, value > 0 matches. Confidence of a match is
// max(0.5, 1 / (1 + exp(-4 |value - nearest bound|))), the bound 0 when none is given.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/keyword_matcher.h"

namespace wattline::text {

struct StructureRule {
  enum class Feature { count, exists, density, sequence };
  enum class Source { pattern, keywords, bytes, sequences };
  std::string name;
  Feature feature = Feature::count;
  Source source = Source::pattern;
  std::string pattern;  // RE2
  std::vector<std::string> keywords;
  bool case_sensitive = false;
  // Each list of markers counts when they follow one another in this order, anywhere in the text.
  std::vector<std::vector<std::string>> sequences;
  std::optional<double> gt, gte, lt, lte;
};

struct StructureValue {
  bool matched = false;
  double value = 0;
  double confidence = 0;  // 0 when not matched
};

class StructureRules {
 public:
  // Error (bad_input, at the rule): a source that does not go with the feature, a missing or bad pattern,
  // an empty keyword, list or marker, bounds that no value meets.
  explicit StructureRules(std::span<const StructureRule> rules);
  ~StructureRules();
  StructureRules(StructureRules&&) noexcept;
  StructureRules& operator=(StructureRules&&) noexcept;

  std::size_t rules() const;

  struct Scratch {
    std::vector<StructureValue> values;  // by rule, of the last evaluate()
    KeywordMatcher::Scratch keywords;
    std::string buffer;
  };
  std::span<const StructureValue> evaluate(std::string_view text, Scratch&) const;

 private:
  struct Compiled;
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace wattline::text
