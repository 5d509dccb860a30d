// [adaptation]: what is learned of each user's needs. Off unless it is switched on.
#pragma once

#include <string>

#include "policy/adapt/user_adaptation.h"

namespace wattline::serve {

struct AdaptationConfig {
  bool enabled = false;
  policy::AdaptationRule rule;
  double explore = 0.02;  // share of a known user's requests for which any able candidate is drawn
  std::string file;  // what is learned is kept there; "" is in memory alone
};

}  // namespace wattline::serve
