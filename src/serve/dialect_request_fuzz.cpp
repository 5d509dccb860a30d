// Bodies of each dialect: what is taken must become a valid chat completion, and an Anthropic request of it
// a messages request that is taken again; a refusal says why.
#include <cstdlib>
#include <string>
#include <vector>

#include "serve/dialect_anthropic.h"
#include "serve/dialect_messages.h"
#include "serve/json_text.h"
#include "serve/openai.h"

using namespace wattline::serve;

namespace {

void must(bool held) {
  if (!held) std::abort();
}

void look(const std::variant<ClientCall, ApiError>& read) {
  if (const auto* e = std::get_if<ApiError>(&read)) return must(!e->message.empty() && e->status >= 400);
  const std::string& chat = std::get<ClientCall>(read).chat;
  must(!check_json_object(chat, "it"));
  const auto told = chat_to_anthropic(chat, "m", 16);
  if (const auto* e = std::get_if<ApiError>(&told)) return must(!e->message.empty());
  must(!check_json_object(std::get<std::string>(told), "it"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const auto* dialect : {&messages_dialect(), &responses_dialect(), &completions_dialect()})
    look(dialect->read(body));
  look(messages_to_chat(body, true));
  const auto told = chat_to_anthropic(body, "m", 16);
  if (const auto* text = std::get_if<std::string>(&told)) must(!check_json_object(*text, "it"));
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      R"({"model":"m","max_tokens":5,"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}}]},)"
      R"({"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{"x":1.50e300}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"\ud800"}]}]}],)"
      R"("tools":[{"name":"f","input_schema":{}}],"tool_choice":{"type":"any"},"stop_sequences":["x"],"metadata":{"user_id":"u","k":1},"stream":true})",
      R"({"model":"m","instructions":"i","input":[{"role":"user","content":[{"type":"input_text","text":"t"}]},{"type":"function_call","call_id":"a","name":"f","arguments":"{"},)"
      R"({"type":"function_call_output","call_id":"a","output":"o"},{"type":"reasoning","id":"rs_wl_1","content":[{"text":"x"}]}],"text":{"format":{"type":"json_object"}},"include":["x"]})",
      R"({"model":"m","prompt":["p"],"max_tokens":3,"echo":false})",
      R"({"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:a/b;base64,AA"}}]},)"
      R"({"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"[1]"}}]},{"role":"tool","tool_call_id":"a","content":"r"}],"n":1,"stop":"x","temperature":0.5})"};
}
