// What the text of a prompt says of how well each model will answer it: the first of two layers.
//
// Its features of a prompt: for each model the mean quality on the topics that the text may be of (topics are the
// domains of the training rows, told apart by a softmax regression on hashed n-grams; their means shrunk towards the
// mean of all), the gain of the largest over the smallest likewise, how sure the topic is, for each model the log odds
// of an adequate answer by a regression on the n-grams themselves, and the plain shape of the text.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "policy/evaluate/hashed_text.h"
#include "policy/evaluate/softmax.h"
#include "policy/evaluate/workload.h"

namespace wattline::policy {

struct TextStageFit {
  HashedText text;
  double adequate = 0.5;  // an answer of at least this quality is adequate
  double shrinkage = 10;  // rows of prior weight in a topic's mean
  std::size_t least_rows = 5;  // of a domain that becomes a topic of its own
  int epochs = 6;
};

class TextStage {
 public:
  // `text`: the n-grams of each row of the workload.
  void fit(const Workload&, const SparseRows& text, std::span<const std::size_t> rows, const TextStageFit&);

  const HashedText& text() const { return text_; }
  std::size_t width() const { return width_of(means_.size()); }
  static std::size_t width_of(std::size_t models) { return 2 * models + 2 + shape_width; }
  // Features of row `row` of `weighed`, which apply() made; `prompt` is its text.
  SparseRows apply(const SparseRows& text) const { return frequency_->apply(text); }
  void features(const SparseRows& weighed, std::size_t row, std::string_view prompt, std::span<float> out) const;
  // Name of the likeliest topic; "" without topics.
  std::string_view topic(const SparseRows& weighed, std::size_t row) const;

  // Columns by what they are made of.
  enum class Kind { topics, words, shape, neighbours };  // neighbours: what follows the columns of this layer
  static Kind kind_of(std::size_t column, std::size_t models);
  static constexpr std::size_t shape_width = 9;

 private:
  HashedText text_;
  std::optional<InverseFrequency> frequency_;
  std::vector<std::string> topics_;
  std::vector<std::vector<double>> means_;  // [model][topic]
  Softmax topic_model_;
  std::vector<Softmax> word_models_;
};

}  // namespace wattline::policy
