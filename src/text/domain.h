// The subject that a prompt is about: the 14 classes of MMLU-Pro, by a linear head that was trained once and
// is carried in the program (docs/formats/text-head.md tells how to train it again). One head works with
// Universal Sentence Encoder Lite, another with n-grams alone, which knows less.
#pragma once

#include "text/linear_head.h"

namespace wattline::text {

struct DomainClassifier {
  FeatureReader reader;
  const LinearHead* head;  // valid for the whole run

  // Probabilities of head->labels(); not for many threads with one `scratch`.
  EncodeFacts classify(std::string_view text, Features& scratch, std::span<float> probabilities) const {
    const EncodeFacts facts = reader.read(text, scratch);
    head->predict(scratch, probabilities);
    return facts;
  }
};

// With the head that was trained with this encoder, else with the one of n-grams alone (reader.dense_width()
// is 0 then).
DomainClassifier domain_classifier(std::shared_ptr<const Encoder>);

}  // namespace wattline::text
