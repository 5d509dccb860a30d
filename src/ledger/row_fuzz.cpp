// A row of the account as others may have written it: read, written and read again it is the same row,
// and whatever is taken for a fact can be one.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "ledger/row.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  using namespace wattline::ledger;
  const auto must = [](bool holds) {
    if (!holds) __builtin_trap();
  };
  try {
    Row row = parse_row(parse_json({reinterpret_cast<const char*>(data), size}));
    row.fact = checked(row.fact);
    must(std::isfinite(row.fact.energy.raw().value()) && row.fact.energy.raw().value() >= 0);
    must(row.fact.end >= row.fact.begin);
    const std::string text = canonical(row);
    must(hash_of(text).size() == first_link.size());
    must(canonical(parse_row(parse_json(text))) == text);
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      R"({"v":1,"writer":"w","seq":1,"prev":"00","uid":"u","recorded":1764000000000000000,"corrects":"","factors":"2026-11-25-abc",)"
      R"("kind":"answer","begin":1764000000000000000,"end":1764000001000000000,"energy":{"value":12.5,"sd":0.5,)"
      R"("by":{"pue.default":1.5,"grid.FR.2023":-0.25},"method":"modelled","signed":false,"sources":["cpu model","a"]},)"
      R"("in":12,"out":3,"model":"glow-xs","device":"","place":"FR","labels":[["team","a"],["run","b"]]})"};
}
