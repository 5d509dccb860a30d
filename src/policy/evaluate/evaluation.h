// What an evaluation found, before it is told: evaluation.cpp computes it, evaluate_report.cpp tells it.
#pragma once

#include <string>
#include <vector>

#include "kernel/context.h"
#include "kernel/result.h"
#include "policy/evaluate/curve.h"
#include "policy/evaluate/evaluate.h"
#include "policy/evaluate/off_policy.h"
#include "policy/evaluate/replay.h"

namespace wattline::policy {

// One way to rank prompts between the smallest and the largest model.
struct Ranking {
  std::string name, note;
  double held_out = 0;  // APGR of training rows, out of fold: what feature sets are chosen by; NaN: not computed
  TradeOff test;
  TradeOffIntervals intervals;
  std::vector<double> score;  // by test row
};

struct Evaluation {
  const Workload* workload = nullptr;
  Split split;
  Energies energies;
  std::vector<Ranking> rankings;
  std::size_t chosen = 0;  // the feature set with the best held-out area
  FeatureSet features = FeatureSet::all;
  // Of all models' predictions together: test rows, and training rows out of fold.
  CalibrationError test_calibration, held_out_calibration;
  double noise_floor = 0;  // the error that true probabilities would show at this number of rows
  std::vector<ReliabilityBin> reliability;
  std::vector<PolicyRun> runs;  // baselines first: smallest, largest, oracle
  std::vector<AgainstLargest> compared;
  std::string encoder;  // what neighbours were found by; "" none
  std::vector<std::string> left_out;  // algorithms that could not be judged, and why
  // Of cheapest_adequate, told from a log of even chances, beside its replay.
  OffPolicy off_policy;
  double replayed = 0;
  double cache_hits = 0;  // share of test prompts that were asked before, word for word
  double overhead = 0;  // router energy over the largest's
};
Evaluation evaluate_workload(const Workload&, const EvaluateOptions&, Context&);
Result tell(const Evaluation&, const EvaluateOptions&);

}  // namespace wattline::policy
