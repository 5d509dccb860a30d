// What a policy makes of a request, in the shape of the reference router's `POST /api/v1/eval`: the names of signals by
// type, those that matched and those that did not, confidences, the decision with its candidates. The same that `serve
// explain` shows; what is not needed for a decision is not evaluated, and then in neither list.
//
// Shape: vLLM Semantic Router, response of the evaluation endpoint (EvalResponse), with our own members under "wattline".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/engine.h"
#include "serve/route/told.h"

namespace wattline::serve {

struct EvalView {
  const policy::Engine* engine = nullptr;
  const policy::Engine::Scratch* scratch = nullptr;  // of the decision that was just made
  std::string_view text;  // that was classified
  std::string_view requested_model;
  const RouteTold* told = nullptr;
  std::string_view selected_model;  // "" when none can answer
};
std::string eval_json(const EvalView&);

// Reads the body of such a request: {"text": "..."} or {"messages": [...], "tools": [...], "metadata": {...}}, and
// brings it to a chat completion. Error(bad_input) when it has neither, or is no object.
struct EvalAsk {
  std::string model;  // "" when none is named
  std::string chat;
};
EvalAsk read_eval(std::string_view body);

}  // namespace wattline::serve
