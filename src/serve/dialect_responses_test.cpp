// OpenAI responses and completions read into chat completions, and told from them. The shapes are those of
// OpenAI's reference and of the tests of its client libraries.
#include "serve/dialect_responses.h"

#include "serve/dialect_test.h"
#include "serve/openai.h"

namespace wattline::serve::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string chat(std::string_view body) { return chat_of(responses_to_chat(body)); }
std::string fault(std::string_view members) {
  return fault_of(responses_to_chat(R"({"model":"m","input":"Hi",)" + std::string(members) + "}"));
}
std::string fault_in(std::string_view input) {
  return fault_of(responses_to_chat(R"({"model":"m","input":)" + std::string(input) + "}"));
}

TEST(ResponsesRequest, APlainQuestion) {
  expect_json(
      chat(R"({"model":"gpt-5.4","input":"Tell me a three sentence bedtime story about a unicorn."})"),
      R"({"model":"gpt-5.4","messages":[{"role":"user","content":"Tell me a three sentence bedtime story about a unicorn."}]})");
}

TEST(ResponsesRequest, EverythingThatHasACounterpart) {
  const std::string got =
      chat(R"({"model":"m","instructions":"Be brief.","input":[{"role":"developer","content":"And kind."},
    {"role":"user","content":[{"type":"input_text","text":"what is in this?"},{"type":"input_image","image_url":"data:image/png;base64,AA==","detail":"low"},
      {"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}]}],
    "max_output_tokens":100,"temperature":0.20,"top_p":1,"stream":true,"store":true,"truncation":"auto","metadata":{"a":"b"},"background":false,"previous_response_id":null,
    "tools":[{"type":"function","name":"f","description":"d","parameters":{"type":"object","n":9007199254740993},"strict":true}],"tool_choice":{"type":"function","name":"f"},
    "parallel_tool_calls":false,"text":{"format":{"type":"json_schema","name":"x","schema":{"type":"object"},"strict":true},"verbosity":"low"},
    "reasoning":{"effort":"low","summary":"auto"},"include":["reasoning.encrypted_content","message.output_text.logprobs"],"user":"u","top_k":5,"seed":18446744073709551615})");
  expect_json(
      got,
      R"({"model":"m","messages":[{"role":"system","content":[{"type":"text","text":"Be brief."},{"type":"text","text":"And kind."}]},
    {"role":"user","content":[{"type":"text","text":"what is in this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA==","detail":"low"}},
      {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]}],
    "max_tokens":100,"temperature":0.20,"top_p":1,
    "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","n":9007199254740993},"strict":true}}],
    "tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,
    "response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object"},"strict":true}},"verbosity":"low","reasoning_effort":"low","logprobs":true,
    "user":"u","top_k":5,"seed":18446744073709551615,"stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_THAT(got, HasSubstr("\"seed\":18446744073709551615"));
  EXPECT_THAT(got, HasSubstr("9007199254740993"));
}

TEST(ResponsesRequest, ItemsOfOneTurnAreOneMessage) {
  expect_json(chat(R"({"model":"m","input":[{"role":"user","content":"Weather?"},
    {"type":"reasoning","id":"rs_wl_1","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},
    {"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"I look.","annotations":[]}]},
    {"type":"function_call","id":"fc_1","call_id":"a","name":"f","arguments":"{\"x\":9007199254740993}","status":"completed"},
    {"type":"function_call","call_id":"b","name":"g","arguments":"{}"},
    {"type":"function_call_output","call_id":"a","output":"15"},{"type":"function_call_output","call_id":"b","output":[{"type":"input_text","text":"rain"}]},
    {"type":"reasoning","id":"rs_foreign","summary":[],"encrypted_content":"gAAA"},
    {"type":"message","role":"assistant","content":"Rain."},{"role":"user","content":"Thanks"}]})"),
              R"({"model":"m","messages":[{"role":"user","content":"Weather?"},
    {"role":"assistant","content":"I look.","reasoning_content":"hm","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":9007199254740993}"}},
      {"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"a","content":"15"},{"role":"tool","tool_call_id":"b","content":"rain"},
    {"role":"assistant","content":"Rain."},{"role":"user","content":"Thanks"}]})");
}

