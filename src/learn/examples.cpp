#include "learn/examples.h"

#include <algorithm>

namespace wattline::learn {

Example make_example(const lm::Problem& problem, const lm::ByteTokenizer& tokenizer) {
  Example e;
  e.tokens = tokenizer.encode_prompt(problem.prompt);
  e.answer_from = e.tokens.size();
  const auto reply = tokenizer.encode_reply(problem.answer, problem.turned);
  e.tokens.insert(e.tokens.end(), reply.begin(), reply.end());
  return e;
}

Batch make_batch(const std::vector<Example>& examples) {
  Batch b;
  b.rows = static_cast<std::int64_t>(examples.size());
  for (const auto& e : examples) b.length = std::max(b.length, static_cast<std::int64_t>(e.tokens.size()) - 1);
  b.tokens.assign(static_cast<std::size_t>(b.rows * b.length), lm::ByteTokenizer::end);
  for (std::int64_t row = 0; row < b.rows; ++row) {
    const auto& e = examples[static_cast<std::size_t>(row)];
    // The last token is only a target.
    for (std::size_t i = 0; i + 1 < e.tokens.size(); ++i)
      b.tokens[static_cast<std::size_t>(row * b.length) + i] = e.tokens[i];
    for (std::size_t i = e.answer_from; i < e.tokens.size(); ++i) {
      b.places.push_back(row * b.length + static_cast<std::int64_t>(i) - 1);
      b.targets.push_back(e.tokens[i]);
    }
  }
  return b;
}

ExampleStream::ExampleStream(std::mt19937_64 random, std::int64_t tokens_per_batch, int level)
    : random_(random), tokens_per_batch_(tokens_per_batch), level_(level) {}

Batch ExampleStream::next() {
  if (ready_.empty()) refill();
  const Batch b = make_batch(ready_.back());
  ready_.pop_back();
  return b;
}

void ExampleStream::refill() {
  constexpr int drawn = 8192;
  std::vector<Example> pool;
  pool.reserve(drawn);
  for (int i = 0; i < drawn; ++i)
    pool.push_back(make_example(lm::make_problem(lm::Split::train, random_, level_), tokenizer_));
  std::stable_sort(pool.begin(), pool.end(),
                   [](const Example& a, const Example& b) { return a.tokens.size() < b.tokens.size(); });
  // Rows of nearly equal length waste little; shuffled, so that steps see all lengths in turn.
  std::vector<Example> current;
  for (auto& e : pool) {
    const auto length = static_cast<std::int64_t>(e.tokens.size());
    if (!current.empty() && length * static_cast<std::int64_t>(current.size() + 1) > tokens_per_batch_) {
      ready_.push_back(std::move(current));
      current.clear();
    }
    current.push_back(std::move(e));
  }
  ready_.push_back(std::move(current));
  for (std::size_t i = ready_.size(); i > 1; --i) std::swap(ready_[i - 1], ready_[random_() % i]);
}

}  // namespace wattline::learn
