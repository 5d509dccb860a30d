// The same questions to several models and routers of a running server, one after the other for each question: how
// often each is right, what it costs, how fast it is, and what an oracle would have taken.
#pragma once

#include <string>
#include <vector>

#include "kernel/context.h"
#include "kernel/options.h"
#include "kernel/result.h"

namespace wattline::serve {

struct CompareOptions {
  std::string url = "http://127.0.0.1:8080";
  std::vector<std::string> models;  // empty: all that are served, the router and its algorithms
  InputFile file;  // CSV with columns prompt and expected, and optionally task
  std::int64_t questions = 120;  // of the built-in tasks, where there is no file
  bool list = false;  // only show the questions
  std::int64_t max_tokens = 64;
  Duration timeout{60};
};

const Fields<CompareOptions>& compare_fields();
Result run_compare(const CompareOptions&, Context&);

// What was asked of one model.
struct Tried {
  std::vector<double> right, joules, seconds;  // by question
  std::vector<double> alike;  // F1 of the answer and the expected one, by an encoder; empty where it was not asked for
};
struct Comparison {
  double accuracy = 0, low = 0, high = 0;  // Wilson, 95 %
  double relative = 0;  // accuracy over the baseline's
  double joules = 0;  // mean of an answer
  double saved = 0, saved_low = 0, saved_high = 0;  // share of the baseline's joules; 95 % by bootstrap over questions
};
// Both must have answered the same questions.
Comparison compare(const Tried& tried, const Tried& baseline, std::mt19937_64& random);
// For each question the cheapest right answer of `all`; the cheapest, where none is right.
Tried oracle(const std::vector<Tried>& all);

}  // namespace wattline::serve
