// Anthropic messages read into chat completions, and told from them. The shapes are those of Anthropic's
// reference and of the tests of its client libraries.
#include "serve/dialect_messages.h"

#include "serve/dialect_test.h"
#include "serve/openai.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string chat(std::string_view body) { return chat_of(messages_to_chat(body)); }
std::string fault(std::string_view body) { return fault_of(messages_to_chat(body)); }
// A body around the member that is tried.
std::string with(std::string_view members) {
  return R"({"model":"m","max_tokens":5,"messages":[{"role":"user","content":"Hi"}],)" + std::string(members) + "}";
}
std::string with_content(std::string_view content, std::string_view role = "user") {
  return R"({"model":"m","max_tokens":5,"messages":[{"role":")" + std::string(role) + R"(","content":)" +
         std::string(content) + "}]}";
}

TEST(MessagesRequest, APlainQuestion) {
  expect_json(
      chat(R"({"model":"claude-opus-4-6","max_tokens":1024,"messages":[{"role":"user","content":"Hello, Claude"}]})"),
      R"({"model":"claude-opus-4-6","messages":[{"role":"user","content":"Hello, Claude"}],"max_tokens":1024})");
}

TEST(MessagesRequest, EverythingThatHasACounterpart) {
  expect_json(
      chat(R"({"model":"m","max_tokens":1024,"stream":true,
    "system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],
    "messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}],
    "stop_sequences":["END","\n\n"],"temperature":0.70,"top_p":1,"top_k":40,"seed":18446744073709551615,
    "metadata":{"user_id":"u-1"},"thinking":{"type":"enabled","budget_tokens":2048},
    "tool_choice":{"type":"any","disable_parallel_tool_use":true},
    "tools":[{"name":"get_weather","description":"Get the current weather","input_schema":{"type":"object","properties":{"n":{"maximum":9007199254740993}}},"cache_control":{"type":"ephemeral"}}],
    "output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}},"chat_template_kwargs":{"a":[1]}})"),
      R"({"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}],"max_tokens":1024,
    "stop":["END","\n\n"],"temperature":0.70,"top_p":1,"top_k":40,"seed":18446744073709551615,"user":"u-1",
    "tool_choice":"required","parallel_tool_calls":false,
    "tools":[{"type":"function","function":{"name":"get_weather","description":"Get the current weather","parameters":{"type":"object","properties":{"n":{"maximum":9007199254740993}}}}}],
    "reasoning_effort":"low","response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":{"type":"object"}}},
    "chat_template_kwargs":{"a":[1]},"stream":true,"stream_options":{"include_usage":true}})");
}

TEST(MessagesRequest, LabelsThatAreTooLongAreLeftOut) {
  EXPECT_THAT(chat(with(R"("metadata":{"user_id":")" + std::string(64, 'u') + R"("})")), HasSubstr("\"user\":\"uuu"));
  EXPECT_THAT(chat(with(R"("metadata":{"user_id":")" + std::string(65, 'u') + R"("})")),
              Not(HasSubstr("\"user\":\"uuu")));
  EXPECT_THAT(chat(with(R"("output_config":{"effort":"max"})")), HasSubstr(R"("reasoning_effort":"xhigh")"));
}

TEST(MessagesRequest, AChoiceAmongNoToolsIsNone) {
  expect_json(chat(with(R"("tools":[],"tool_choice":{"type":"auto","disable_parallel_tool_use":true})")),
              R"({"model":"m","messages":[{"role":"user","content":"Hi"}],"max_tokens":5})");
}

TEST(MessagesRequest, NumbersStayDigitForDigit) {
  const std::string got = chat(with(R"("temperature":0.70,"seed":18446744073709551615,"x":1.2300e300,"y":-0.0)"));
  for (const char* text :
       {"\"temperature\":0.70,", "\"seed\":18446744073709551615,", "\"x\":1.2300e300,", "\"y\":-0.0"})
    EXPECT_THAT(got, HasSubstr(text));
}

