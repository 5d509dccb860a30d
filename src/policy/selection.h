// Which of a decision's candidates answers: a family of algorithms with one interface, `static` its reference.
//
// An algorithm sees what is predicted of each candidate for this request and returns its choice with the probability
// with which it made it, so that what was logged can judge another algorithm later (inverse propensity, wrp-router
// section 8.3). Learning happens apart, through learn(), under a lock of the algorithm's own; choosing never waits.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/json.h"
#include "policy/request.h"

namespace wattline::policy {

// What is expected of one candidate for this request. NaN is not known.
struct Prediction {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  std::string_view model;
  bool able = true;  // context, tools, images, rights; unable ones are never chosen
  std::string_view unable_because;
  double quality = unknown, quality_low = unknown, quality_high = unknown;  // probability of an adequate answer
  double energy = unknown;  // J, of the whole answer
  double carbon = unknown;  // gCO2e
  double money = unknown;  // USD
  double latency = unknown;  // s to the last token, the wait included
  double ttft = unknown, tpot = unknown;  // s
  double wait = 0;  // s in queues
  double in_flight = 0;
  double warmth = 0;  // 0 to 1: prefix or session state held there
  double switch_energy = 0;  // J to load it, or to compute a lost prefix again
  double output_tokens = unknown;
  std::int64_t context_window = 0;  // tokens; 0: not known
  double weight = 1;
};

struct Situation {
  std::string_view domain;  // of the domain signal; "" not known
  std::string_view decision;
  std::string_view session, user;
  std::span<const float> features;  // of the request, for learned algorithms
  std::int64_t prompt_tokens = 0;  // history included
  std::int64_t history_tokens = 0;  // of earlier turns
  std::int64_t max_output_tokens = 0;  // 0: the request sets none
  int turn = 0;  // earlier turns of the session
  int switches = 0;  // of the model, in this session
  bool tool_loop = false;
  bool chained = false;  // goes on from a previous response by its id
  bool portable = true;  // false: the state of the session is only understood by the model that made it
  int previous = -1;  // candidate that answered this session last
  double session_idle = 0;  // s
};

struct Choice {
  int candidate = -1;  // -1: none is able, or none may
  double propensity = 1;
  std::string_view reason;  // static text: "cheapest that is adequate"
  // Further ones to try, in order, when this answer does not verify (cascades); empty for the others.
  std::vector<int> escalation;
};

// What came of a choice.
struct Feedback {
  int candidate = -1;
  int preferred_over = -1;  // of a comparison: the candidate whose answer was the worse one
  double propensity = 1;
  double quality = Prediction::unknown;  // 0 to 1: right, rated, or judged
  double energy = Prediction::unknown, latency = Prediction::unknown, money = Prediction::unknown;
  double output_tokens = Prediction::unknown;
  bool underpowered = false, overprovisioned = false, failed = false, cache_hit = false;
};

class Selector {
 public:
  virtual ~Selector() = default;
  virtual std::string_view name() const = 0;
  // Whether a situation's session is looked at, so that it is worth to be found.
  virtual bool uses_sessions() const { return false; }
  // Whether the request's features are looked at.
  virtual bool uses_features() const { return false; }
  // Whether it learns from what every answer took, and not from verdicts alone.
  virtual bool learns_from_answers() const { return false; }

  // Static texts that explain a choice: of the likeliest candidate, and of another, drawn to learn from it.
  struct Reasons {
    std::string_view usual, other = "drawn to learn how well it does";
  };
  // Fills, one a candidate, `scores` (for explanations and wrappers; higher is better, about 0 to 1) and `chances`
  // (probability of being chosen: 0 of those that are not able, and in sum 1; all 0 when none may be chosen). This is
  // the whole algorithm: choose() draws from the chances, so that a logged propensity is the true one, and whoever
  // judges an algorithm by another's log asks for the chances alone. At least one candidate is able.
  virtual Reasons weigh(std::span<const Prediction>, const Situation&, std::span<double> scores,
                        std::span<double> chances) const = 0;
  // What is tried after `first`, in order.
  virtual void escalate(std::span<const Prediction>, const Situation&, int first, std::vector<int>& next) const;

  // Allocates nothing with up to 16 candidates, but for an escalation. `scores` is as long as the candidates.
  Choice choose(std::span<const Prediction>, const Situation&, std::mt19937_64&, std::span<double> scores) const;

  virtual void learn(std::span<const Prediction>, const Situation&, const Feedback&) {}
  // What it has learned, to be kept and read again; null when it learns nothing.
  virtual Json state() const { return {}; }
  // Error(bad_input) when it is no state of this algorithm; then nothing has changed.
  virtual void restore(const Json&) {}
};

struct Algorithm {
  std::string_view name, summary;
  std::unique_ptr<Selector> (*make)(const Json& settings, std::string_view where);
};
// In order; the first is the reference.
const std::vector<Algorithm>& algorithms();
// Error(bad_input) for an unknown name or setting, with the nearest.
std::unique_ptr<Selector> make_selector(std::string_view name, const Json& settings, std::string_view where);

}  // namespace wattline::policy
