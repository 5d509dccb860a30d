// A body that is taken must still be taken, and mean the same, after it was edited for an upstream.
#include <cstdlib>
#include <string>
#include <vector>

#include "serve/openai.h"

using namespace wattline::serve;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ChatReader reader;
  std::string body(reinterpret_cast<const char*>(data), size);
  const std::string before = body;
  const auto read = reader.read(body);
  if (body != before) std::abort();
  (void)read_chat_options(body);
  if (!std::holds_alternative<ChatRequest>(read)) {
    if (std::get<ApiError>(read).message.empty()) std::abort();
    return 0;
  }
  const auto& request = std::get<ChatRequest>(read);
  std::string edited;
  InsertedTexts texts;
  const BodyPieces forwarded = forward_body(body, request, "another \"model\"", true, texts);
  for (auto piece : forwarded.pieces()) edited += piece;
  const auto again = reader.read(edited);
  if (!std::holds_alternative<ChatRequest>(again)) std::abort();
  const auto& second = std::get<ChatRequest>(again);
  if (second.model != "another \"model\"" || second.stream != request.stream) std::abort();
  if (second.stream && !second.include_usage) std::abort();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true})",
          R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"}]}],)"
          R"("stream_options":{"include_usage":false,"x":[1,{"y":null}]},"stream":true,"seed":18446744073709551615})",
          R"({"mod\u0065l":"m","messages":[1],"stream_options":{ },"stop":["a"],"temperature":1e0})"};
}