TEST(MessagesRequest, ToolCallsAndTheirResults) {
  expect_json(chat(R"({"model":"m","max_tokens":9,"messages":[
    {"role":"user","content":"Weather in SF and NYC?"},
    {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"EqQBCgIYAhIM1gbcDa9GJwZA2b3h"},{"type":"text","text":"I'll "},{"type":"text","text":"look."},
      {"type":"tool_use","id":"toolu_01","name":"get_weather","input":{"location":"SF","n":9007199254740993}},
      {"type":"tool_use","id":"toolu_02","name":"get_weather","input":{"location":"NYC"}}]},
    {"role":"user","content":[
      {"type":"text","text":"Here:"},
      {"type":"tool_result","tool_use_id":"toolu_01","content":"15 degrees"},
      {"type":"tool_result","tool_use_id":"toolu_02","is_error":true,"content":[{"type":"text","text":"no network"}]}]}]})"),
              R"({"model":"m","messages":[
    {"role":"user","content":"Weather in SF and NYC?"},
    {"role":"assistant","content":"I'll look.","tool_calls":[
      {"id":"toolu_01","type":"function","function":{"name":"get_weather","arguments":"{\"location\":\"SF\",\"n\":9007199254740993}"}},
      {"id":"toolu_02","type":"function","function":{"name":"get_weather","arguments":"{\"location\":\"NYC\"}"}}]},
    {"role":"tool","tool_call_id":"toolu_01","content":"15 degrees"},
    {"role":"tool","tool_call_id":"toolu_02","content":[{"type":"text","text":"The tool failed."},{"type":"text","text":"no network"}]},
    {"role":"user","content":"Here:"}],"max_tokens":9})");
}

TEST(MessagesRequest, ImagesAndDocuments) {
  expect_json(
      chat(with_content(R"([{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}},
    {"type":"image","source":{"type":"url","url":"https://example.com/a.jpg"}},
    {"type":"document","title":"a.pdf","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}},
    {"type":"document","source":{"type":"text","media_type":"text/plain","data":"words"}},
    {"type":"text","text":"What is this?"}])")),
      R"({"model":"m","messages":[{"role":"user","content":[
    {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}},
    {"type":"image_url","image_url":{"url":"https://example.com/a.jpg"}},
    {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}},
    {"type":"text","text":"words"},{"type":"text","text":"What is this?"}]}],"max_tokens":5})");
}

