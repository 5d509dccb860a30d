// A workload sent through the real HTTP door of any OpenAI-compatible server: prompts in, and for
// each the answer, whether it is right, and what it cost as the server accounts for it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/context.h"
#include "kernel/estimate.h"
#include "kernel/options.h"
#include "kernel/result.h"

namespace wattline::serve {

struct WorkloadOptions {
  std::string url = "http://127.0.0.1:8080";
  std::string model;  // "": the router "auto" where there is one, else the server's first
  InputFile file;  // CSV with columns prompt, and optionally expected, task; none: the built-in one
  std::int64_t limit = 0;  // 0: all prompts
  bool list = false;  // only show the prompts; nothing is asked
  std::int64_t max_tokens = 64;
  Duration timeout{60};
};

const Fields<WorkloadOptions>& workload_fields();
Result run_workload(const WorkloadOptions&, Context&);

// One answer, read from the response body of a chat completion.
struct WorkloadAnswer {
  std::string text, model;  // who answered, as the server says; "" where it does not
  std::int64_t tokens = 0;  // prompt and completion together
  // What the server says it cost; absent when it does not say (any other server).
  std::optional<Measure> energy, carbon, water;
};
WorkloadAnswer read_answer(std::string_view body);

// Right when the answer holds the expected text as words of its own, capitals and spaces apart.
bool answers(std::string_view answer, std::string_view expected);

}  // namespace wattline::serve
