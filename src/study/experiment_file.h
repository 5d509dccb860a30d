// An experiment as a user writes it (docs/formats/experiment.md): factors with levels, and a command with places for them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "study/design.h"

namespace wattline::study {

struct Experiment {
  std::string name, command;
  std::size_t repeats = 10;  // blocks: each is one pass over all combinations
  std::vector<Factor> factors;
  std::vector<Generator> generators;
};
// Of TOML. Errors (bad_input) name key or line.
Experiment read_experiment(std::string_view toml, std::string_view where);

// The command with its places filled: "{batch}" by the value of that name, "{{" and "}}" by single braces. Values of
// other letters than a shell takes as they are come in single quotes. Error for an unknown or unclosed place.
std::string filled(std::string_view command, const std::vector<std::pair<std::string, std::string>>& values);

}  // namespace wattline::study
