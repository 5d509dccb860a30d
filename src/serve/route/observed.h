// What a model's answers have cost and taken so far, for predicting the next: means that forget slowly. Reading and
// adding are lock-free; two answers that end at once may lose one of the two, which a mean does not mind.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdint>

namespace wattline::serve {

struct Answer;

class ObservedModel {
 public:
  struct Means {
    std::int64_t answers = 0;
    double joules_in = NAN, joules_out = NAN;  // by token read, and by token written
    double seconds_in = NAN, seconds_out = NAN;  // likewise, of the time to the first token and after it
    double tokens_out = NAN;  // of an answer
  };

  void add(const Answer&);
  Means means() const;

 private:
  // The first answers count in full, later ones for one in `memory`.
  static constexpr double memory = 100;
  static void move(std::atomic<double>& mean, double value, double weight);

  std::atomic<std::int64_t> answers_{0};
  std::atomic<double> joules_in_{NAN}, joules_out_{NAN}, seconds_in_{NAN}, seconds_out_{NAN}, tokens_out_{NAN};
};

}  // namespace wattline::serve
