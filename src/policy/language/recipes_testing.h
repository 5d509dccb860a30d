// The policies of the reference project, where the data lies beside the checkout.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "kernel/testing.h"

namespace wattline::policy::tests {

struct Recipe {
  std::string name, yaml, dsl, probes;
};

inline std::string file_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline std::vector<Recipe> recipes() {
  std::vector<Recipe> out;
  const auto shared = wattline::tests::shared_dir();
  if (!shared) return out;
  for (const char* name : {"accuracy", "balance", "feedback", "knowledge", "multi-objective"}) {
    const auto folder = *shared / "data/router-probes/recipes" / name;
    if (!std::filesystem::is_directory(folder)) return {};
    out.push_back(
        {name, file_text(folder / "config.yaml"), file_text(folder / "recipe.dsl"), file_text(folder / "probes.yaml")});
  }
  return out;
}

}  // namespace wattline::policy::tests
