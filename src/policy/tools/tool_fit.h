// Tool selection learned from labelled queries: parameters chosen on some rows, vectors from others, judged on the rest.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "policy/tools/tool_quality.h"
#include "policy/tools/tool_space.h"
#include "text/bm25.h"

namespace wattline::policy {

// A space with what was learned there.
struct FittedSpace {
  std::shared_ptr<const ToolSpace> space;
  Refinement refinement;
  std::vector<float> matrix;
};
// Outcomes of `rows` alone. With a push, failures are what the vectors without it would do wrong: tools ranked before
// the first right one, at most three a query.
FittedSpace fit_space(std::shared_ptr<const ToolSpace>, const std::vector<ToolQuery>&,
                      std::span<const std::size_t> rows, const Refinement&);
// No outcome at all: the tools' texts.
FittedSpace static_space(std::shared_ptr<const ToolSpace>);

// Tools found by words as a search engine does: BM25 over the text of each tool and, behind it, the queries among
// `rows` that it served.
class ToolSearch {
 public:
  ToolSearch(const std::vector<ToolText>&, const std::vector<ToolQuery>&, std::span<const std::size_t> rows);
  // Of the best score, so that 1 is the best; all 0 where no word is known.
  void score(std::string_view query, std::span<float> out);

 private:
  text::Bm25 index_;
  text::Bm25::Scratch scratch_;
};

// How the three are mixed: a weighted sum.
struct ToolMix {
  float meaning = 0.5F, words = 0.3F, search = 0.2F;
};

struct ToolStudyFit {
  Refinement meaning, words;
  ToolMix mix;
};

// A ranking as judged.
struct JudgedRanking {
  std::string name, by;
  RankingQuality test;
};
struct ToolStudy {
  std::vector<ToolText> tools;
  std::vector<ToolQuery> queries;
  ToolSplit split;
  ToolStudyFit fit;  // chosen on split.choose
  double chosen_ndcg5 = 0;  // of the mix, on split.choose
  std::vector<JudgedRanking> rankings;  // the last is the mix
  std::vector<std::size_t> learned_from;  // rows that outcomes were taken of
  std::string encoder;
  Duration encoding{0};  // CPU time of a query
  std::size_t truncated = 0;  // queries that the encoder reads the beginning of
};
// Error(bad_input) where a fold has no rows. `tick` gets the share done.
ToolStudy study_tools(std::vector<ToolText>, std::vector<ToolQuery>, const text::Encoder&, std::uint64_t folds,
                      const std::function<void(double)>& tick = {});

}  // namespace wattline::policy
