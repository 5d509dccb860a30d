#include <string>
#include <vector>

#include "serve/feedback/feedback_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::serve;
  const auto read = read_feedback(std::string_view(reinterpret_cast<const char*>(data), size));
  if (const auto* ask = std::get_if<FeedbackAsk>(&read)) {
    if (!(ask->verdict.quality >= 0 && ask->verdict.quality <= 1) || ask->answer_id.empty()) __builtin_trap();
    ask->verdict.told();
  }
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {R"({"answer_id":"wl-0123456789abcdef","rating":"up"})", R"({"answer_id":"chatcmpl-wl-1","score":0.5})",
          R"({"label":"underpowered","answer_id":"wl-1"})", R"({"answer_id":"wl-1","better_than":"wl-2"})"};
}
