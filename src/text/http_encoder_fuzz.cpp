// Replies of /v1/embeddings: a vector or an Error.
#include <string>
#include <vector>

#include "kernel/error.h"
#include "text/http_encoder.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::vector<float> vector;
  try {
    wattline::text::read_embedding({reinterpret_cast<const char*>(data), size}, vector, "fuzz");
    if (vector.empty()) __builtin_trap();
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {R"({"data":[{"embedding":[0.1,-2e-3,1],"index":0}],"model":"m","usage":{"prompt_tokens":3}})",
          R"({"data":[]})"};
}
