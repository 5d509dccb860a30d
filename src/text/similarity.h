// How alike two texts are by their tokens' vectors, as BERTScore measures it (Zhang et al. 2020, arXiv 1904.09675) with
// greedy matching and without weights or rescaling; the encoder is ours, so figures are not those of BERT's.
#pragma once

#include <string_view>

#include "text/encoder.h"

namespace wattline::text {

struct Similarity {
  double precision = 0;  // mean over the candidate's tokens of the best cosine with a token of the reference
  double recall = 0;  // the other way round
  double f1 = 0;  // harmonic mean; 0 where either is not above 0
};
// It rewards likeness, not truth: "12" and "13" are much alike. Two empty texts are alike (1), an empty and another not (0).
Similarity similarity(const Encoder&, std::string_view candidate, std::string_view reference);

}  // namespace wattline::text
