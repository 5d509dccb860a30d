// A gateway's log of verdicts on answers ([feedback] file, docs/formats/feedback.md), and what other algorithms would have
// earned on it: importance weighting by the logged propensity (off_policy.h). `serve feedback-study`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/capability.h"
#include "policy/evaluate/off_policy.h"
#include "policy/selection.h"

namespace wattline::policy {

struct LoggedVerdict {
  std::string decision, algorithm;
  double propensity = 1, quality = 0;  // quality: the verdict, 0 to 1
  double energy = 0;  // J, of the answer
  std::size_t chosen = 0;  // of the candidates
  struct Candidate {
    std::string model;
    double quality = Prediction::unknown, energy = Prediction::unknown;
    bool able = true;
  };
  std::vector<Candidate> candidates;
  // How the request was seen; absent in logs of before.
  std::string conversation;
  int turn = 0;
  bool tool_loop = false;
  std::int64_t prompt_tokens = 0;
  std::vector<float> features;
  std::string router, time;
};
// As an algorithm would see it; valid as long as the verdict.
Situation situation_of(const LoggedVerdict&);
std::vector<Prediction> predictions_of(const LoggedVerdict&);
struct FeedbackLog {
  std::vector<LoggedVerdict> verdicts;
  std::size_t without_choice = 0;  // lines of answers whose model nobody chose, or chose among one
};
// JSON lines. Error(bad_input, at file:line) for what is no such line: other types, a propensity that is not above 0 and
// at most 1, a model that is none of its candidates, more than 64 of these.
FeedbackLog read_feedback_log(std::string_view content, const std::string& where);

// What `selector`, as it is now, would have chosen: rewards are verdicts, or joules.
struct JudgedOnFeedback {
  OffPolicy quality, energy;
};
JudgedOnFeedback judge_on_feedback(const FeedbackLog&, const Selector&, double cap, std::size_t resamples,
                                   std::uint64_t seed);

Capability feedback_study_capability();

}  // namespace wattline::policy
