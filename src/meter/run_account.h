// A metered run as a fact of the account.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kernel/context.h"
#include "meter/run_energy.h"

namespace wattline::meter {

using Labels = std::vector<std::pair<std::string, std::string>>;

// "NAME=VALUE" each. Error bad_input for another form, and a name twice.
Labels read_labels(const std::vector<std::string>& texts);
// The program, without the folder and without its arguments: those may hold secrets.
std::string program_name(const std::vector<std::string>& command);
// Why runs are no facts of the account now: a replayed trace is read, or an outer run will record it. "" when they are.
std::string why_not_recorded();
// The row's uid; "" where there is no account or why_not_recorded() says why. Error as the account's: the command has
// run all the same.
std::string record_run(const RunEnergy&, Labels, const std::string& place, const std::string& program, Context&);

}  // namespace wattline::meter
