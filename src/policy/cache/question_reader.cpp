#include "policy/cache/question_reader.h"

#include <algorithm>

#include "policy/cache/particulars.h"
#include "text/canonical.h"
#include "text/units.h"

namespace wattline::policy {
namespace {

constexpr std::size_t longest = 16384, fewest_words = 3;
constexpr double most_unknown = 0.1;

}  // namespace

QuestionReader::QuestionReader(std::shared_ptr<const text::Encoder> encoder, Options options)
    : encoder_(std::move(encoder)), domains_(text::domain_classifier(encoder_)), options_(options) {}

ReadQuestion QuestionReader::read(std::string_view text) const {
  ReadQuestion out;
  if (text.size() > longest) out.why_not = "the question is too long";
  else if (text::count_units(text) < fewest_words) out.why_not = "the question is too short to tell its meaning";
  else if (text::mixes_scripts(text)) out.why_not = "a word of it mixes scripts";
  else if (asks_of_the_present(text)) out.why_not = "its answer depends on the hour";
  if (!out.why_not.empty()) return out;
  text::Features features;
  text::EncodeFacts facts;
  // The classifier's features hold the encoder's vector: one pass for both.
  const bool both = options_.subjects && domains_.reader.dense_width() >= encoder_->width();
  if (both) {
    facts = domains_.reader.read(text, features);
    out.vector.assign(features.dense.begin(), features.dense.begin() + static_cast<std::ptrdiff_t>(encoder_->width()));
  } else {
    out.vector.resize(encoder_->width());
    facts = encoder_->encode(text, out.vector);
    if (options_.subjects) domains_.reader.read(text, features);
  }
  if (facts.truncated) out.why_not = "the question is longer than the encoder reads";
  else if (facts.unknown_share > most_unknown) out.why_not = "the encoder does not know its words";
  else if (facts.tokens == 0) out.why_not = "the encoder sees no words in it";
  if (!out.why_not.empty() || !options_.subjects) return out;
  std::vector<float> chances(domains_.head->labels().size());
  domains_.head->predict(features, chances);
  const auto best = std::max_element(chances.begin(), chances.end());
  out.sure = static_cast<double>(*best);
  if (out.sure >= options_.least_sure)
    out.subject = domains_.head->labels()[static_cast<std::size_t>(best - chances.begin())];
  return out;
}

}  // namespace wattline::policy
