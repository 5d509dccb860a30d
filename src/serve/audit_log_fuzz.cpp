// Any text as an audit log: a verdict, and what is said to hold was made by nobody but the log itself.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "serve/audit_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::serve;
  const auto check = check_audit({reinterpret_cast<const char*>(data), size});
  if (check.last_hash.size() != 64 || check.lines < 0) std::abort();
  if (size == 0 && !check.first_fault.empty()) std::abort();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "{\"seq\":1,\"time\":\"2026-11-25T00:00:00Z\",\"actor\":\"a\",\"action\":\"b\",\"subject\":\"c\",\"detail\":{},"
      "\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\","
      "\"hash\":\"0000000000000000000000000000000000000000000000000000000000000000\"}\n",
      "{\"seq\":1}\n{\"seq\"", "\n\n"};
}
