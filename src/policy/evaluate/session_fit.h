// Conservative Q-learning fitted from a gateway's log of verdicts, judged on sessions that it did not see: `serve
// session-fit`.
#pragma once

#include <span>

#include "kernel/capability.h"
#include "policy/evaluate/feedback_log.h"
#include "policy/select/conservative_q.h"

namespace wattline::policy {

// The turns of a log's conversations, in the order of the log; conversations one after another. The reward of a turn is
// its verdict less cost_weight times its joules as a share of the most in the log.
std::vector<LoggedTurn> turns_of(std::span<const LoggedVerdict>, double cost_weight);

Capability session_fit_capability();

}  // namespace wattline::policy
