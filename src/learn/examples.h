// Training examples as the network takes them: questions of the tasks, tokenised, gathered into
// rectangles of nearly equal length, with the positions whose next token is to be learned.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "lm/tasks.h"
#include "lm/tokenizer.h"

namespace wattline::learn {

struct Batch {
  std::int64_t rows = 0, length = 0;
  std::vector<std::int64_t> tokens;  // [rows][length], short rows padded at the end
  std::vector<std::int64_t> places;  // row * length + position: where the answer is being written
  std::vector<std::int64_t> targets;  // the token that comes next there
};

struct Example {
  std::vector<int> tokens;
  std::size_t answer_from = 0;  // index of the first token to be learned
};
Example make_example(const lm::Problem&, const lm::ByteTokenizer&);
Batch make_batch(const std::vector<Example>&);

// An endless supply of training batches of about `tokens_per_batch` tokens.
class ExampleStream {
 public:
  // Of the tasks up to `level`.
  ExampleStream(std::mt19937_64 random, std::int64_t tokens_per_batch, int level = 1);
  Batch next();

 private:
  void refill();

  std::mt19937_64 random_;
  std::int64_t tokens_per_batch_;
  int level_;
  lm::ByteTokenizer tokenizer_;
  std::vector<std::vector<Example>> ready_;
};

}  // namespace wattline::learn
