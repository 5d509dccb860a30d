// Replies and chunks of upstreams through each translator: whatever comes, what clients are told is JSON and
// whole events. Lines of the input are the chunks of a stream.
#include <cstdlib>
#include <string>
#include <vector>

#include "serve/dialect_anthropic.h"
#include "serve/json_text.h"
#include "serve/sse.h"

using namespace wattline::serve;

namespace {

void must(bool held) {
  if (!held) std::abort();
}

void check_events(const std::string& stream) {
  SseParser parser;
  must(parser.push(stream));
  while (const auto e = parser.next()) must(e->data == "[DONE]" || !check_json_object(e->data, "it"));
  must(parser.rest().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto whole = anthropic_to_chat_reply(all, 1);
  if (const auto* text = std::get_if<std::string>(&whole)) must(!check_json_object(*text, "it"));
  const ClientCall call;
  auto upstream = anthropic_stream(1);
  for (const auto* dialect : {&messages_dialect(), &responses_dialect(), &completions_dialect()}) {
    if (!check_json_object(all, "it")) must(!check_json_object(dialect->reply(call, all), "it"));
    auto stream = dialect->stream(call);
    std::string out;
    std::optional<ApiError> failed;
    for (std::size_t at = 0; at < all.size() && !failed;) {
      const std::size_t end = std::min(all.find('\n', at), all.size());
      const std::string_view line = all.substr(at, end - at);
      at = end + 1;
      if (check_json_object(line, "it")) continue;
      failed = stream->push(line, out);
      std::vector<std::string> chunks;
      upstream->push(line, chunks);
      for (const auto& c : chunks) {
        must(c == "[DONE]" || !check_json_object(c, "it"));
        if (c != "[DONE]" && !failed) failed = stream->push(c, out);
      }
    }
    failed ? stream->fail(*failed, out) : stream->finish(out);
    check_events(out);
  }
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "{\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\",\"reasoning_content\":"
      "\"b\"}}]}\n"
      "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\","
      "\"arguments\":\"{\"}}]}}]}\n"
      "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\","
      "\"arguments\":\"\"}},{\"index\":0,\"function\":{\"arguments\":\"}\"}}]}}]}\n"
      "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n{\"choices\":[],\"usage\":{\"prompt_"
      "tokens\":1}}\n",
      "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":1}}}\n{\"type\":\"content_"
      "block_start\",\"content_block\":{\"type\":\"thinking\",\"thinking\":\"x\"}}\n"
      "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"signature_delta\",\"signature\":\"s\"}}\n{\"type\":"
      "\"content_block_stop\"}\n"
      "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\","
      "\"input\":{}}}\n"
      "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}\n{\"type\":"
      "\"content_block_stop\"}\n"
      "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":5}}\n{"
      "\"type\":\"message_stop\"}\n",
      R"({"id":"m","content":[{"type":"text","text":"a"},{"type":"tool_use","id":"a","name":"f","input":{"x":1}}],"stop_reason":"end_turn","usage":{"input_tokens":1}})",
      R"({"id":"1","choices":[{"message":{"content":"a","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{"}}]},"finish_reason":"length"}],"usage":{"prompt_tokens":1}})"};
}
