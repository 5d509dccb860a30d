// Knowledge bases: labels with exemplar sentences, as the vLLM Semantic Router keeps them.
//
//   {"labels": {"biology": {"description": "...", "exemplars": ["..."], "group": "..."}},
//    "metrics": {"escalate_vs_keep": {"positive": "group", "negative": "group"}}}
#pragma once

#include <string_view>

#include "policy/learned/encoder_signals.h"

namespace wattline::policy {

// Error(bad_input) at the label for what cannot be used: no labels, a label without exemplars, other types.
KnowledgeBase read_knowledge(std::string_view json, std::string name, std::string_view where);

}  // namespace wattline::policy
