#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "text/canonical.h"
#include "text/keyword_matcher.h"

// The first line is a keyword, the second another, the rest a text. A rule for any and one for none of the
// same keywords must disagree, and a canonical text is its own canonical form.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::text;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t first = all.find('\n'), second = first == all.npos ? first : all.find('\n', first + 1);
  if (second == all.npos) return 0;
  const std::vector<std::string> keywords = {std::string(all.substr(0, first)),
                                             std::string(all.substr(first + 1, second - first - 1))};
  const std::string_view text = all.substr(second + 1);
  try {
    const std::vector<KeywordRule> rules = {{"any", keywords}, {"none", keywords, KeywordOperator::none}};
    const KeywordMatcher matcher(rules);
    KeywordMatcher::Scratch scratch;
    const auto hits = matcher.match(text, scratch);
    if (hits[0].matched == hits[1].matched) __builtin_trap();
  } catch (const wattline::Error&) {}
  const std::string canonical = canonical_text(text);
  if (canonical_text(canonical) != canonical) __builtin_trap();
  mixes_scripts(text);
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"urgent\nasap\nThis is URGENT, asap.", "\\d+\n证明\n请证明 42",
          "c++\n[a-z]+$\nC++ \xFF\xC3 \xF0\x9F\x98\x80?"};
}
