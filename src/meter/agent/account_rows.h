// What the agent writes into the account: of each interval one fact a component that counts, kind "machine", labelled
// `component` and `host`. It is all that the machine drew, so that runs and answers recorded on the same machine are
// inside: a report is of one or the other (`--kind machine`).
#pragma once

#include <vector>

#include "kernel/account.h"
#include "meter/agent/publisher.h"

namespace wattline::meter {

// Of what lies between two publications of one run of the agent. Components that appeared in between begin at 0; what
// was not read is left out and stands in the label `missing_s`. Nothing when `then` is of another run.
std::vector<Fact> machine_facts(const Published& then, const Published& now, const std::string& place);

}  // namespace wattline::meter
