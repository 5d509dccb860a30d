// What an answer tells of how its model was chosen.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/quantity.h"
#include "policy/request_features.h"

namespace wattline::serve {

struct RouteTold {
  std::string router;  // the virtual model that was asked for
  std::string decision;  // of its policy; "" without one
  std::string algorithm;
  std::string_view reason;  // of a static text
  double propensity = 1;  // with which the model was chosen
  double quality = 0, joules = 0;  // predicted of the chosen one; NaN when not known
  // Whose needs were considered, a pseudonym; "" where that is switched off. `shift` of the quality is theirs.
  std::string user;
  double shift = 0;
  // The request as a learned algorithm sees it; absent where none looks and no log is kept.
  struct Seen {
    std::uint64_t conversation = 0;  // salted: of this process's life; 0: not looked for
    int turn = 0;
    bool tool_loop = false;
    std::int64_t prompt_tokens = 0;
    policy::RequestFeatures features{};
  };
  std::optional<Seen> seen;
  int attempts = 1;  // of a cascade
  Duration cpu{0};  // that choosing took
  struct Considered {
    std::string model;
    double score = 0, quality = 0, joules = 0;
    std::string_view unable_because;  // "" when it was able
  };
  std::vector<Considered> considered;
  // What the decision's plugins did to the request and found in the answer, in the order in which they work.
  struct Plugin {
    std::string_view name;  // of a static text
    std::string effect;  // counts and names of settings; never what anybody said
  };
  std::vector<Plugin> plugins;
};

}  // namespace wattline::serve
