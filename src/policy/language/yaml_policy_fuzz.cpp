#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "policy/language/document_json.h"
#include "policy/language/yaml_policy.h"

// What is read without a fault is written and read again as the same policy.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  using namespace wattline::policy;
  std::vector<Finding> faults;
  const Document d = read_yaml_policy({reinterpret_cast<const char*>(data), size}, "file", faults);
  if (!faults.empty()) return 0;
  try {
    const Document again = read_yaml_policy(write_yaml_policy(d), "file", faults);
    if (!faults.empty() || !(document_json(again, Order::sorted) == document_json(d, Order::sorted))) __builtin_trap();
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "routing:\n  signals:\n    keywords:\n    - name: a\n      keywords: [x]\n  decisions:\n  - name: d\n"
      "    priority: 3\n    rules: {operator: NOT, conditions: [{type: keyword, name: a}]}\n"
      "    modelRefs: [{model: m, use_reasoning: true}]\n    algorithm: {type: static, static: {a: 1}}\n",
      "recipes:\n- name: r\n  routing: {projections: {scores: [{name: s}]}, plugins: [{name: a, type: b}]}\n"
      "entrypoints:\n- {model_names: [a], recipe: r}\nversion: v0.3\n"};
}
