// Any body is taken apart or refused, and what is taken apart keeps the question out of the scope.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "serve/semantic/compatible.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto a = wattline::serve::compatible_request(body, false, 1),
             b = wattline::serve::compatible_request(body, false, 1);
  if (a.scope != b.scope || a.question != b.question) __builtin_trap();
  if (!a.why_not.empty() && a.why_not.data() == nullptr) __builtin_trap();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      R"({"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"a \"b\" \\ \u0001 c"}],"temperature":0})",
      R"({"messages":[{"role":"user","content":[{"type":"text","text":"hi there you"}]}],"tools":[],"stream":true})",
      R"({"messages":[{"role":"user","content":"x"},{"role":"assistant","content":null},{"role":"user","content":"y"}],"user":"u"})"};
}
