#include "policy/select/verify.h"

#include <algorithm>
#include <cmath>

namespace wattline::policy {

double StopRule::default_threshold(Method method) {
  switch (method) {
    case Method::format: return 0;
    case Method::avg_logprob: return -1;
    case Method::margin: return 0.5;
    case Method::hybrid: return 0.5;
    case Method::self_verify: return 0.7;
    case Method::votes: return 0.95;
  }
  return 0;
}

namespace {

// Log-probability and margin in one number from 0 to 1: their mean, the first as exp, the probability a token.
std::optional<double> hybrid(const Evidence& e) {
  if (!e.avg_logprob || !e.margin) return std::nullopt;
  return 0.5 * (std::exp(std::min(*e.avg_logprob, 0.0)) + *e.margin);
}

Verdict above(const std::optional<double>& value, double threshold) {
  return value && *value > threshold ? Verdict::accept : Verdict::escalate;
}

}  // namespace

Verdict judge(const StopRule& rule, const Evidence& e, int samples_left) {
  if (e.format_ok && !*e.format_ok) return samples_left > 0 ? Verdict::sample : Verdict::escalate;
  switch (rule.method) {
    case StopRule::Method::format: return e.format_ok ? Verdict::accept : Verdict::escalate;
    case StopRule::Method::avg_logprob: return above(e.avg_logprob, rule.threshold);
    case StopRule::Method::margin: return above(e.margin, rule.threshold);
    case StopRule::Method::hybrid: return above(hybrid(e), rule.threshold);
    case StopRule::Method::self_verify: return above(e.self_verify, rule.threshold);
    case StopRule::Method::votes:
      if (e.votes_first > 0 && vote_confidence(e.votes_first, e.votes_second) >= rule.threshold) return Verdict::accept;
      return samples_left > 0 ? Verdict::sample : Verdict::escalate;
  }
  return Verdict::escalate;
}

double vote_confidence(std::int64_t n1, std::int64_t n2) {
  n1 = std::max<std::int64_t>(n1, 0);
  n2 = std::max<std::int64_t>(n2, 0);
  // For whole numbers I_1/2(n1 + 1, n2 + 1) is a binomial tail: P(X > n1) of n1 + n2 + 1 fair throws, X <= n1 else.
  const double n = static_cast<double>(n1 + n2 + 1);
  double sum = 0;
  for (std::int64_t k = 0; k <= n1; ++k) {
    const double x = static_cast<double>(k);
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1) - n * std::log(2.0));
  }
  return std::min(sum, 1.0);
}

double expected_cost(std::span<const double> costs, std::span<const double> p_accept) {
  double sum = 0, reached = 1;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    sum += reached * costs[i];
    if (i < p_accept.size()) reached *= 1 - std::clamp(p_accept[i], 0.0, 1.0);
  }
  return sum;
}

}  // namespace wattline::policy
