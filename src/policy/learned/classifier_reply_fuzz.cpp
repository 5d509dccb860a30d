#include <string>
#include <vector>

#include "kernel/error.h"
#include "policy/learned/classifier_reply.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  try {
    const auto all = policy::read_classifier_reply(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
    for (const auto& [label, score] : all)
      if (label.empty() || !(score >= 0 && score <= 1)) __builtin_trap();
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {R"({"label":"toxic","score":0.9})", R"({"labels":[{"label":"ok","score":0.1}]})",
          R"({"scores":{"ok":0.1,"toxic":0.9}})", R"([[{"label":"ok","score":0.1}]])"};
}
