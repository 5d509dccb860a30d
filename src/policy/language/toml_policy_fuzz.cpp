#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "policy/language/document_json.h"
#include "policy/language/toml_policy.h"

// What is read without a fault is written and read again as the same policy.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  using namespace wattline::policy;
  std::vector<Finding> faults;
  const Document d = read_toml_policy({reinterpret_cast<const char*>(data), size}, "file", faults);
  if (!faults.empty()) return 0;
  try {
    const Document again = read_toml_policy(write_toml_policy(d), "file", faults);
    if (!faults.empty() || !(document_json(again, Order::sorted) == document_json(d, Order::sorted))) __builtin_trap();
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "x = 1\n[routing]\nstrategy = \"confidence\"\n[[signal]]\ntype = \"keyword\"\nname = \"a\"\nkeywords = [\"x\"]\n"
      "[[decision]]\nname = \"d\"\nwhen = 'a(\"x\") and not b(\"y\")'\nmodels = [\"m\", { model = \"n\", w = 1 }]\n"
      "algorithm = { use = \"x\", y = 1 }\nplugins = [\"p\"]\n",
      "[[recipe]]\nname = \"r\"\n[[recipe.projection]]\nkind = \"score\"\nname = \"s\"\n[[recipe.probe]]\n"
      "query = \"q\"\ndecision = \"d\"\n[[entry]]\nmodels = [\"a\"]\nrecipe = \"r\"\n"};
}
