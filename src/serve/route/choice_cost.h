// The CPU time that choosing takes: measured for one choice of many, and told for the others by the length of their
// prompt. Asking the kernel for a thread's CPU time takes as long as choosing does.
#pragma once

#include <atomic>
#include <cmath>

#include "kernel/cpu_energy.h"

namespace wattline::serve {

class ChoiceCost {
 public:
  static constexpr int one_of = 32;

  class Timer {
   public:
    Timer(ChoiceCost& cost, bool always, std::size_t prompt_bytes)
        : cost_(cost), always_(always), size_(static_cast<double>(prompt_bytes) + constant_part) {
      measures_ = always_ || cost_.count_.fetch_add(1, std::memory_order_relaxed) % one_of == 0 ||
                  cost_.rate_.load(std::memory_order_relaxed) == 0;
      if (measures_) begin_ = thread_cpu_time();
    }
    Duration spent() const {
      if (!measures_) return Duration(cost_.rate_.load(std::memory_order_relaxed) * size_);
      const Duration used = thread_cpu_time() - begin_;
      if (!always_) cost_.learn(used.base() / size_);
      return used;
    }

   private:
    ChoiceCost& cost_;
    bool always_, measures_;
    double size_;
    Duration begin_{0};
  };

 private:
  // What does not grow with the prompt, as so many bytes of it.
  static constexpr double constant_part = 1000;

  void learn(double rate) {
    const double old = rate_.load(std::memory_order_relaxed);
    rate_.store(old == 0 ? rate : old + 0.1 * (rate - old), std::memory_order_relaxed);
  }

  std::atomic<unsigned> count_{0};
  std::atomic<double> rate_{0};  // s a byte
};

}  // namespace wattline::serve
