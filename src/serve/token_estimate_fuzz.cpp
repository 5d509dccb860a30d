// Any body: an estimate that is a number and not below nothing.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "serve/token_estimate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::serve;
  static TokenEstimator estimator;
  std::string body(reinterpret_cast<const char*>(data), size);
  const std::string before = body;
  const TokenEstimate e = estimator.read(body);
  if (body != before || !std::isfinite(e.input) || e.input < 0 || e.answers < 1 || (e.output && !(*e.output >= 0)))
    std::abort();
  TokenCalibration c;
  c.learn(e, 5, 7);
  if (!(c.of(e) >= 0)) std::abort();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      R"({"model":"m","max_tokens":5,"n":2,"messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"data:x"}}]},)"
      R"({"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"42"}],"tools":[{"type":"function","function":{"name":"f"}}]})",
      R"({"model":"m","system":"s","max_output_tokens":1e3,"input":[{"type":"function_call_output","output":"x"},"text"],"text":{"format":{}}})",
      R"({"prompt":["a","b"],"max_completion_tokens":-1,"n":0})",
      R"({"messages":[{"role":"user","content":[{"type":"tool_use","input":{"a":1}},{"type":"tool_result","content":[{"type":"text","text":"r"}]},{"type":"thinking","thinking":"t"}]}]})",
      "not json",
      ""};
}
