#include "serve/route/observed.h"

#include <algorithm>

#include "serve/answer.h"

namespace wattline::serve {

void ObservedModel::move(std::atomic<double>& mean, double value, double weight) {
  const double before = mean.load(std::memory_order_relaxed);
  mean.store(std::isnan(before) ? value : before + weight * (value - before), std::memory_order_relaxed);
}

void ObservedModel::add(const Answer& a) {
  if (a.status != AnswerStatus::ok || a.repeats() || a.tokens_in <= 0) return;
  const auto n = static_cast<double>(answers_.fetch_add(1, std::memory_order_relaxed) + 1);
  const double weight = std::max(1 / n, 1 / memory);
  const auto in = static_cast<double>(a.tokens_in), out = static_cast<double>(a.tokens_out);
  move(joules_in_, a.prefill.base() / in, weight);
  move(tokens_out_, out, weight);
  if (out > 0) move(joules_out_, a.decode.base() / out, weight);
  if (!a.first_token) return;
  move(seconds_in_, a.first_token->base() / in, weight);
  if (out > 1) move(seconds_out_, (a.latency - *a.first_token).base() / (out - 1), weight);
}

ObservedModel::Means ObservedModel::means() const {
  const auto read = [](const std::atomic<double>& v) { return v.load(std::memory_order_relaxed); };
  return {answers_.load(std::memory_order_relaxed),
          read(joules_in_),
          read(joules_out_),
          read(seconds_in_),
          read(seconds_out_),
          read(tokens_out_)};
}

}  // namespace wattline::serve