TEST(MessagesRequest, AnImageFromAToolFollowsInTheUsersTurn) {
  expect_json(
      chat(with_content(
          R"([{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"shot"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}}]}])")),
      R"({"model":"m","messages":[{"role":"tool","tool_call_id":"t1","content":"shot"},
    {"role":"user","content":[{"type":"text","text":"Result of tool call t1:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}],"max_tokens":5})");
}

TEST(MessagesRequest, WhatWeMadeOfUnsignedThoughtsReturnsAsSuch) {
  EXPECT_THAT(chat(with_content(
                  R"([{"type":"thinking","thinking":"so","signature":"wattline:unsigned"},{"type":"text","text":"a"}])",
                  "assistant")),
              HasSubstr(R"("reasoning_content":"so")"));
  const std::string foreign = chat(with_content(
      R"([{"type":"thinking","thinking":"so","signature":"EqQB"},{"type":"redacted_thinking","data":"xx"},{"type":"text","text":"a"}])",
      "assistant"));
  EXPECT_THAT(foreign, Not(HasSubstr("so")));
  EXPECT_THAT(foreign, Not(HasSubstr("xx")));
}

TEST(MessagesRequest, WhatCannotBeHandedOnIsNamed) {
  EXPECT_EQ(
      fault(with(R"("tools":[{"name":"a","input_schema":{}},{"type":"web_search_20250305","name":"web_search"}])")),
      "tools[1].type");
  EXPECT_EQ(fault(with(R"("mcp_servers":[{"type":"url"}])")), "mcp_servers");
  EXPECT_EQ(fault(with(R"("container":"c_1")")), "container");
  EXPECT_EQ(fault(with(R"("inference_geo":"eu")")), "inference_geo");
  EXPECT_EQ(fault(with_content(R"([{"type":"image","source":{"type":"file","file_id":"f"}}])")),
            "messages[0].content[0].source.type");
  EXPECT_EQ(fault(with_content(R"([{"type":"search_result"}])")), "messages[0].content[0].type");
  EXPECT_EQ(fault(with_content(R"([{"type":"server_tool_use"}])", "assistant")), "messages[0].content[0].type");
  EXPECT_EQ(fault(with(R"("output_config":{"format":{"type":"grammar"}})")), "output_config.format.type");
  EXPECT_EQ(fault(with(R"("stop":["x"])")), "stop");
  EXPECT_EQ(fault(with(R"("n":2)")), "n");
  // What asks for nothing is no fault.
  EXPECT_EQ(
      fault(with(
          R"("mcp_servers":[],"container":null,"tools":[],"stop_sequences":null,"tool_choice":null,"metadata":null,"output_config":null)")),
      "");
}

TEST(MessagesRequest, WrongKindsAreNamed) {
  EXPECT_EQ(fault(R"({"max_tokens":5,"messages":[{"role":"user","content":"Hi"}]})"), "model");
  EXPECT_EQ(fault(R"({"model":"m","messages":[{"role":"user","content":"Hi"}]})"), "max_tokens");
  EXPECT_EQ(fault(R"({"model":"m","max_tokens":0,"messages":[{"role":"user","content":"Hi"}]})"), "max_tokens");
  EXPECT_EQ(fault(R"({"model":"m","max_tokens":1.5,"messages":[{"role":"user","content":"Hi"}]})"), "max_tokens");
  EXPECT_EQ(fault(R"({"model":"m","max_tokens":5})"), "messages");
  EXPECT_EQ(fault(R"({"model":"m","max_tokens":5,"messages":[]})"), "messages");
  EXPECT_EQ(fault(R"({"model":"m","max_tokens":5,"messages":["x"]})"), "messages[0]");
  EXPECT_EQ(fault(R"({"model":"m","max_tokens":5,"messages":[{"role":"robot","content":"x"}]})"), "messages[0].role");
  EXPECT_EQ(fault(with_content("5")), "messages[0].content");
  EXPECT_EQ(fault(with_content(R"([{"text":"x"}])")), "messages[0].content[0].type");
  EXPECT_EQ(fault(with_content(R"([{"type":"text","text":5}])")), "messages[0].content[0].text");
  EXPECT_EQ(fault(with_content(R"([{"type":"tool_use","id":"a","name":"b","input":"c"}])", "assistant")),
            "messages[0].content[0].input");
  EXPECT_EQ(fault(with(R"("model":"again")")), "the body.model");
  EXPECT_EQ(fault(with(R"("stream":"yes")")), "stream");
  EXPECT_EQ(fault(with(R"("tool_choice":"auto")")), "tool_choice");
  EXPECT_EQ(fault(with(R"("tool_choice":{"type":"all"})")), "tool_choice.type");
  for (const char* text : {"", "[]", "{", "nonsense", "{\"model\":\"\xc3\"}"}) EXPECT_NE(fault(text), "") << text;
}

TEST(MessagesRequest, DeepAndHugeBodiesEnd) {
  std::string deep = "[";
  for (int i = 0; i < 5000; ++i) deep += "[";
  EXPECT_NE(fault(with_content(deep)), "");
  const std::string image(4 << 20, 'A');
  const std::string got = chat(with_content(
      R"([{"type":"image","source":{"type":"base64","media_type":"image/png","data":")" + image + R"("}}])"));
  EXPECT_THAT(got, HasSubstr(image));
}

TEST(MessagesRequest, IsAChatCompletionThatIsTaken) {
  std::string body = chat(with(R"("stream":true)"));
  ChatReader reader;
  const auto read = reader.read(body);
  ASSERT_TRUE(std::holds_alternative<ChatRequest>(read));
  EXPECT_TRUE(std::get<ChatRequest>(read).stream);
  EXPECT_TRUE(std::get<ChatRequest>(read).include_usage);
}

TEST(MessagesReply, ToldFromAChatCompletion) {
  expect_json(
      chat_to_messages_reply(
          R"({"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion","created":1741569952,"model":"gpt-5.4",
    "choices":[{"index":0,"message":{"role":"assistant","content":"Hello!","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],
    "usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},"wattline":{"answer_id":"wl-1"}}})"),
      R"({"id":"msg_chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","type":"message","role":"assistant","model":"gpt-5.4",
    "content":[{"type":"text","text":"Hello!"}],"stop_reason":"end_turn","stop_sequence":null,
    "usage":{"input_tokens":15,"cache_creation_input_tokens":0,"cache_read_input_tokens":4,"output_tokens":10,"wattline":{"answer_id":"wl-1"}}})");
}

TEST(MessagesReply, ToolCallsAndThoughts) {
  expect_json(
      chat_to_messages_reply(
          R"({"id":"1","model":"m","choices":[{"message":{"role":"assistant","content":null,"reasoning_content":"hm",
    "tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"n\": 9007199254740993}"}},
                  {"id":"call_2","type":"function","function":{"name":"g","arguments":""}},
                  {"id":"call_3","type":"function","function":{"name":"h","arguments":"{broken"}}]},"finish_reason":"stop"}]})"),
      R"({"id":"msg_1","type":"message","role":"assistant","model":"m","content":[
    {"type":"thinking","thinking":"hm","signature":"wattline:unsigned"},
    {"type":"tool_use","id":"call_1","name":"f","input":{"n":9007199254740993}},{"type":"tool_use","id":"call_2","name":"g","input":{}},
    {"type":"tool_use","id":"call_3","name":"h","input":{"arguments":"{broken"}}],"stop_reason":"tool_use","stop_sequence":null,
    "usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}})");
  EXPECT_THAT(
      chat_to_messages_reply(
          R"({"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{\"n\": 9007199254740993}"}}]}}]})"),
      HasSubstr("9007199254740993"));
}

