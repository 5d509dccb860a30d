// `serve evaluate`: recorded outcomes through routing algorithms, offline.
#pragma once

#include "kernel/capability.h"
#include "policy/select/verify.h"

namespace wattline::policy {

struct EvaluateOptions {
  InputFile workload;
  std::vector<std::string> algorithms;  // names or objects with "type"; empty: a choice of the family
  std::vector<std::string> energy;  // NAME=J_IN,J_OUT[,J_FIX]
  double min_quality = 0.8, adequate = 0.5, output_tokens = 200;
  double feedback = 1, shadow = 0, router = 0;
  bool encoder = false;
  StopRule::Method stop = StopRule::Method::format;
  std::int64_t folds = 5, resamples = 1000;
};
Result evaluate(const EvaluateOptions&, Context&);
Capability evaluate_capability();

}  // namespace wattline::policy
