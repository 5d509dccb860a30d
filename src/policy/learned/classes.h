// Sentences that stand for the classes of the signals user_feedback, fact_check and modality: ours, few, English. A
// text belongs to the class of its nearest sentence, which is a heuristic and is named so; a policy's owner may give
// better ones, or a classifier.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wattline::policy {

struct ClassSentence {
  std::string type, name, text;
};
const std::vector<ClassSentence>& built_in_classes();

}  // namespace wattline::policy
