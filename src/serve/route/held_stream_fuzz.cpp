// A stream of any bytes adds up to a reply that is JSON, and is told whole.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "kernel/json.h"
#include "serve/route/evidence.h"
#include "serve/route/held_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::serve;
  SseParser parser;
  HeldStream held(4096);
  if (!parser.push({reinterpret_cast<const char*>(data), size})) return 0;
  std::size_t kept = 0, told = 0;
  while (const auto e = parser.next()) {
    ++kept;
    if (!held.keep(*e)) break;
  }
  const std::string reply = held.reply();
  wattline::parse_json(reply);
  (void)evidence_of(reply, true);
  held.drop_logprobs();
  while (held.next()) ++told;
  if (told != kept) std::abort();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"logprobs\":{\"content\":[{\"token\":\"a\","
      "\"logprob\":-1}]},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
      "event: x\ndata: "
      "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":2,\"function\":{\"arguments\":\"{\"}}]}}]}\n\n",
      ": nothing\n\ndata: [1\n\n",
  };
}
