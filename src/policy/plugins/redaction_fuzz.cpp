// Redaction: whatever is said and however the answer is cut, a stream tells what a whole text tells, and what is taken
// out comes back.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/plugins/redaction.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::policy;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Draft d;
  d.messages.emplace_back().texts.push_back({std::string(text)});
  Redaction r;
  r.apply(d);
  const std::string& out = d.messages[0].texts[0].text;
  if (r.restored(out) != text) __builtin_trap();
  Restorer stream(r);
  std::string told;
  for (std::size_t at = 0, n = 1; at < out.size(); at += n, n = 1 + at % 7)
    told += stream.push(std::string_view(out).substr(at, n));
  told += stream.finish();
  if (told != text) __builtin_trap();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"mail ada@example.org and +1 (555) 867-5309", "[EMAIL_ADDRESS_1] a@b.co [EMAIL_ADDRESS_",
          "4111111111111111 [[["};
}
