// Chat completions told to an upstream that speaks Anthropic, and its replies and streams told back.
#include "serve/dialect_anthropic.h"

#include "serve/dialect_messages.h"
#include "serve/dialect_test.h"

namespace wattline::serve::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string asked(std::string_view chat) {
  const auto t = chat_to_anthropic(chat, "claude", 4096);
  if (const auto* e = std::get_if<ApiError>(&t)) return e->message;
  return std::get<std::string>(t);
}
std::string fault(std::string_view members) {
  return fault_of(chat_to_anthropic(
      R"({"model":"m","messages":[{"role":"user","content":"Hi"}],)" + std::string(members) + "}", "claude", 4096));
}
std::string fault_in(std::string_view messages) {
  return fault_of(chat_to_anthropic(R"({"model":"m","messages":)" + std::string(messages) + "}", "claude", 4096));
}

TEST(AnthropicRequest, APlainQuestion) {
  expect_json(
      asked(R"({"model":"m","messages":[{"role":"user","content":"Hi"}]})"),
      R"({"model":"claude","max_tokens":4096,"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]})");
}

TEST(AnthropicRequest, EverythingThatHasACounterpart) {
  expect_json(
      asked(
          R"({"model":"m","messages":[{"role":"developer","content":"Be brief."},{"role":"user","content":"Hi"},{"role":"system","content":[{"type":"text","text":"And kind."}]}],
    "max_completion_tokens":100,"max_tokens":7,"temperature":0.20,"top_p":0.9,"top_k":5,"stop":"END","stream":true,"stream_options":{"include_usage":true},
    "n":1,"logprobs":false,"logit_bias":{},"presence_penalty":0,"frequency_penalty":0.0,"user":"u-1","metadata":{"a":"b"},"store":true,
    "parallel_tool_calls":false,"tool_choice":"required","reasoning_effort":"minimal","service_tier":"default",
    "response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object","n":9007199254740993}}},
    "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},{"type":"function","function":{"name":"g"}}],
    "thinking":{"type":"adaptive"}})"),
      R"({"model":"claude","max_tokens":100,"system":[{"type":"text","text":"Be brief."},{"type":"text","text":"And kind."}],
    "messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}],
    "tools":[{"name":"f","description":"d","input_schema":{"type":"object"},"strict":true},{"name":"g","input_schema":{"type":"object","properties":{}}}],
    "tool_choice":{"type":"any","disable_parallel_tool_use":true},
    "output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object","n":9007199254740993}}},
    "stop_sequences":["END"],"metadata":{"user_id":"u-1"},"temperature":0.20,"top_p":0.9,"top_k":5,"service_tier":"standard_only","thinking":{"type":"adaptive"},"stream":true})");
  EXPECT_THAT(
      asked(
          R"({"model":"m","messages":[{"role":"user","content":"Hi"}],"temperature":0.20,"tools":[{"type":"function","function":{"name":"f","parameters":{"n":9007199254740993}}}]})"),
      ::testing::AllOf(HasSubstr("\"temperature\":0.20"), HasSubstr("9007199254740993")));
}

TEST(AnthropicRequest, ToolCallsTheirResultsAndWhatFollowsMakeTurns) {
  expect_json(
      asked(R"({"model":"m","messages":[{"role":"user","content":"Weather?"},
    {"role":"assistant","content":"I look.","thinking_blocks":[{"type":"thinking","thinking":"hm","signature":"EqQB"}],
     "tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\": 9007199254740993}"}},{"id":"b","type":"function","function":{"name":"g","arguments":""}}]},
    {"role":"tool","tool_call_id":"a","content":"15"},
    {"role":"user","content":"Hurry."},
    {"role":"tool","tool_call_id":"b","content":[{"type":"text","text":"rain"}]},
    {"role":"assistant","content":null,"refusal":null},{"role":"user","content":[{"type":"text","text":"And?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA==","detail":"low"}},
      {"type":"image_url","image_url":{"url":"https://example.com/a.png"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]}]})"),
      R"({"model":"claude","max_tokens":4096,"messages":[{"role":"user","content":[{"type":"text","text":"Weather?"}]},
    {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"EqQB"},{"type":"text","text":"I look."},
      {"type":"tool_use","id":"a","name":"f","input":{"x":9007199254740993}},{"type":"tool_use","id":"b","name":"g","input":{}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"15"},{"type":"tool_result","tool_use_id":"b","content":[{"type":"text","text":"rain"}]},
      {"type":"text","text":"Hurry."},{"type":"text","text":"And?"},
      {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}},{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}},
      {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"},"title":"a.pdf"}]}]})");
}