TEST(ResponsesRequest, AnImageFromAToolFollowsAllResults) {
  expect_json(
      chat(
          R"({"model":"m","tool_choice":"auto","parallel_tool_calls":true,"tools":[],"input":[{"role":"user","content":"Shots?"},{"type":"function_call","call_id":"a","name":"f","arguments":"{}"},{"type":"function_call","call_id":"b","name":"f","arguments":"{}"},
    {"type":"function_call_output","call_id":"a","output":[{"type":"input_text","text":"shot"},{"type":"input_image","image_url":"data:image/png;base64,AA=="}]},
    {"type":"function_call_output","call_id":"b","output":"none"},{"type":"message","role":"assistant","content":"Nice."}]})"),
      R"({"model":"m","messages":[{"role":"user","content":"Shots?"},
    {"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"a","content":"shot"},{"role":"tool","tool_call_id":"b","content":"none"},
    {"role":"user","content":[{"type":"text","text":"Result of tool call a:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]},
    {"role":"assistant","content":"Nice."}]})");
}

TEST(ResponsesRequest, WhatCannotBeHandedOnIsNamed) {
  for (const char* members :
       {R"("previous_response_id":"resp_1")", R"("conversation":"c")", R"("prompt":{"id":"p"})", R"("background":true)",
        R"("messages":[])", R"("max_tokens":5)", R"("n":2)", R"("tool_choice":{"type":"web_search"})",
        R"("max_output_tokens":"many")", R"("stream":1)"}) {
    const std::string text(members);
    EXPECT_EQ(fault(members), text.substr(1, text.find('"', 1) - 1));
  }
  EXPECT_EQ(fault(R"("tools":[{"type":"web_search"}])"), "tools[0].type");
  EXPECT_EQ(fault(R"("text":{"format":{"type":"grammar"}})"), "text.format.type");
  EXPECT_EQ(fault(R"("text":{"tone":"dry"})"), "text.tone");
  EXPECT_EQ(fault_in("[]"), "input");
  EXPECT_EQ(fault_in("7"), "input");
  EXPECT_EQ(fault_in(R"([{"type":"item_reference","id":"x"}])"), "input[0].type");
  EXPECT_EQ(fault_in(R"([{"role":"robot","content":"x"}])"), "input[0].role");
  EXPECT_EQ(fault_in(R"([{"role":"user","content":[{"type":"input_image","file_id":"f"}]}])"),
            "input[0].content[0].file_id");
  EXPECT_EQ(fault_in(R"([{"role":"user","content":[{"type":"input_file","file_url":"https://x"}]}])"),
            "input[0].content[0].file_url");
  EXPECT_EQ(fault_in(R"([{"type":"function_call","call_id":"a","name":"f"}])"), "input[0].arguments");
  EXPECT_EQ(fault_in(R"([{"role":"user","role":"user","content":"x"}])"), "input[0].role");
  EXPECT_EQ(fault_of(responses_to_chat(R"({"input":"x"})")), "model");
  for (const char* text : {"", "[]", "{", "\xff"}) EXPECT_NE(fault_of(responses_to_chat(text)), "") << text;
}

TEST(ResponsesReply, WordsThoughtsAndCalls) {
  const ClientCall call{"",
                        R"({"instructions":"Be brief.","tools":[{"type":"function","name":"f"}],"temperature":0.20})"};
  expect_json(
      chat_to_responses_reply(
          call,
          R"({"id":"1","object":"chat.completion","created":1741569952,"model":"gpt-5.4","choices":[{"index":0,"message":{"role":"assistant","content":"Hello!","refusal":null,
    "reasoning_content":"hm","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}}]},"logprobs":{"content":[{"token":"Hello!","logprob":-0.1}]},"finish_reason":"tool_calls"}],
    "usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2},"wattline":{"answer_id":"wl-1"}}})"),
      R"({"id":"resp_1","object":"response","created_at":1741569952,"status":"completed","background":false,"error":null,"incomplete_details":null,"model":"gpt-5.4","output":[
    {"type":"reasoning","id":"rs_wl_1","summary":[],"content":[{"type":"reasoning_text","text":"hm"}],"status":"completed"},
    {"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[{"token":"Hello!","logprob":-0.1}],"text":"Hello!"}]},
    {"type":"function_call","id":"fc_1_0","call_id":"call_1","name":"f","arguments":"{\"a\": 1}","status":"completed"}],
    "previous_response_id":null,"store":false,"truncation":"disabled","instructions":"Be brief.","max_output_tokens":null,"max_tool_calls":null,"metadata":{},"parallel_tool_calls":true,
    "reasoning":{"effort":null,"summary":null},"temperature":0.20,"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[{"type":"function","name":"f"}],"top_p":null,"user":null,
    "usage":{"input_tokens":19,"input_tokens_details":{"cached_tokens":4},"output_tokens":10,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":29,"wattline":{"answer_id":"wl-1"}}})");
}

TEST(ResponsesReply, WhatIsNotWhole) {
  const Json cut =
      parse_json(chat_to_responses_reply({}, R"({"choices":[{"message":{"content":"a"},"finish_reason":"length"}]})"));
  EXPECT_EQ(cut.at("status").as_string(), "incomplete");
  EXPECT_EQ(cut.at("incomplete_details").at("reason").as_string(), "max_output_tokens");
  EXPECT_TRUE(cut.at("usage").is_null());
  const Json refused = parse_json(chat_to_responses_reply(
      {}, R"({"choices":[{"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}]})"));
  EXPECT_EQ(refused.at("output").as_array().at(0).at("content").as_array().at(0).at("refusal").as_string(), "No.");
  for (const char* odd : {"{}", R"({"choices":[]})", R"({"choices":7})", R"({"choices":[{"message":[]}]})",
                          R"({"choices":[{"message":{"tool_calls":[{}]}}]})"})
    EXPECT_EQ(parse_json(chat_to_responses_reply({}, odd)).at("object").as_string(), "response") << odd;
}

