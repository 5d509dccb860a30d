#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "policy/check/check.h"
#include "policy/language/dsl.h"

// Whatever can be read can be checked.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  using namespace wattline::policy;
  std::vector<Finding> faults;
  const Document d = read_dsl({reinterpret_cast<const char*>(data), size}, "file", faults);
  CheckOptions options;
  options.branches = 200;
  options.encode = [](std::string_view text) { return std::vector<float>(2, static_cast<float>(text.size())); };
  try {
    check(d, options);
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "MODEL m { context_window_size: 10 }\nSIGNAL keyword a { keywords: [\"x\"] }\nSIGNAL context c { min_tokens: "
      "\"1K\" }\n"
      "SIGNAL complexity d { composer: { type: \"keyword\", name: \"a\" } }\nSIGNAL authz r {}\n"
      "PROJECTION score s { inputs: [{ type: \"keyword\", name: \"a\", weight: 0.5 }] }\n"
      "PROJECTION mapping n { source: \"s\" outputs: [{ name: \"l\", lt: 0.3 }, { name: \"h\", gte: 0.3 }] }\n"
      "ROUTE x {\n  PRIORITY 2\n  WHEN keyword(\"a\") AND NOT (context(\"c\") OR projection(\"l\"))\n  MODEL \"m\"\n}\n"
      "ROUTE y { WHEN complexity(\"d:hard\") MODEL \"m\" }\n",
      "SIGNAL embedding e { threshold: 0.5 candidates: [\"x\"] }\nSIGNAL embedding f { threshold: 0.5 candidates: "
      "[\"y\"] }\n"
      "PROJECTION partition p { members: [\"e\", \"f\"] default: \"e\" }\nROUTE x { WHEN embedding(\"e\") MODEL \"m\" "
      "}\n"
      "ROUTE y { TIER 2 WHEN embedding(\"f\") MODEL \"m\" }\nRECIPE r { ROUTE z { MODEL \"m\" } }\n"};
}