TEST(AnthropicRequest, WhatCannotBeHandedOnIsNamed) {
  for (const char* members :
       {R"("n":2)", R"("logprobs":true)", R"("top_logprobs":3)", R"("logit_bias":{"5":1})", R"("seed":7)",
        R"("presence_penalty":0.5)", R"("functions":[{}])", R"("audio":{})", R"("modalities":["audio"])",
        R"("response_format":{"type":"json_object"})", R"("service_tier":"flex")", R"("temperature":1.5)",
        R"("temperature":"hot")", R"("web_search_options":{})", R"("verbosity":"low")", R"("system":"x")"}) {
    const std::string text(members);
    EXPECT_EQ(fault(members), text.substr(1, text.find('"', 1) - 1));
  }
  EXPECT_EQ(fault(R"("tools":[{"type":"custom","custom":{}}])"), "tools[0].type");
  EXPECT_EQ(fault(R"("tool_choice":{"type":"allowed_tools"})"), "tool_choice");
  EXPECT_EQ(fault(R"("max_tokens":-1)"), "max_tokens");
  EXPECT_EQ(fault(R"("n":1,"seed":null,"response_format":{"type":"text"},"reasoning_effort":"none")"), "");
  EXPECT_EQ(fault_in(R"([{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}])"),
            "messages[0].content[0].type");
  EXPECT_EQ(fault_in(R"([{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}])"),
            "messages[0].content[0].file.file_id");
  EXPECT_EQ(fault_in(R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:oops"}}]}])"),
            "messages[0].content[0].image_url");
  EXPECT_EQ(fault_in(R"([{"role":"function","name":"f","content":"x"}])"), "messages[0].role");
  EXPECT_EQ(fault_in(R"([{"role":"tool","content":"x"}])"), "messages[0].tool_call_id");
  EXPECT_EQ(fault_in(R"([{"role":"user","content":7}])"), "messages[0].content");
}

TEST(AnthropicRequest, ThereAndBackIsTheSameConversation) {
  const std::string_view messages =
      R"({"model":"claude","max_tokens":9,"system":"Be brief.","messages":[{"role":"user","content":"a"},
    {"role":"assistant","content":[{"type":"text","text":"b"},{"type":"tool_use","id":"t","name":"f","input":{"k":[1,2.50]}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"c"},{"type":"text","text":"d"}]}],
    "tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"f"},"stop_sequences":["x"],"temperature":0.5})";
  const std::string chat = chat_of(messages_to_chat(messages));
  const std::string back = asked(chat);
  EXPECT_EQ(chat_of(messages_to_chat(back)), chat);
}

TEST(AnthropicReply, ToldAsAChatCompletion) {
  const auto t = anthropic_to_chat_reply(
      R"({"id":"msg_01Aq9w938a90dw8q","type":"message","role":"assistant","model":"claude-opus-4-6",
    "content":[{"type":"thinking","thinking":"hm","signature":"EqQB"},{"type":"text","text":"I'll check."},
    {"type":"tool_use","id":"toolu_01A09q90qw90lq917835lq9","name":"get_weather","input":{"location": "San Francisco, CA","n":9007199254740993}}],
    "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":3,"cache_read_input_tokens":5,"output_tokens":7,"service_tier":"standard"}})",
      99);
  expect_json(
      std::get<std::string>(t),
      R"({"id":"msg_01Aq9w938a90dw8q","object":"chat.completion","created":99,"model":"claude-opus-4-6","choices":[{"index":0,
    "message":{"role":"assistant","content":"I'll check.","refusal":null,"reasoning_content":"hm","thinking_blocks":[{"type":"thinking","thinking":"hm","signature":"EqQB"}],
    "tool_calls":[{"id":"toolu_01A09q90qw90lq917835lq9","type":"function","function":{"name":"get_weather","arguments":"{\"location\": \"San Francisco, CA\",\"n\":9007199254740993}"}}]},
    "logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":20,"completion_tokens":7,"total_tokens":27,"prompt_tokens_details":{"cached_tokens":5}}})");
  for (const char* bad : {"", "[]", "{}", R"({"content":"x"})", "<html>"})
    EXPECT_TRUE(std::holds_alternative<ApiError>(anthropic_to_chat_reply(bad, 1))) << bad;
}

const std::vector<std::string> recorded = {
    R"({"type":"message_start","message":{"id":"msg_014p7gG3wDgGV9EUtLvnow3U","type":"message","role":"assistant","model":"claude-opus-4-6","stop_sequence":null,"usage":{"input_tokens":472,"output_tokens":2},"content":[],"stop_reason":null}})",
    R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})",
    R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let me "}})",
    R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"see"}})",
    R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBCgIYAhIM"}})",
    R"({"type":"content_block_stop","index":0})",
    R"({"type": "ping"})",
    R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})",
    R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Okay"}})",
    R"({"type":"content_block_stop","index":1})",
    R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_01T1x1fJ34qAmk2tNTrN7Up6","name":"get_weather","input":{}}})",
    R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}})",
    R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"location\":"}})",
    R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":" \"SF\"}"}})",
    R"({"type":"content_block_stop","index":2})",
    R"({"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_02","name":"now","input":{}}})",
    R"({"type":"content_block_stop","index":3})",
    R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":89}})",
    R"({"type":"message_stop"})"};

