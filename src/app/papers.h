// The 48 papers Wattline is built from: paper, command, claimed figure, ours, verdict.
#pragma once

#include <string>
#include <vector>

#include "kernel/capability.h"

namespace wattline::app {

struct Paper {
  int number = 0;
  std::string title, command, claimed, claimed_source;
};

// All rows, from data/papers.csv.
const std::vector<Paper>& papers();

Capability papers_capability();  // wattline papers
Capability papers_check_capability();  // wattline papers check [N]

}  // namespace wattline::app
