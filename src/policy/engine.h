// A compiled policy: which decision a request gets, with what confidence, and why.
//
// Immutable and shared; every thread brings a Scratch that it uses again, so that a decision over heuristic signals
// allocates nothing. Signals are evaluated when a decision that can still win needs them, heuristic ones at once,
// learned ones (which cost a model's evaluation) in one batch, through LearnedSignals, with a deadline. A signal that
// fails or is late is an error: it does not match, unless its leaf says on_error, and a decision is always made.
//
// Confidence (wrp-router, section 4.4): a leaf has its signal's; AND the mean of its parts; OR the largest of those
// that match; NOT 1 when its part does not match; a condition that is always true 0. Of the decisions that match: when
// any has a tier, the lowest tier, then confidence, then priority, then name; else by the policy's strategy.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/document.h"
#include "policy/finding.h"
#include "policy/request.h"

namespace wattline::policy {

using SignalIndex = std::uint16_t;

struct SignalValue {
  enum class State : std::uint8_t { unknown, known, failed, late };
  State state = State::unknown;
  bool match = false;
  float confidence = 0;  // 0 to 1
  float raw = 0;  // a count, a similarity, a margin, tokens
};

// Evaluates learned signals. Implementations are immutable; calls come from many threads.
class LearnedSignals {
 public:
  virtual ~LearnedSignals() = default;
  // Fills `values[i]` for each i of `wanted`; those it cannot reach before `deadline` it leaves `late`.
  virtual void evaluate(const RequestView&, std::span<const SignalIndex> wanted,
                        std::chrono::steady_clock::time_point deadline, std::span<SignalValue> values) const = 0;
  // What it runs on, for explanations: "use-lite 0.2.0, 512 values".
  virtual std::string description() const = 0;
};

struct Outcome {
  int decision = -1;  // index in the policy; -1: none matched
  float confidence = 0;
  std::int64_t prompt_tokens = 0;  // estimated
};

class Engine {
 public:
  class Scratch;

  // Error when a finding of level `error` stands in the way; all findings go to `findings` if given.
  static std::shared_ptr<const Engine> compile(Policy, std::vector<Finding>* findings = nullptr);
  virtual ~Engine() = default;

  virtual const Policy& policy() const = 0;
  virtual std::unique_ptr<Scratch> scratch() const = 0;

  // In two steps, for those who must not wait: begin() decides over heuristic signals and returns the learned ones
  // that the outcome still depends on; put() gives them; finish() decides.
  virtual std::span<const SignalIndex> begin(const RequestView&, Scratch&) const = 0;
  virtual void put(SignalIndex, SignalValue, Scratch&) const = 0;
  virtual Outcome finish(const RequestView&, Scratch&) const = 0;
  // In one step; without `learned` those signals fail.
  Outcome decide(const RequestView&, Scratch&, const LearnedSignals* learned = nullptr,
                 std::chrono::steady_clock::duration budget = std::chrono::milliseconds(200)) const;

  struct SignalInfo {
    std::string type, name;  // name with its level
    int rule = -1;  // index in policy().signals; -1: what a projection puts out
    bool learned = false;
  };
  virtual std::span<const SignalInfo> signals() const = 0;
  // Of the last decision made with this scratch. State::unknown: it was not needed.
  virtual SignalValue value(SignalIndex, const Scratch&) const = 0;
  virtual double score(std::string_view projection, const Scratch&) const = 0;
  virtual bool matched(int decision, const Scratch&) const = 0;
};

class Engine::Scratch {
 public:
  virtual ~Scratch() = default;
};

}  // namespace wattline::policy
