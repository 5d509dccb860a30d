// Whether an answer may stay or a larger model is asked: the stop rules of a cascade. Pure; the caller runs the models
// and counts the energy of every attempt, failed ones too.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace wattline::policy {

// What is known of one answer. Absent: not measured; a rule that needs it does not accept.
struct Evidence {
  std::optional<bool> format_ok;  // parses, has the wished keys, compiles, passes its test
  std::optional<double> avg_logprob;  // nats a token
  std::optional<double> margin;  // of the most likely token over the second, mean of the answer, 0 to 1
  std::optional<double> self_verify;  // 0 to 1: a model's own judgement
  std::int64_t votes_first = 0, votes_second = 0;  // of samples, after normalising the answers
};

// The thresholds of the reference (wrp-router, section 7, "loopers") are the defaults.
struct StopRule {
  enum class Method { format, avg_logprob, margin, hybrid, self_verify, votes };
  Method method = Method::format;
  double threshold = 0;

  static double default_threshold(Method);
};

enum class Verdict { accept, escalate, sample };  // sample: draw another answer of the same model first

// A known wrong format is never accepted, whatever the method. `samples_left`: how many more may be drawn.
Verdict judge(const StopRule&, const Evidence&, int samples_left = 0);

// P(p1 > p2) after n1 and n2 votes, uniform prior: 1 - I_1/2(n1 + 1, n2 + 1) (qeil, section 2.8).
double vote_confidence(std::int64_t n1, std::int64_t n2);

// E = c1 + (1 - p1) c2 + (1 - p1)(1 - p2) c3 + ...: what a cascade costs, failed attempts counted.
double expected_cost(std::span<const double> costs, std::span<const double> p_accept);

}  // namespace wattline::policy
