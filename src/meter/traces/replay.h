// A recorded trace as sources of power, so that `run`, `top` and the agent can be tried on the machine that it
// was recorded on. `wattline meter replay`.
#pragma once

#include <string>

#include "kernel/capability.h"
#include "meter/source.h"
#include "meter/traces/power_trace.h"

namespace wattline::meter {

// Sources that play the trace from their creation on, `speed` times as fast, from the beginning again at its
// end. Counters count the trace's joules (nothing in gaps); sensors say the last value, and nothing in gaps.
Sources replay_sources(const PowerTrace&, double speed = 1);

// The trace named by WATTLINE_REPLAY (speed in WATTLINE_REPLAY_SPEED); nothing where it is not set. Not for
// programs with raised rights.
Found find_replay(const Roots&);
// Whether a trace is named: what is read then is no energy of what runs, and goes into no account.
bool replaying();

Capability replay_capability();

}  // namespace wattline::meter
