// Labelled texts for heads, from the forms that they come in.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::text {

struct LabelledText {
  std::string text, label;
  float weight = 1;
  bool operator==(const LabelledText&) const = default;
};

// `content` is one of (docs/formats/labelled-texts.md):
//   CSV with a column text, question, prompt or query and a column label, category, domain or subject;
//   JSON: a list of objects with such members; or {"labels": {NAME: {"exemplars": [texts]}}}.
// Error (bad_input, at `where`) for anything else, an empty text or label (with its row).
std::vector<LabelledText> read_labelled(std::string_view content, const std::string& where);

// MMLU as recorded questions have it: the subject becomes its domain of MMLU-Pro (14 of them; Wang et al.
// 2024, arXiv 2406.01574, group subjects so), the choices "A. ..." and what follows are cut. Labels that are
// no MMLU subject stay. Error when a text has nothing but choices.
void as_mmlu_domains(std::vector<LabelledText>&);

// Topics of the 14 domains as our own list has them (src/text/data/domain-topics.csv: contents of textbooks,
// written for this program), each as it is and as "Explain ...".
std::vector<LabelledText> domain_topics();

// Removes from `texts` what has the canonical text (canonical.h) of one of `held_out`, and repeated ones.
// Returns how many went because they are held out.
std::size_t exclude(std::vector<LabelledText>& texts, const std::vector<LabelledText>& held_out);

}  // namespace wattline::text
