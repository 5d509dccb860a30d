// `serve tools-study`: what sending fewer tools would save and lose, on a user's own queries.
#pragma once

#include "kernel/capability.h"

namespace wattline::policy {

struct ToolsStudyOptions {
  InputFile queries, tools, more_tools;
  std::int64_t keep = 5, folds = 5, resamples = 1000;
  bool labelled_only = false;
  std::optional<Energy> token_energy;
};
Result tools_study(const ToolsStudyOptions&, Context&);
Capability tools_study_capability();

}  // namespace wattline::policy
