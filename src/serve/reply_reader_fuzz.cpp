// Whatever an upstream replies: read without fault; where it is an object, the account can be put in
// and the result is valid JSON again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "serve/reply_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static wattline::serve::ReplyReader reader;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (!reader.read(text).is_object) return 0;
  std::string middle;
  const auto i = wattline::serve::inject_account(text, "{\"energy\":1}", middle);
  const std::string whole = std::string(i.before) + middle + std::string(i.after);
  if (!reader.read(whole).is_object) std::abort();
  const auto nested = wattline::serve::inject_account(text, "{\"energy\":1}", middle, "response");
  if (!reader.read(std::string(nested.before) + middle + std::string(nested.after)).is_object) std::abort();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      R"({"type":"response.completed","response":{"status":"completed","output":[{"content":[{"text":"a"}]}],"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":1}}}})",
      R"({"type":"message_start","message":{"usage":{"input_tokens":25,"cache_read_input_tokens":2}},"delta":{"text":"x","stop_reason":"y"},"content":[{"thinking":"t","input":{}}]})",
      R"({"type":"response.created","response" : { } })",
      R"({"id":"a","choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":3}})",
      R"({"choices":[{"delta":{"content":"x","tool_calls":[{"function":{"arguments":"{"}}]}}],"usage":null})",
      R"({"error":{"message":"no","type":"x"}})",
      R"( { "usage" : { } } )"};
}
