// What a classifier over HTTP says of a text: probabilities by label.
//
// Read from any of the forms that such services use:
//   {"label": "toxic", "score": 0.93}
//   {"labels": [{"label": "toxic", "score": 0.93}, ...]}, also under "predictions" or "results"
//   {"scores": {"toxic": 0.93, ...}}, also under "probabilities"
//   [{"label": "toxic", "score": 0.93}, ...], also in a further list (text classification of Hugging Face)
// "probability" and "confidence" are read for "score", "class" and "category" for "label".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wattline::policy {

using LabelScores = std::vector<std::pair<std::string, double>>;

// Error(bad_input, at `where`) for anything else, no label, more than 4096, a score outside 0..1.
LabelScores read_classifier_reply(std::string_view json, std::string_view where);
// The score of a label; 0 of one that is not there.
double score_of(const LabelScores&, std::string_view label);

}  // namespace wattline::policy
