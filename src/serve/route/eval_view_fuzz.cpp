#include <string>
#include <vector>

#include "kernel/error.h"
#include "serve/route/eval_view.h"
#include "serve/route/request_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  try {
    auto ask = serve::read_eval(std::string_view(reinterpret_cast<const char*>(data), size));
    static serve::RequestReader reader;
    policy::RequestView view;
    if (!reader.read(ask.chat, view)) __builtin_trap();  // what was brought to a chat completion is one
    view.query();
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {R"({"text":"urgent: help"})",
          R"({"model":"auto","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function"}]})"};
}
