// Whatever stands in a file of learned state is read or refused, and no algorithm takes what is none of its states.
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "serve/feedback/learned_state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  try {
    const auto read = serve::read_learned_state({reinterpret_cast<const char*>(data), size}, "fuzz");
    for (const auto& [name, state] : read) {
      try {
        auto s = policy::make_selector(name.algorithm, Json::Object{}, "fuzz");
        s->restore(state);
        (void)s->state();
      } catch (const Error&) {}
    }
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  std::vector<std::string> out;
  for (const char* learned :
       {R"("thompson","state":{"models":{"a":{"good":1,"bad":2}}})",
        R"("conservative_q","state":{"weights":{"a":[1,2,3,4]}})",
        R"("linucb","state":{"dimension":2,"arms":{"a":{"seen":1,"inverse":[1,0,0,1],"b":[0,0]}}})"})
    out.push_back(std::string(R"({"version":1,"learned":[{"router":"r","decision":"d","algorithm":)") + learned +
                  "}]}");
  return out;
}
