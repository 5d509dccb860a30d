#include <cstdlib>
#include <string>
#include <vector>

#include "serve/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto target = wattline::serve::parse_target({reinterpret_cast<const char*>(data), size});
  if (!target) return 0;
  if (target->path.empty() || target->path[0] != '/') std::abort();
  if (target->path.find('\0') != std::string::npos) std::abort();
  if ((target->path + "/").find("/../") != std::string::npos) std::abort();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"/v1/chat/completions", "/api/v1/answers?limit=50&after=%41+b", "/a/%2e%2e/b?x=%zz", "/%c3%a9#x"};
}
