#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "policy/cache/particulars.h"
#include "policy/cache/recorded_questions.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    for (const auto& q : wattline::policy::read_recorded_questions(text, "fuzz").rows)
      if (!wattline::policy::why_different(wattline::policy::particulars_of(q.text),
                                           wattline::policy::particulars_of(q.text))
               .empty())
        __builtin_trap();
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"prompt,label\nWhat is 1,000 + 2.5?,a\n\"Don't \"\"you\"\" know Paris?\",b\n",
          "question\tanswer\tseconds\nWho is it?\tme\t1\n",
          "{\"prompt\":\"Convert 10 USD to EUR\",\"label\":7,\"seconds\":1.5,\"energy_j\":20}\n\n{\"text\":\"x\"}\n",
          "{\"timestamp\":0.4,\"prompt_tokens\":467}\n"};
}
