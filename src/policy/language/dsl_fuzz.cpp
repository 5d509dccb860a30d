#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "policy/language/document_json.h"
#include "policy/language/dsl.h"

// What is read without a fault is written and read again as the same policy.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  using namespace wattline::policy;
  std::vector<Finding> faults;
  const Document d = read_dsl({reinterpret_cast<const char*>(data), size}, "file", faults);
  if (!faults.empty()) return 0;
  try {
    const Document again = read_dsl(write_dsl(d), "file", faults);
    if (!faults.empty() || !(document_json(again, Order::sorted) == document_json(d, Order::sorted))) __builtin_trap();
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "SIGNAL keyword a {\n  keywords: [\"x\", \"\\u00e9\"]\n  n: { a: 1.5, b: null }\n}\nROUTE r (description = "
      "\"d\", x = 1) {\n"
      "  PRIORITY 3\n  WHEN (keyword(\"a\") OR b(\"c\", on_error: match)) AND NOT d(e)\n  MODEL \"m\" (w = 2), n\n"
      "  ALGORITHM x { y: 1 }\n  PLUGIN p\n  EMIT retention { a: 1 }\n  ACTION route \"x\"\n}\n",
      "RECIPE a (description = \"x\") {\n  ROUTING { strategy: confidence, z: 1 }\n  PROJECTION score s {}\n}\n"
      "ENTRYPOINT { model_names: [\"a\"] recipe: \"a\" }\nBACKEND t n { a: 1 }\nGLOBAL {}\nCONFIG { v: \"1\" }\n"
      "TEST t { \"q\" -> r { tags: [\"a\"] } \"b\" → r }\nPLUGIN p q {}\nMODEL m {}\n"};
}
