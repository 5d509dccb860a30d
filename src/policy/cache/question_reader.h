// A question as the semantic cache sees it: its vector, its category, and whether it may be matched by meaning at all.
// Immutable; calls may come from many threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/domain.h"
#include "text/encoder.h"

namespace wattline::policy {

struct ReadQuestion {
  // "" when it may be matched; else why not, for people. Then there may be no vector.
  std::string_view why_not;
  std::vector<float> vector;
  std::string_view subject;  // one of the domains (text/domain.h); "" when the classifier is not sure
  double sure = 0;  // its probability
};

class QuestionReader {
 public:
  struct Options {
    bool subjects = true;  // find the subject too; without it the subject is ""
    double least_sure = 0.5;
  };
  QuestionReader(std::shared_ptr<const text::Encoder>, Options);

  // Not matched by meaning: what asks of the present, what the encoder does not read to its end, what it does not
  // know the words of, what mixes scripts inside words (look-alikes), what has fewer than three words.
  ReadQuestion read(std::string_view text) const;

  const text::Encoder& encoder() const { return *encoder_; }

 private:
  std::shared_ptr<const text::Encoder> encoder_;
  text::DomainClassifier domains_;
  Options options_;
};

}  // namespace wattline::policy
