// Replies and chunks: any JSON object goes through the restorer and is JSON again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/error.h"
#include "kernel/json.h"
#include "serve/json_text.h"
#include "serve/plugins/reply_texts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  policy::Redaction redaction;
  policy::Draft d;
  d.messages.emplace_back().texts.push_back({"ada@example.org"});
  redaction.apply(d);
  serve::GatheredAnswer gathered;
  gather(text, gathered);
  serve::ReplyRestorer stream(redaction);
  std::vector<std::string> told;
  bool valid = true;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    valid = valid && !serve::check_json_object(line, "x");
    told.push_back(stream.push(line));
    told.push_back(serve::restored_reply(line, redaction));
  }
  if (const std::string rest = stream.finish(); !rest.empty()) told.push_back(rest);
  if (!valid) return 0;
  for (const auto& t : told) try {
      parse_json(t);
    } catch (const Error&) {
      __builtin_trap();
    }
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x "
      "[EMAIL_\"}}]}\n{\"choices\":[{\"index\":0,\"delta\":{\"content\":"
      "\"ADDRESS_1] [\"}}]}\n{\"choices\":[{\"index\":0,\"delta\":{\"content\":null},\"finish_reason\":\"stop\"}]}",
      "{\"choices\":[{\"message\":{\"content\":\"[EMAIL_ADDRESS_1]\",\"tool_calls\":[{\"index\":1,\"function\":{"
      "\"arguments\":"
      "\"[EMAIL\"}}]}}]}"};
}
