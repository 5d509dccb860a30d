// A whole training: a plan, its steps, and checkpoints from which it goes on exactly as if it had
// never stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "kernel/quantity.h"
#include "learn/trainer.h"

namespace wattline::learn {

struct Plan {
  lm::Shape shape;
  Trainer::Rates rates;
  std::int64_t steps = 10000;
  std::int64_t tokens_per_step = 4096;
  // The rates rise over so many first steps and fall to zero over so many last ones (Hägele et al.
  // 2024, arXiv:2405.18392), so that a longer plan begins as a shorter one does.
  std::int64_t warm_up = 100, cool_down = 4000;
  int level = 1;  // of the hardest tasks
  std::uint64_t seed = 1;

  // The factor on the rates at a step counted from 0.
  double rate_scale(std::int64_t step) const;
};

class Training {
 public:
  Training(const Plan&, int threads);
  // Goes on from a checkpoint; the plan's shape, level, tokens per step and seed must be the checkpoint's.
  Training(const Plan&, int threads, const std::filesystem::path& checkpoint);

  bool done() const { return step_ >= plan_.steps; }
  std::int64_t step_count() const { return step_; }
  // Tokens read so far, padding left out.
  std::int64_t tokens_seen() const { return tokens_; }
  // Processor time of all steps so far, those before a checkpoint included.
  Duration cpu_time() const { return cpu_; }
  // One step; the mean loss of an answer token in nats.
  double step();
  void save(const std::filesystem::path& checkpoint) const;
  lm::Weights weights() const { return trainer_->weights(); }

 private:
  Plan plan_;
  ExampleStream stream_;
  std::unique_ptr<Trainer> trainer_;
  std::int64_t step_ = 0, tokens_ = 0;
  Duration cpu_;
};

}  // namespace wattline::learn
