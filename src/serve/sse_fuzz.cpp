// All at once and in pieces must give the same events, and their bytes the stream.
#include <cstdlib>
#include <string>
#include <vector>

#include "serve/sse.h"

namespace {

std::vector<std::string> run(std::string_view stream, std::size_t step) {
  wattline::serve::SseParser parser;
  std::vector<std::string> out;
  std::string raw;
  for (std::size_t i = 0; i < stream.size(); i += step) {
    if (!parser.push(stream.substr(i, step))) break;
    while (auto e = parser.next()) {
      out.push_back(std::string(e->name) + '\x1f' + std::string(e->data));
      raw += e->raw;
    }
  }
  raw += parser.rest();
  if (raw != stream) std::abort();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view stream(reinterpret_cast<const char*>(data), size);
  const auto whole = run(stream, size + 1);
  if (run(stream, 1) != whole || run(stream, 3) != whole) std::abort();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"data: {\"choices\":[]}\n\n", "event: a\r\ndata: b\r\ndata: c\r\n\r\n: ping\r\n\r\n",
          "data: x\r\rdata: [DONE]\n\n"};
}
