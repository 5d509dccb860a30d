// A recorded stream of questions, to try a cache on (docs/formats/cache-workload.md): CSV, tab-separated or JSON
// lines, in the order in which they were asked.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::policy {

struct RecordedQuestion {
  std::string text;
  std::string label;  // questions of one label have one answer; "" when nobody says
  std::string scope;  // tenant, system prompt ...: what must be the same for a hit
  double seconds = std::numeric_limits<double>::quiet_NaN();  // when it was asked, from any beginning
  double joules = std::numeric_limits<double>::quiet_NaN();  // of the model's answer
};

struct RecordedQuestions {
  std::vector<RecordedQuestion> rows;
  std::size_t labelled = 0, timed = 0, with_energy = 0;  // rows that have it
};

// Error (bad_input, at `where`): no prompts (as in public traces of lengths alone), an empty file, numbers that are
// none or below 0, times that run backwards, over a million rows.
RecordedQuestions read_recorded_questions(std::string_view content, std::string_view where);

}  // namespace wattline::policy