std::vector<std::string> names_of(std::string_view stream) {
  std::vector<std::string> out;
  std::int64_t number = 0;
  for (const auto& e : events_of(stream)) {
    const Json j = parse_json(e.data);
    EXPECT_EQ(j.at("type").as_string(), e.name);
    EXPECT_EQ(j.at("sequence_number").as_integer(), number++);
    out.push_back(e.name.substr(9));
  }
  return out;
}

TEST(ResponsesStream, Words) {
  auto s = responses_stream({"", R"({"instructions":"Be brief."})"});
  const std::string out = told(*s, {chunk_of(R"({"role":"assistant","content":""})"), chunk_of(R"({"content":"Hel"})"),
                                    chunk_of(R"({"content":"lo"})"), chunk_of("{}", "\"stop\""), usage_of(10, 2)});
  EXPECT_THAT(names_of(out), ElementsAre("created", "in_progress", "output_item.added", "content_part.added",
                                         "output_text.delta", "output_text.delta", "output_text.done",
                                         "content_part.done", "output_item.done", "completed"));
  EXPECT_THAT(
      out,
      HasSubstr(
          R"(data: {"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_chatcmpl-1_0","output_index":0,"content_index":0,"delta":"Hel","logprobs":[]})"));
  const Json last = parse_json(events_of(out).back().data).at("response");
  EXPECT_EQ(last.at("status").as_string(), "completed");
  EXPECT_EQ(last.at("instructions").as_string(), "Be brief.");
  EXPECT_EQ(last.at("output").as_array().at(0).at("content").as_array().at(0).at("text").as_string(), "Hello");
  EXPECT_EQ(last.at("usage").at("output_tokens").as_integer(), 2);
  EXPECT_EQ(last.at("usage").at("wattline").at("energy").at("value").as_number(), 1.5);
}

