// Request bodies as the router reads them: any bytes, no fault.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "serve/route/request_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static wattline::serve::RequestReader reader;
  std::string body(reinterpret_cast<const char*>(data), size);
  wattline::policy::RequestView view;
  std::size_t sum = 0;
  if (reader.read(body, view)) {
    for (const auto& m : view.messages) sum += m.text.size();
    for (const auto& t : view.tools) sum += t.name.size();
    sum += static_cast<std::size_t>(wattline::policy::estimate_tokens(view).prompt);
  }
  return sum == SIZE_MAX ? 1 : 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {R"({"model":"auto","messages":[{"role":"user","content":"hi"}]})",
          R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url"}]}],"tools":[{}]})",
          R"({"metadata":{"a":"b"},"max_tokens":5,"stream":true})"};
}
