// [[router]]: a virtual model, and how the one that answers is chosen.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "kernel/json.h"
#include "kernel/quantity.h"
#include "policy/select/verify.h"
#include "serve/config_values.h"

namespace wattline::serve {

// [[router.classifier]]: a service that labels texts, for signals of the type `classifier`.
struct ClassifierConfig {
  std::string name;  // as signals have it
  std::string url;  // POST
  std::string api_key_env, api_key_file;
  Secret api_key;
  Duration timeout{0.15};  // of one answer
  std::int64_t failures = 5;  // one after the other, after which it is left alone
  Duration rest{10};  // for so long
  std::string where;  // file:line
};

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
  std::vector<ClassifierConfig> classifiers;
  // Whether an answer of a cascade stays; without it every answer does.
  std::optional<policy::StopRule> verify;
  std::string where;  // file:line
};

}  // namespace wattline::serve
