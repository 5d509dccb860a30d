// Probes run against a policy, and how much of it they assert.
//
// Without `learned` a probe whose decision depends on learned signals is not run. Signals that the engine did not need
// are not judged. Coverage is the share of a document's signals (outputs of projections among them), outputs,
// algorithms and plugins that some probe expects.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "policy/document.h"
#include "policy/engine.h"
#include "policy/finding.h"
#include "policy/language/probes.h"

namespace wattline::policy {

struct ProbeOutcome {
  enum class Result { passed, failed, not_run };
  const ProbeCase* probe = nullptr;
  Result result = Result::not_run;
  std::string decision;  // that it got; "" for none
  std::string why;  // it failed or was not run
};

struct ProbeReport {
  std::vector<ProbeOutcome> outcomes;
  double signals = 100, projections = 100, algorithms = 100, plugins = 100;  // asserted, percent
  // "failed-probe" and "probes-coverage" (conflict): what misses the set's own bars. "probes-not-run" (warning).
  std::vector<Finding> findings;

  std::size_t count(ProbeOutcome::Result) const;
};

// What tells the learned signals of a policy; each recipe has its own.
using LearnedFor = std::function<std::shared_ptr<const LearnedSignals>(const Policy&)>;
// The set must outlive the report. Errors of compiling are among the findings, and its probes are not run.
ProbeReport run_probes(const Document&, const ProbeSet&, const LearnedFor& learned = {});

}  // namespace wattline::policy
