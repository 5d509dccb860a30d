// A long prompt for classifiers: its most telling sentences in their order, so that an encoder which costs by the token
// (or reads the beginning alone) sees what the whole is about. What a model is asked stays as it is.
//
// Source: "FastRouter" (arXiv 2603.12646) as distilled in wrp-router, section 9. The score of sentence i of n is
//   0.20 TextRank (damping 0.85 over cosines of term counts, at most 100 rounds, until no rank moves by 1e-5)
// + 0.40 position (1 - 0.5 sin(pi i / (n - 1)))
// + 0.35 TF-IDF (over its terms, tf ln(1 + n / df) by its units; by the largest)
// + 0.05 novelty (1 - cosine to the mean of all);
// the first 3 and last 2 sentences stay where the budget has room for them, then the best by score. The paper's TF-IDF
// formula is not given; this one is ours. Beyond 500 sentences an even sample of them is looked at. Time is linear in
// the text and in rounds: the matrix of similarities is never made.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/document.h"
#include "policy/finding.h"
#include "policy/plugins/sentences.h"
#include "policy/settings.h"

namespace wattline::policy {

struct CompressionOptions {
  std::size_t target_tokens = 512;
  std::size_t most_sentences = 500;
  std::size_t keep_first = 3, keep_last = 2;
  double textrank = 0.20, position = 0.40, tf_idf = 0.35, novelty = 0.05;  // weights, of sum 1 or not
  double damping = 0.85;
  int rounds = 100;

  static CompressionOptions read(Settings&);
};

struct ScoredSentence {
  TextPiece piece;
  double textrank = 0, position = 0, tf_idf = 0, novelty = 0, score = 0;  // each 0 to 1
  bool kept = false;
};

struct CompressedPrompt {
  std::string text;  // the kept sentences, a space between them; the text itself where it is short enough
  std::vector<ScoredSentence> sentences;  // that were looked at, in order; none of a short text
  std::size_t tokens_before = 0, tokens_after = 0;  // of 4 bytes
  bool compressed = false;
};

// Takes any bytes. Text of target_tokens or less is left alone.
CompressedPrompt compress_prompt(std::string_view text, const CompressionOptions& = {});

// What a policy says of it: `[routing] prompt_compression = { target_tokens = 512 }`; nothing where it says nothing.
std::optional<CompressionOptions> prompt_compression_of(const Policy&, std::vector<Finding>& findings);

}  // namespace wattline::policy
