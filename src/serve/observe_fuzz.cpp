#include <cstdint>
#include <string>
#include <vector>

#include "kernel/json.h"
#include "serve/access_log.h"
#include "serve/cache_control.h"
#include "serve/config_observe.h"
#include "serve/trace_context.h"

// Whatever a client's headers hold: what is taken can be written again and read as the same, and stands in
// one valid line of the log.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  using namespace wattline::serve;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  RequestInfo info;
  if (const auto c = parse_traceparent(text)) {
    std::string again;
    append_traceparent(again, *c);
    if (parse_traceparent(again) != c) __builtin_trap();
    info.context = *c;
  }
  if (sane_request_id(text)) info.id = text;
  CacheWish wish;
  read_cache_control(wish, text);
  if (wish.max_age_ns < 0) __builtin_trap();
  read_wattline_cache(wish, text);
  if (const auto headers = parse_header_list(text))
    for (const auto& [name, value] : *headers)
      if (name.empty() || value.reveal().find_first_of("\r\n") != std::string::npos) __builtin_trap();
  info.path = info.prompt = text;
  std::string line;
  append_access_line(line, info, text);
  if (line.find('\n') != line.size() - 1) __builtin_trap();
  parse_json(line);
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "no-store, max-age=60, no-cache, only-if-cached",
          "x-api-key=a%2Cb,other=c", "req-1.a_b:/+=@~", "on"};
}
