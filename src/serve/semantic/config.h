// [cache.semantic]: earlier answers for questions that mean the same.
#pragma once

#include <string>
#include <vector>

#include "kernel/quantity.h"

namespace wattline::serve {

struct SemanticCategoryConfig {
  std::string name;  // a subject that the domain classifier knows, or a decision of a router
  bool enabled = true;
  double threshold = 0;
  Duration ttl{0};
  double share = 1;  // of `size`
  std::string where;  // file:line
};

struct SemanticCacheConfig {
  bool enabled = false;
  double threshold = 0.92;  // least cosine of a hit
  Bytes size{64.0 * 1024 * 1024};
  Duration ttl{3600};
  bool later_turns = false;  // also questions after others, where the whole conversation before is the same
  bool across_tenants = false;
  double max_temperature = 0;  // of a request that may be answered from it
  double audit = 0.02;  // share of hits that the model answers too
  double agreement = 0.7;  // likeness of two answers that say the same
  std::vector<SemanticCategoryConfig> categories;
};

}  // namespace wattline::serve
