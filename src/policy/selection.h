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
  std::int64_t prompt_tokens = 0;
  int turn = 0;
  bool tool_loop = false;
  int previous = -1;  // candidate that answered this session last
  double session_idle = 0;  // s
};

struct Choice {
  int candidate = -1;
  double propensity = 1;
  std::string_view reason;  // static text: "cheapest that is adequate"
  // Further ones to try, in order, when this answer does not verify (cascades); empty for the others.
  std::vector<int> escalation;
};

// What came of a choice.
struct Feedback {
  int candidate = -1;
  double propensity = 1;
  double quality = Prediction::unknown;  // 0 to 1: right, rated, or judged
  double energy = Prediction::unknown, latency = Prediction::unknown, money = Prediction::unknown;
  bool underpowered = false, overprovisioned = false, failed = false;
};

class Selector {
 public:
  virtual ~Selector() = default;
  virtual std::string_view name() const = 0;
  // `scores`, one a candidate, is filled for explanations: higher is better. At least one candidate is able.
  virtual Choice choose(std::span<const Prediction>, const Situation&, std::mt19937_64&,
                        std::span<double> scores) const = 0;
  virtual void learn(std::span<const Prediction>, const Situation&, const Feedback&) {}
  // What it has learned, to be kept and read again.
  virtual Json state() const { return {}; }
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
