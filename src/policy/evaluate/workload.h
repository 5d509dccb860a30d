// A recorded workload: prompts with what several models answered, so that any policy can be judged offline.
//
// Two shapes (docs/formats/workload.md): CSV with one column a model and quantity ("weak_correct", "strong_energy_j"),
// which is the shape of RouteLLM's published outcomes, and JSON lines of our own. Models are in the order in which the
// file names them, the smallest first; the last is "the largest", the baseline of savings.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "policy/select/verify.h"

namespace wattline::policy {

struct RecordedAnswer {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  double quality = unknown;  // 0 to 1; unknown: this model did not answer this prompt
  double energy = unknown;  // J
  double seconds = unknown;
  double output_tokens = unknown;
  Evidence evidence;  // for cascades

  bool there() const { return quality == quality; }
};

struct RecordedPrompt {
  std::string id, prompt, domain;
  double prompt_tokens = 0;  // of the file, else bytes / 4 rounded up
  bool contaminated = false;  // overlaps what routers were trained on: never evaluated
  std::vector<RecordedAnswer> answers;  // one a model
};

struct Workload {
  std::string name;
  std::vector<std::string> models;
  std::vector<RecordedPrompt> rows;
  bool has_energy = false, has_lengths = false, has_evidence = false, has_domains = false;

  std::size_t largest() const { return models.size() - 1; }
};

// JSON lines when the first character is '{', else CSV. Error(bad_input) with file:row for what cannot be used: fewer
// than two models, qualities outside 0 .. 1, energies below 0, no rows.
Workload read_workload(std::string_view content, std::string_view where);

// Splits by a hash of the prompt: equal prompts fall together, and adding rows moves none. Test rows are those of fold
// 0 of `folds` that are not contaminated; training rows all others but contaminated ones and equal prompts.
struct Split {
  std::vector<std::size_t> train, test;
};
std::uint64_t prompt_hash(std::string_view prompt);
Split split_by_prompt(const Workload&, std::uint64_t folds = 5);

}  // namespace wattline::policy
