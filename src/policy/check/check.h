// The conflict analysis of a policy (wrp-router, section 6): what cannot run, what contradicts or hides what, what is
// wished for and cannot hold, and what is likely not meant. Each finding has its place, a fix, and where the solver or
// the geometry gives one a request for which it happens.
//
// Crisp signals are decided by satisfiability; embedding rules by geometry (two spherical caps meet where the angle of
// their centres is at most the sum of their radii, ProbPol, arXiv 2603.18174) when an encoder is given; classifiers
// cannot be decided without data and are taken as free.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/document.h"
#include "policy/engine.h"
#include "policy/finding.h"

namespace wattline::policy {

struct CheckOptions {
  std::function<std::vector<float>(std::string_view)> encode;  // of any length; none: embedding rules are not compared
  const LearnedSignals* learned = nullptr;  // for the tests of the policy
  std::vector<std::string> suppressed;  // codes
  std::vector<std::string> models;  // that are known beside cards and providers
  std::size_t branches = 20'000;  // of a question to the solver, before it is left open
};

// What check can find, in order: for docs and --suppress.
struct FindingCode {
  std::string_view code;
  Finding::Level level;
  std::string_view meaning;
};
const std::vector<FindingCode>& finding_codes();

// All of the document's policies. What compiling finds is among them.
std::vector<Finding> check(const Document&, const CheckOptions& = {});

}  // namespace wattline::policy