TEST(MessagesReply, WhyItEnded) {
  const auto reason = [](std::string_view choice) {
    return parse_json(
               chat_to_messages_reply(R"({"choices":[{"message":{"content":"a"},)" + std::string(choice) + "}]}"))
        .at("stop_reason")
        .as_string();
  };
  EXPECT_EQ(reason(R"("finish_reason":"length")"), "max_tokens");
  EXPECT_EQ(reason(R"("finish_reason":"content_filter")"), "refusal");
  EXPECT_EQ(reason(R"("finish_reason":"tool_calls")"), "tool_use");
  EXPECT_EQ(reason(R"("finish_reason":"stop","stop_reason":"END")"), "stop_sequence");
  EXPECT_EQ(reason(R"("finish_reason":"stop","stop_reason":128009)"), "end_turn");
  EXPECT_EQ(reason(R"("finish_reason":null)"), "end_turn");
}

TEST(MessagesReply, FailuresInItsShape) {
  expect_json(messages_error(invalid_request("'max_tokens' must be given", "max_tokens")),
              R"({"type":"error","error":{"type":"invalid_request_error","message":"'max_tokens' must be given"}})");
  const auto type = [](int status) {
    return parse_json(messages_error(api_error(status, "x", "y"))).at("error").at("type").as_string();
  };
  EXPECT_EQ(type(401), "authentication_error");
  EXPECT_EQ(type(403), "permission_error");
  EXPECT_EQ(type(404), "not_found_error");
  EXPECT_EQ(type(413), "request_too_large");
  EXPECT_EQ(type(429), "rate_limit_error");
  EXPECT_EQ(type(502), "api_error");
  EXPECT_EQ(type(503), "overloaded_error");
}