TEST(AnthropicStream, ToldAsChunks) {
  auto s = anthropic_stream(99);
  std::vector<std::string> chunks;
  for (const auto& e : recorded) s->push(e, chunks);
  ASSERT_EQ(chunks.back(), "[DONE]");
  std::vector<std::string> deltas;
  for (std::size_t i = 0; i + 2 < chunks.size(); ++i) {
    const Json j = parse_json(chunks[i]);
    EXPECT_EQ(j.at("id").as_string(), "msg_014p7gG3wDgGV9EUtLvnow3U");
    EXPECT_EQ(j.at("created").as_integer(), 99);
    const Json& choice = j.at("choices").as_array().at(0);
    deltas.push_back(choice.at("delta").dump() + choice.at("finish_reason").dump());
  }
  EXPECT_THAT(
      deltas,
      ElementsAre(
          R"({"role":"assistant","content":""}null)", R"({"reasoning_content":"Let me "}null)",
          R"({"reasoning_content":"see"}null)",
          R"({"thinking_blocks":[{"type":"thinking","thinking":"Let me see","signature":"EqQBCgIYAhIM"}]}null)",
          R"({"content":"Okay"}null)",
          R"({"tool_calls":[{"index":0,"id":"toolu_01T1x1fJ34qAmk2tNTrN7Up6","type":"function","function":{"name":"get_weather","arguments":""}}]}null)",
          R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"location\":"}}]}null)",
          R"({"tool_calls":[{"index":0,"function":{"arguments":" \"SF\"}"}}]}null)",
          R"({"tool_calls":[{"index":1,"id":"toolu_02","type":"function","function":{"name":"now","arguments":""}}]}null)",
          R"({"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}null)", R"({}"tool_calls")"));
  const Json usage = parse_json(chunks[chunks.size() - 2]);
  EXPECT_TRUE(usage.at("choices").as_array().empty());
  EXPECT_EQ(usage.at("usage").at("prompt_tokens").as_integer(), 472);
  EXPECT_EQ(usage.at("usage").at("completion_tokens").as_integer(), 89);
}

TEST(AnthropicStream, ThereAndBackIsTheSameStream) {
  auto up = anthropic_stream(99);
  auto client = messages_stream();
  std::vector<std::string> chunks;
  for (const auto& e : recorded) up->push(e, chunks);
  chunks.pop_back();
  std::string out;
  for (const auto& c : chunks) ASSERT_FALSE(client->push(c, out)) << c;
  client->finish(out);
  std::string thinking, signature, text;
  std::vector<std::string> inputs;
  std::string stop;
  SseParser parser;
  ASSERT_TRUE(parser.push(out));
  while (const auto e = parser.next()) {
    const Json j = parse_json(e->data);
    if (e->name == "content_block_start" && j.at("content_block").at("type").as_string() == "tool_use")
      inputs.emplace_back();
    if (e->name == "message_delta") stop = j.at("delta").at("stop_reason").as_string();
    if (e->name != "content_block_delta") continue;
    thinking += j.at("delta").text_or("thinking", "");
    signature += j.at("delta").text_or("signature", "");
    text += j.at("delta").text_or("text", "");
    if (!inputs.empty()) inputs.back() += j.at("delta").text_or("partial_json", "");
  }
  EXPECT_EQ(thinking, "Let me see");
  EXPECT_EQ(signature, "EqQBCgIYAhIM");
  EXPECT_EQ(text, "Okay");
  EXPECT_THAT(inputs, ElementsAre("{\"location\": \"SF\"}", "{}"));
  EXPECT_EQ(stop, "tool_use");
}

TEST(AnthropicStream, ItsFailuresAreFailures) {
  auto s = anthropic_stream(1);
  std::vector<std::string> chunks;
  s->push(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})", chunks);
  EXPECT_THAT(chunks, ElementsAre(R"({"error":{"type":"overloaded_error","message":"Overloaded"}})"));
  for (const char* odd :
       {"", "[]", "{}", R"({"type":"tomorrow"})", R"({"type":"content_block_delta"})", R"({"type":"message_start"})",
        R"({"type":"content_block_stop"})", "not json {", R"({"type":5})"}) {
    std::vector<std::string> more;
    s->push(odd, more);
    for (const auto& c : more) parse_json(c);
  }
}

TEST(AnthropicReply, TheTextItStoppedAtComesBack) {
  const auto t = anthropic_to_chat_reply(R"({"content":[],"stop_reason":"stop_sequence","stop_sequence":"END"})", 1);
  const Json back = parse_json(chat_to_messages_reply(std::get<std::string>(t)));
  EXPECT_EQ(back.at("stop_reason").as_string(), "stop_sequence");
  EXPECT_EQ(back.at("stop_sequence").as_string(), "END");
}

TEST(AnthropicUpstream, ItsKeyIsAHeaderOfItsOwn) {
  EXPECT_EQ(anthropic_upstream().headers("k"), "x-api-key: k\r\nanthropic-version: 2023-06-01\r\n");
  EXPECT_THAT(anthropic_upstream().headers(""), Not(HasSubstr("x-api-key")));
  EXPECT_EQ(anthropic_upstream().path(), "/messages");
}

}  // namespace
}  // namespace wattline::serve::tests
