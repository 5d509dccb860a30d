// Which batch job a process says it belongs to: SLURM_JOB_ID of the environment it was started with
// (/proc/PID/environ), for machines on which Slurm keeps no cgroup for each job. A process may say what it likes there,
// so that its cgroup is believed first.
//
// Only root and the process's own user may read it. It holds secrets of others: no more than the number leaves here,
// and what was read is overwritten.
#pragma once

#include <string>
#include <string_view>

#include "meter/roots.h"

namespace wattline::meter {

// The number in "NAME=value\0NAME=value\0 ..."; "" where there is none, or it is not a number of at most 19 digits. What
// stands behind the last \0 is not whole and not looked at.
std::string parse_environment_job(std::string_view environment);

// Looks at no more than the first 64 KiB; "" also where it may not be read.
std::string read_environment_job(const Roots&, int pid);

}  // namespace wattline::meter
