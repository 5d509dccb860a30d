// [[router]]: a virtual model, and how the one that answers is chosen.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "kernel/json.h"
#include "policy/select/verify.h"

namespace wattline::serve {

struct RouterConfig {
  std::string id;  // what clients ask for
  std::string policy;  // file with rules; "" is one decision of all candidates
  struct Candidate {
    std::string model;  // a served model
    double quality =
        std::numeric_limits<double>::quiet_NaN();  // chance of an adequate answer, where nothing better is known
    std::string where;
  };
  std::vector<Candidate> candidates;
  std::string algorithm = "cheapest_adequate";
  Json settings = Json::Object{};  // of the algorithm
  std::string quality;  // file of a model that predicts quality; "builtin" is that of the built-in models; "" none
  // Whether an answer of a cascade stays; without it every answer does.
  std::optional<policy::StopRule> verify;
  std::string where;  // file:line
};

}  // namespace wattline::serve
