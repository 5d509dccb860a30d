// One request: a prompt in, an answer out, piece by piece, with its tokens and its time. Runs on the
// calling thread alone and keeps no state between requests; any number may run at once on one model.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/quantity.h"
#include "lm/model.h"

namespace wattline::lm {

struct GenerateOptions {
  int max_tokens = 64;
  double temperature = 0;  // 0: always the likeliest token
  double top_p = 1;  // sample from the likeliest tokens that hold this much probability
  std::uint64_t seed = 0;
  std::vector<std::string> stop;  // the answer ends before the first of these
  bool score = false;  // also how sure the model was
};

struct Generation {
  enum Finish { stop, length, cancelled };
  std::string text;  // always valid UTF-8; what was not becomes U+FFFD
  std::int64_t prompt_tokens = 0, completion_tokens = 0;  // marks of the tokenizer included
  Finish finish = stop;
  // Mean of ln p of the tokens written, at temperature 1; NaN where it was not asked for.
  double mean_logprob = std::numeric_limits<double>::quiet_NaN();
  // Thread CPU time (CLOCK_THREAD_CPUTIME_ID) of reading the prompt and of writing the answer.
  Duration prefill_cpu, decode_cpu;
  // Wall-clock time to the first token and to the end.
  Duration time_to_first_token, total;
};

// `on_piece` gets the text as it settles, whole UTF-8 characters only, and returns false to stop
// (finish is then `cancelled`, as it is when `stop` is requested). It may be empty.
// Error: options out of range, or a prompt that leaves no room in the model's context.
Generation generate(const Model&, std::string_view prompt, const GenerateOptions&,
                    const std::function<bool(std::string_view piece)>& on_piece = {}, std::stop_token = {});

std::string_view to_string(Generation::Finish);

}  // namespace wattline::lm
