// How fields and lists of the YAML form are called there and here.
#pragma once

#include <string_view>

#include "policy/document.h"

namespace wattline::policy {

// How a candidate's fields are called there and here.
struct Renamed {
  std::string_view yaml, ours;
};
inline constexpr Renamed candidate_fields[] = {
    {"use_reasoning", "reasoning"}, {"reasoning_effort", "effort"}, {"lora_name", "lora"}};

struct KindList {
  std::string_view yaml;
  Projection::Kind kind;
};
inline constexpr KindList kind_lists[] = {{"partitions", Projection::Kind::partition},
                                          {"scores", Projection::Kind::score},
                                          {"mappings", Projection::Kind::mapping}};

}  // namespace wattline::policy
