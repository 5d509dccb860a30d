// Processes of this machine, read from /proc: who listens on a port, and how much CPU time they used.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/quantity.h"

namespace wattline::meter {

// The process (lowest pid) with a TCP socket listening on the port; nothing when there is none or it
// may not be seen (another user's).
std::optional<int> process_listening_on(std::uint16_t port);

// User and system time of the process and all its descendants, those that ended included as far as
// their parents waited for them. Nothing when the process is gone.
std::optional<Duration> cpu_time_of_process_tree(int pid);

// Processes whose parent it is, ended ones that nobody has waited for included; ascending.
std::vector<int> child_processes(int pid);

}  // namespace wattline::meter