TEST(MessagesStream, Words) {
  auto s = messages_stream();
  const std::string out =
      told(*s, {chunk_of(R"({"role":"assistant","content":""})"), chunk_of(R"({"content":"Hel"})"),
                chunk_of(R"({"content":"lo \ud83d\ude00"})"), chunk_of("{}", "\"stop\""), usage_of(10, 2)});
  EXPECT_EQ(out,
            R"(event: message_start
data: {"type":"message_start","message":{"id":"msg_chatcmpl-1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo \ud83d\ude00"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":7,"cache_creation_input_tokens":0,"cache_read_input_tokens":3,"output_tokens":2,"wattline":{"energy":{"value":1.5}}}}

event: message_stop
data: {"type":"message_stop"}

)");
}

std::string call_chunk(int index, std::string_view id, std::string_view name, std::string_view arguments) {
  std::string out = R"({"tool_calls":[{"index":)" + std::to_string(index);
  if (!id.empty()) out += R"(,"id":")" + std::string(id) + R"(","type":"function")";
  out += R"(,"function":{)";
  if (!name.empty()) out += R"("name":")" + std::string(name) + R"(",)";
  out += R"("arguments":)";
  append_json_string(out, arguments);
  return chunk_of(out + "}}]}");
}

// What a client puts together: type, name and words of each block.
std::vector<std::string> blocks_of(std::string_view stream) {
  std::vector<std::string> out;
  std::size_t open = 0;
  for (const auto& e : events_of(stream)) {
    const Json j = parse_json(e.data);
    EXPECT_EQ(j.at("type").as_string(), e.name);
    if (e.name == "content_block_start") {
      EXPECT_EQ(open++, 0u) << "two blocks are open";
      EXPECT_EQ(j.at("index").as_integer(), static_cast<std::int64_t>(out.size()));
      const Json& b = j.at("content_block");
      out.push_back(b.at("type").as_string() + " " + b.text_or("name", "") + " ");
    } else if (e.name == "content_block_delta") {
      EXPECT_EQ(j.at("index").as_integer(), static_cast<std::int64_t>(out.size()) - 1);
      const Json& d = j.at("delta");
      for (const char* m : {"text", "thinking", "partial_json", "signature"}) out.back() += d.text_or(m, "");
    } else if (e.name == "content_block_stop") {
      --open;
    }
  }
  EXPECT_EQ(open, 0u);
  return out;
}

TEST(MessagesStream, ParallelToolCallsWhoseFragmentsMix) {
  auto s = messages_stream();
  const std::string out =
      told(*s, {chunk_of(R"({"role":"assistant","content":null,"reasoning_content":"hm"})"),
                chunk_of(R"({"content":"Look:"})"), call_chunk(0, "call_a", "f", ""),
                call_chunk(1, "call_b", "g", "{\"y\""), call_chunk(0, "", "", "{\"x\":"), call_chunk(1, "", "", ":2}"),
                call_chunk(0, "", "", "1}"), chunk_of("{}", "\"tool_calls\""), usage_of(5, 5)});
  EXPECT_THAT(blocks_of(out), ::testing::ElementsAre("thinking  hmwattline:unsigned",
                                                     "text  Look:", "tool_use f {\"x\":1}", "tool_use g {\"y\":2}"));
  EXPECT_THAT(out, HasSubstr("\"stop_reason\":\"tool_use\""));
}

TEST(MessagesStream, CallsThatAllSayTheyAreTheFirst) {
  auto s = messages_stream();
  const std::string out =
      told(*s, {call_chunk(0, "a", "f", "{}"), call_chunk(0, "b", "g", "{\"k\":1}"), chunk_of("{}", "\"stop\"")});
  EXPECT_THAT(blocks_of(out), ::testing::ElementsAre("tool_use f {}", "tool_use g {\"k\":1}"));
  EXPECT_THAT(out, HasSubstr("\"stop_reason\":\"tool_use\""));
}

TEST(MessagesStream, ALateFragmentOfACallThatIsOverIsAFailure) {
  auto s = messages_stream();
  std::string out;
  EXPECT_FALSE(s->push(call_chunk(0, "a", "f", "{"), out));
  EXPECT_FALSE(s->push(chunk_of(R"({"content":"x"})"), out));
  const auto e = s->push(call_chunk(0, "", "", "}"), out);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->status, 502);
}

TEST(MessagesStream, NothingAndFailuresAreStillAStream) {
  auto nothing = messages_stream();
  std::vector<std::string> names;
  for (const auto& e : events_of(told(*nothing, {}))) names.push_back(e.name);
  EXPECT_THAT(names, ::testing::ElementsAre("message_start", "message_delta", "message_stop"));
  auto broken = messages_stream();
  std::string out;
  broken->push(chunk_of(R"({"content":"Hi"})"), out);
  broken->fail(upstream_error(502, "it \"broke\"", "x"), out);
  const auto events = events_of(out);
  EXPECT_EQ(events.back().name, "error");
  expect_json(events.back().data, R"({"type":"error","error":{"type":"api_error","message":"it \"broke\""}})");
}

TEST(MessagesStream, OddChunksHarmNothing) {
  for (const char* odd : {"{}", R"({"choices":null})", R"({"choices":[5]})", R"({"choices":[{"delta":null}]})",
                          R"({"choices":[{"delta":{"content":5,"tool_calls":[null,{}]}}]})",
                          R"({"choices":[{"index":1,"delta":{"content":"other"}}]})", R"({"usage":null})"}) {
    auto s = messages_stream();
    std::string out;
    s->push(odd, out);
    s->finish(out);
    for (const auto& e : events_of(out)) parse_json(e.data);
    EXPECT_THAT(out, Not(HasSubstr("other")));
  }
}

}  // namespace
}  // namespace wattline::serve::tests