TEST(ResponsesStream, ThoughtsWordsAndCallsOneAfterTheOther) {
  const auto call = [](int index, const char* id, const char* name, const char* arguments) {
    JsonWriter w;
    w.begin_object().key("tool_calls").begin_array().begin_object().member("index", index);
    if (*id) w.member("id", id);
    w.key("function").begin_object();
    if (*name) w.member("name", name);
    w.member("arguments", arguments).end_object().end_object().end_array().end_object();
    return chunk_of(w.take());
  };
  auto s = responses_stream({});
  const std::string out = told(
      *s, {chunk_of(R"({"reasoning_content":"hm"})"), chunk_of(R"({"content":"Look:"})"), call(0, "a", "f", "{\"x\":"),
           call(1, "b", "g", "{"), call(0, "", "", "1}"), call(1, "", "", "}"), chunk_of("{}", "\"tool_calls\"")});
  EXPECT_THAT(names_of(out),
              ElementsAre("created", "in_progress", "output_item.added", "content_part.added", "reasoning_text.delta",
                          "reasoning_text.done", "content_part.done", "output_item.done", "output_item.added",
                          "content_part.added", "output_text.delta", "output_text.done", "content_part.done",
                          "output_item.done", "output_item.added", "function_call_arguments.delta",
                          "function_call_arguments.delta", "function_call_arguments.done", "output_item.done",
                          "output_item.added", "function_call_arguments.delta", "function_call_arguments.done",
                          "output_item.done", "completed"));
  const Json last = parse_json(events_of(out).back().data);
  const auto& items = last.at("response").at("output").as_array();
  ASSERT_EQ(items.size(), 4u);
  EXPECT_EQ(items[2].at("arguments").as_string(), "{\"x\":1}");
  EXPECT_EQ(items[2].at("call_id").as_string(), "a");
  EXPECT_EQ(items[3].at("arguments").as_string(), "{}");
}

TEST(ResponsesStream, CutAndBroken) {
  auto cut = responses_stream({});
  const std::string out = told(*cut, {chunk_of(R"({"content":"a"})"), chunk_of("{}", "\"length\"")});
  EXPECT_EQ(events_of(out).back().name, "response.incomplete");
  auto broken = responses_stream({});
  std::string text;
  broken->push(chunk_of(R"({"content":"a"})"), text);
  broken->fail(upstream_error(502, "it \"broke\"", "upstream_truncated"), text);
  const auto last = events_of(text).back();
  EXPECT_EQ(last.name, "response.failed");
  EXPECT_EQ(parse_json(last.data).at("response").at("error").at("message").as_string(), "it \"broke\"");
}

TEST(CompletionsOfAChat, OnePromptIsAQuestion) {
  const auto& d = completions_dialect();
  expect_json(
      chat_of(d.read(
          R"({"model":"m","prompt":"Say this is a test","max_tokens":7,"temperature":0.0,"seed":18446744073709551615,"echo":false,"best_of":1,"logprobs":null,"stream":true,"stream_options":{"include_usage":true}})")),
      R"({"model":"m","messages":[{"role":"user","content":"Say this is a test"}],"max_tokens":7,"temperature":0.0,"seed":18446744073709551615,"stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_THAT(chat_of(d.read(R"({"model":"m","prompt":["a"]})")), HasSubstr("\"max_tokens\":16"));
  EXPECT_EQ(fault_of(d.read(R"({"model":"m","prompt":["a","b"]})")), "prompt");
  EXPECT_EQ(fault_of(d.read(R"({"model":"m","prompt":[1,2]})")), "prompt");
  EXPECT_EQ(fault_of(d.read(R"({"model":"m"})")), "prompt");
  EXPECT_EQ(fault_of(d.read(R"({"model":"m","prompt":"a","echo":true})")), "echo");
  EXPECT_EQ(fault_of(d.read(R"({"model":"m","prompt":"a","best_of":3})")), "best_of");
  EXPECT_EQ(fault_of(d.read(R"({"model":"m","prompt":"a","messages":[]})")), "messages");
  EXPECT_EQ(fault_of(d.read(R"({"model":"m","prompt":"a","prompt":"b"})")), "the body.prompt");
}

TEST(CompletionsOfAChat, ToldAsCompletions) {
  const auto& d = completions_dialect();
  expect_json(
      d.reply(
          {},
          R"({"id":"chatcmpl-1","object":"chat.completion","created":5,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"length"}],"usage":{"prompt_tokens":1}})"),
      R"({"id":"cmpl-1","object":"text_completion","created":5,"model":"m","choices":[{"text":"Hi","index":0,"logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":1}})");
  auto s = d.stream({});
  const std::string out = told(*s, {chunk_of(R"({"role":"assistant","content":""})"), chunk_of(R"({"content":"Hi"})"),
                                    chunk_of("{}", "\"stop\""), usage_of(1, 1)});
  EXPECT_TRUE(out.ends_with("data: [DONE]\n\n"));
  EXPECT_THAT(out, HasSubstr(R"("choices":[{"text":"Hi","index":0,"logprobs":null,"finish_reason":null}])"));
  EXPECT_THAT(out, Not(HasSubstr("delta")));
}

}  // namespace
}  // namespace wattline::serve::tests
