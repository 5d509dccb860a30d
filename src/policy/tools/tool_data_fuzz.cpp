#include <string>
#include <vector>

#include "kernel/error.h"
#include "policy/tools/tool_data.h"

// The first line is of tools, the rest of queries.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(all.find('\n'), all.size());
  try {
    auto tools = wattline::policy::read_tools(all.substr(0, line), "fuzz");
    auto queries = wattline::policy::read_tool_queries(all.substr(std::min(line + 1, all.size())), "fuzz", tools);
    wattline::policy::split_tool_queries(queries, 5);
    wattline::policy::drop_unused_tools(tools, queries);
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"{\"a\":\"does a\",\"b\":\"\"}\nquery,tool\nWhat?,a\n\"x, y\",b\n",
          "[{\"type\":\"function\",\"function\":{\"name\":\"f\"}},{\"tool\":{\"name\":\"g\"},\"description\":\"d\"}]\n"
          "[{\"query\":\"x\",\"tool\":[\"f\",\"g\"]},{\"question\":\"y\",\"label\":\"g\"}]"};
}
