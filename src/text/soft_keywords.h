// Keyword rules that match nearly: by BM25, by character trigrams, by similarity, by edits. What is found
// counts as in keyword_matcher.h (operators, confidence 0.5 + 0.5 x found / total).
//
//   Bm25Threshold     each keyword is a document, the text the query; found at a score of the threshold or
//                     more. Function words of English in a keyword do not count (unless it has no other).
//   JaccardThreshold  trigram Jaccard index of the keyword with a run of as many units of the text
//   SimilarityPercent, EditLimit  the same with edit distance (edit_distance.h)
// Defaults are those of the vLLM Semantic Router; the runs of units and the function words are ours.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "text/bm25.h"
#include "text/edit_distance.h"
#include "text/fold.h"
#include "text/keyword_matcher.h"
#include "text/ngrams.h"

namespace wattline::text {

struct Bm25Threshold {
  double score = 0.1;
  Bm25Parameters parameters;
};
struct JaccardThreshold {
  double index = 0.4;
};
using SoftMethod = std::variant<Bm25Threshold, JaccardThreshold, SimilarityPercent, EditLimit>;

class SoftKeywords {
 public:
  // rule.form is not used. Error (bad_input) as KeywordMatcher, and for a threshold outside its scale: score
  // >= 0, index 0..1, percent 0..100, 0 to 8 edits ("82 edits" is a percentage in the wrong place).
  SoftKeywords(const KeywordRule& rule, const SoftMethod& method);

  struct Scratch {
    std::string buffer;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> units;  // of buffer: begin, end in bytes
    std::vector<float> scores;
    std::vector<std::uint8_t> found;  // by keyword, of the last match()
    Bm25::Scratch bm25;
    Trigrams grams;
  };
  KeywordHit match(std::string_view text, Scratch&) const;

 private:
  struct Keyword {
    std::uint32_t units;
    Trigrams grams;
    EditPattern edits{""};
  };
  template <class Near>
  void search(Scratch&, Near&&) const;

  KeywordOperator op_;
  Case letters_;
  SoftMethod method_;
  std::vector<Keyword> keywords_;
  Bm25 bm25_;
};

}  // namespace wattline::text
