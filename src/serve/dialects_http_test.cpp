// Clients of each dialect against upstreams of each, over HTTP, whole and streamed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/dialect_test.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view chat_reply =
    R"({"id":"chatcmpl-1","object":"chat.completion","created":1741569952,"model":"the-llama-3.1-8b","choices":[{"index":0,"message":{"role":"assistant","content":"Hello!"},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29}})";
constexpr std::string_view messages_reply =
    R"({"id":"msg_01","type":"message","role":"assistant","model":"the-llama-3.1-8b","content":[{"type":"text","text":"Hello!"}],"stop_reason":"end_turn","stop_sequence":null,)"
    R"("usage":{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":5,"output_tokens":7}})";
constexpr std::string_view ask_messages = R"({"model":"llama-3.1-8b","max_tokens":64,"messages":[{"role":"user","content":"Hi"}]})";
constexpr std::string_view ask_messages_stream = R"({"model":"llama-3.1-8b","max_tokens":64,"stream":true,"messages":[{"role":"user","content":"Hi"}]})";

Response post(TestGateway& g, std::string_view path, std::string_view body, std::string_view headers = "") {
  Client c(g.port());
  c.post(path, body, headers);
  return c.read();
}

FakeUpstream answering(std::string_view body, std::string_view status = "200 OK") {
  return FakeUpstream([text = std::string(body), s = std::string(status)](const FakeUpstream::Request&, Connection& c) { return c.send(reply(text, s)); });
}
FakeUpstream streaming(std::vector<std::string> events, bool end = true) {
  return FakeUpstream([events = std::move(events), end](const FakeUpstream::Request&, Connection& c) {
    if (!c.send(stream_head)) return false;
    for (const auto& e : events)
      if (!c.send(chunk(e))) return false;
    return end && c.send("0\r\n\r\n");
  });
}
std::vector<std::string> chat_events() {
  std::vector<std::string> out;
  for (const auto& c : {chunk_of(R"({"role":"assistant","content":""})"), chunk_of(R"({"content":"Hel"})"), chunk_of(R"({"content":"lo"})"), chunk_of("{}", "\"stop\""),
                        std::string(R"({"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":19,"completion_tokens":2}})"), std::string("[DONE]")})
    out.push_back("data: " + c + "\n\n");
  return out;
}
std::vector<std::string> messages_events() {
  std::vector<std::string> out;
  for (const auto& [name, data] : std::vector<std::pair<std::string, std::string>>{
           {"message_start", R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude","stop_reason":null,"usage":{"input_tokens":25,"output_tokens":1}}})"},
           {"content_block_start", R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"},
           {"ping", R"({"type": "ping"})"},
           {"content_block_delta", R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}})"},
           {"content_block_stop", R"({"type":"content_block_stop","index":0})"},
           {"message_delta", R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}})"},
           {"message_stop", R"({"type":"message_stop"})"}})
    out.push_back("event: " + name + "\ndata: " + data + "\n\n");
  return out;
}
std::vector<std::string> names_of(std::string_view stream) {
  std::vector<std::string> out;
  for (const auto& e : events_of(stream)) out.push_back(e.name);
  return out;
}
void speaks_anthropic(UpstreamConfig& u) {
  u.anthropic = true;
  u.endpoints = Endpoints().add(Endpoint::messages);
  u.api_key = Secret("sk-ant");
}

TEST(DialectsHttp, AnAnthropicClientReachesAnOpenAiUpstream) {
  auto up = answering(chat_reply);
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  const auto r = post(g, "/v1/messages", ask_messages, "anthropic-version: 2023-06-01\r\n");
  ASSERT_EQ(r.status, 200) << r.body;
  const Json j = parse_json(r.body);
  EXPECT_EQ(j.at("type").as_string(), "message");
  EXPECT_EQ(j.at("content").as_array().at(0).at("text").as_string(), "Hello!");
  EXPECT_EQ(j.at("usage").at("output_tokens").as_integer(), 10);
  EXPECT_GT(j.at("usage").at("wattline").at("energy").at("value").as_number(), 0);
  EXPECT_FALSE(r.header("x-wattline-answer-id").empty());
  const auto seen = up.seen().at(0);
  EXPECT_THAT(seen.head, HasSubstr("POST /v1/chat/completions "));
  expect_json(seen.body, R"({"model":"the-llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"max_tokens":64})");
  const auto a = g.answer();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->tokens_in, 19);
  EXPECT_EQ(a->tokens_out, 10);
}

TEST(DialectsHttp, AnAnthropicClientStreamsFromAnOpenAiUpstream) {
  auto up = streaming(chat_events());
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  const auto r = post(g, "/v1/messages", ask_messages_stream);
  ASSERT_EQ(r.status, 200) << r.body;
  EXPECT_TRUE(r.whole);
  EXPECT_THAT(names_of(r.body), ElementsAre("message_start", "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop", "message_delta", "message_stop"));
  const auto events = events_of(r.body);
  const Json usage = parse_json(events.at(5).data).at("usage");
  EXPECT_EQ(usage.at("input_tokens").as_integer(), 19);
  EXPECT_GT(usage.at("wattline").at("energy").at("value").as_number(), 0);
  EXPECT_THAT(up.seen().at(0).body, HasSubstr(R"("stream_options":{"include_usage":true})"));
  EXPECT_EQ(g.answer()->status, AnswerStatus::ok);
}

TEST(DialectsHttp, AnOpenAiClientReachesAnAnthropicUpstream) {
  auto up = answering(messages_reply);
  TestGateway g;
  speaks_anthropic(g.add_upstream(up.port()));
  g.start();
  const auto r = g.chat(R"({"model":"llama-3.1-8b","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}]})");
  ASSERT_EQ(r.status, 200) << r.body;
  const Json j = parse_json(r.body);
  EXPECT_EQ(j.at("choices").as_array().at(0).at("message").at("content").as_string(), "Hello!");
  EXPECT_EQ(j.at("choices").as_array().at(0).at("finish_reason").as_string(), "stop");
  EXPECT_EQ(j.at("usage").at("prompt_tokens").as_integer(), 17);
  EXPECT_GT(j.at("usage").at("wattline").at("energy").at("value").as_number(), 0);
  const auto seen = up.seen().at(0);
  EXPECT_THAT(seen.head, HasSubstr("POST /v1/messages "));
  EXPECT_EQ(header_value(seen.head, "x-api-key"), "sk-ant");
  EXPECT_EQ(header_value(seen.head, "anthropic-version"), "2023-06-01");
  EXPECT_EQ(header_value(seen.head, "authorization"), "");
  expect_json(seen.body, R"({"model":"the-llama-3.1-8b","max_tokens":4096,"system":[{"type":"text","text":"Be brief."}],"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]})");
  EXPECT_EQ(g.answer()->tokens_in, 17);
  // What it has no word for.
  const auto refused = g.chat(R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"logit_bias":{"5":1}})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(parse_json(refused.body).at("error").at("param").as_string(), "logit_bias");
  EXPECT_EQ(up.requests(), 1);
}

TEST(DialectsHttp, AnOpenAiClientStreamsFromAnAnthropicUpstream) {
  auto up = streaming(messages_events());
  TestGateway g;
  speaks_anthropic(g.add_upstream(up.port()));
  g.start();
  const auto r = g.chat(R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_usage":true}})");
  ASSERT_EQ(r.status, 200) << r.body;
  EXPECT_TRUE(r.body.ends_with("data: [DONE]\n\n")) << r.body;
  const auto events = events_of(r.body);
  ASSERT_EQ(events.size(), 5u) << r.body;
  EXPECT_EQ(parse_json(events[1].data).at("choices").as_array().at(0).at("delta").at("content").as_string(), "Hello");
  const Json usage = parse_json(events[3].data).at("usage");
  EXPECT_EQ(usage.at("prompt_tokens").as_integer(), 25);
  EXPECT_EQ(usage.at("completion_tokens").as_integer(), 15);
  EXPECT_GT(usage.at("wattline").at("energy").at("value").as_number(), 0);
  const auto a = g.answer();
  EXPECT_EQ(a->tokens_out, 15);
  EXPECT_TRUE(a->first_token);
  EXPECT_EQ(a->finish_reason, "stop");
}

TEST(DialectsHttp, AnAnthropicClientReachesAnAnthropicUpstreamUntouched) {
  auto up = answering(messages_reply);
  TestGateway g;
  speaks_anthropic(g.add_upstream(up.port()));
  g.start();
  // Blocks and tools that no chat completion knows.
  const std::string body =
      R"({ "model":"llama-3.1-8b", "max_tokens":64,"thinking":{"type":"enabled","budget_tokens":1024},"tools":[{"type":"web_search_20250305","name":"web_search"}],)"
      R"("system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"EqQB"},)"
      R"({"type":"server_tool_use","id":"srv","name":"web_search","input":{"n":9007199254740993}}]}]})";
  const auto r = post(g, "/v1/messages", body, "anthropic-beta: context-1m-2025-08-07\r\nx-api-key: client\r\n");
  ASSERT_EQ(r.status, 200) << r.body;
  const auto seen = up.seen().at(0);
  std::string wanted = body;
  wanted.replace(wanted.find("llama-3.1-8b"), 12, "the-llama-3.1-8b");
  EXPECT_EQ(seen.body, wanted);
  EXPECT_EQ(header_value(seen.head, "anthropic-beta"), "context-1m-2025-08-07");
  EXPECT_EQ(header_value(seen.head, "x-api-key"), "sk-ant");
  const Json j = parse_json(r.body);
  EXPECT_EQ(j.at("id").as_string(), "msg_01");
  EXPECT_GT(j.at("usage").at("wattline").at("energy").at("value").as_number(), 0);
  EXPECT_EQ(g.answer()->tokens_in, 17);
}

TEST(DialectsHttp, AnAnthropicStreamPassesWithItsAccount) {
  auto up = streaming(messages_events());
  TestGateway g;
  speaks_anthropic(g.add_upstream(up.port()));
  g.start();
  const auto r = post(g, "/v1/messages", ask_messages_stream);
  ASSERT_EQ(r.status, 200) << r.body;
  EXPECT_TRUE(r.whole);
  const auto sent = messages_events();
  const auto got = events_of(r.body);
  ASSERT_EQ(got.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i)
    if (got[i].name != "message_delta") {
      EXPECT_EQ("event: " + got[i].name + "\ndata: " + got[i].data + "\n\n", sent[i]);
    }
  const Json usage = parse_json(got[5].data).at("usage");
  EXPECT_EQ(usage.at("output_tokens").as_integer(), 15);
  EXPECT_GT(usage.at("wattline").at("energy").at("value").as_number(), 0);
  const auto a = g.answer();
  EXPECT_EQ(a->tokens_in, 25);
  EXPECT_EQ(a->tokens_out, 15);
  EXPECT_EQ(a->status, AnswerStatus::ok);
}

TEST(DialectsHttp, WhatOnlyAnAnthropicUpstreamCanDoIsRefusedElsewhere) {
  auto up = answering(chat_reply);
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  const auto r = post(g, "/v1/messages", R"({"model":"llama-3.1-8b","max_tokens":5,"messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"web_search_20250305","name":"w"}]})");
  EXPECT_EQ(r.status, 400);
  const Json j = parse_json(r.body);
  EXPECT_EQ(j.at("type").as_string(), "error");
  EXPECT_EQ(j.at("error").at("type").as_string(), "invalid_request_error");
  EXPECT_THAT(j.at("error").at("message").as_string(), HasSubstr("tools[0].type"));
  EXPECT_EQ(up.requests(), 0);
}

TEST(DialectsHttp, FailuresAreToldInTheClientsShape) {
  auto down = answering(R"({"error":{"message":"slow down","type":"rate_limit_error"}})", "429 Too Many Requests");
  auto overloaded = answering(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})", "529 Overloaded");
  TestGateway g;
  g.config.server.api_key = Secret("k3y");
  g.add_upstream(down.port());
  speaks_anthropic(g.add_upstream(overloaded.port(), "llama-3.1-70b"));
  g.config.upstreams.back().models[0].catalog = "llama-3.1-8b";
  g.start();
  const auto no_key = post(g, "/v1/messages", ask_messages);
  EXPECT_EQ(no_key.status, 401);
  EXPECT_EQ(parse_json(no_key.body).at("error").at("type").as_string(), "authentication_error");
  const auto limited = post(g, "/v1/messages", ask_messages, "x-api-key: k3y\r\n");
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(parse_json(limited.body).at("error").at("type").as_string(), "rate_limit_error");
  const auto unknown = post(g, "/v1/messages", R"({"model":"nobody","max_tokens":5,"messages":[{"role":"user","content":"Hi"}]})", "x-api-key: k3y\r\n");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(parse_json(unknown.body).at("error").at("type").as_string(), "not_found_error");
  const auto chat = post(g, "/v1/chat/completions", R"({"model":"llama-3.1-70b","messages":[{"role":"user","content":"Hi"}]})", "x-api-key: k3y\r\n");
  EXPECT_EQ(chat.status, 529);
  EXPECT_THAT(parse_json(chat.body).at("error").at("message").as_string(), HasSubstr("Overloaded"));
  Client c(g.port());
  c.get("/v1/messages", "x-api-key: k3y\r\n");
  EXPECT_EQ(c.read().status, 405);
  c.post("/v1/chat/completions", "{}", "x-api-key: k3y\r\n");
  EXPECT_THAT(c.read().body, Not(HasSubstr("\"type\":\"error\"")));
}

TEST(DialectsHttp, AStreamThatBreaksIsToldInTheClientsShape) {
  auto events = chat_events();
  events.resize(3);
  auto up = streaming(events, false);
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  const auto r = post(g, "/v1/messages", ask_messages_stream);
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(events_of(r.body).back().name, "error");
  const auto responses = post(g, "/v1/responses", R"({"model":"llama-3.1-8b","input":"Hi","stream":true})");
  EXPECT_EQ(events_of(responses.body).back().name, "response.failed");
  EXPECT_EQ(g.answer(2)->status, AnswerStatus::error);
}

TEST(DialectsHttp, ResponsesFromAChatUpstream) {
  auto up = answering(chat_reply);
  auto stream = streaming(chat_events());
  TestGateway g;
  g.add_upstream(up.port());
  g.add_upstream(stream.port(), "llama-3.1-70b");
  g.config.upstreams.back().models[0].catalog = "llama-3.1-8b";
  g.start();
  const auto r = post(g, "/v1/responses", R"({"model":"llama-3.1-8b","input":"Hi","instructions":"Be brief."})");
  ASSERT_EQ(r.status, 200) << r.body;
  const Json j = parse_json(r.body);
  EXPECT_EQ(j.at("object").as_string(), "response");
  EXPECT_EQ(j.at("output").as_array().at(0).at("content").as_array().at(0).at("text").as_string(), "Hello!");
  EXPECT_EQ(j.at("instructions").as_string(), "Be brief.");
  EXPECT_GT(j.at("usage").at("wattline").at("energy").at("value").as_number(), 0);
  const auto s = post(g, "/v1/responses", R"({"model":"llama-3.1-70b","input":"Hi","stream":true})");
  EXPECT_TRUE(s.whole);
  const auto events = events_of(s.body);
  EXPECT_EQ(events.front().name, "response.created");
  EXPECT_EQ(events.back().name, "response.completed");
  const Json last = parse_json(events.back().data).at("response");
  EXPECT_EQ(last.at("usage").at("input_tokens").as_integer(), 19);
  EXPECT_GT(last.at("usage").at("wattline").at("energy").at("value").as_number(), 0);
}

TEST(DialectsHttp, ResponsesPassWhereTheUpstreamServesThem) {
  const std::string done = R"({"type":"response.completed","sequence_number":1,"response":{"id":"resp_1","status":"completed","usage":{"input_tokens":3,"output_tokens":4}}})";
  auto up = streaming({"event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":0,\"delta\":\"Hi\"}\n\n", "event: response.completed\ndata: " + done + "\n\n"});
  TestGateway g;
  g.add_upstream(up.port()).endpoints.add(Endpoint::responses);
  g.start();
  const auto r = post(g, "/v1/responses", R"({"model":"llama-3.1-8b","input":"Hi","stream":true,"previous_response_id":"resp_0"})");
  ASSERT_EQ(r.status, 200) << r.body;
  EXPECT_EQ(up.seen().at(0).body, R"({"model":"the-llama-3.1-8b","input":"Hi","stream":true,"previous_response_id":"resp_0"})");
  EXPECT_THAT(up.seen().at(0).head, HasSubstr("POST /v1/responses "));
  const auto events = events_of(r.body);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].name, "response.completed");
  EXPECT_GT(parse_json(events[1].data).at("response").at("usage").at("wattline").at("energy").at("value").as_number(), 0);
  EXPECT_EQ(g.answer()->tokens_out, 4);
}

TEST(DialectsHttp, CompletionsAndEmbeddingsPass) {
  FakeUpstream up([](const FakeUpstream::Request& r, Connection& c) {
    if (r.head.starts_with("POST /v1/embeddings ")) return c.send(reply(R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.0023064255,-0.009327292]}],"model":"x","usage":{"prompt_tokens":8,"total_tokens":8}})"));
    if (r.body.find("\"stream\":true") == std::string::npos) return c.send(reply(R"({"id":"cmpl-1","object":"text_completion","choices":[{"text":"a test","index":0,"finish_reason":"length"}],"usage":{"prompt_tokens":5,"completion_tokens":7}})"));
    return c.send(std::string(stream_head) + chunk("data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"choices\":[{\"text\":\"a\",\"index\":0,\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n") + "0\r\n\r\n");
  });
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  const auto e = post(g, "/v1/embeddings", R"({"model":"llama-3.1-8b","input":["a","b"],"dimensions":256})");
  ASSERT_EQ(e.status, 200) << e.body;
  EXPECT_THAT(e.body, HasSubstr("[0.0023064255,-0.009327292]"));
  EXPECT_THAT(e.body, HasSubstr("\"wattline\":{\"energy\""));
  EXPECT_EQ(up.seen().at(0).body, R"({"model":"the-llama-3.1-8b","input":["a","b"],"dimensions":256})");
  EXPECT_EQ(g.answer()->tokens_in, 8);
  const auto c = post(g, "/v1/completions", R"({"model":"llama-3.1-8b","prompt":"Say","suffix":"!"})");
  EXPECT_THAT(c.body, HasSubstr("\"wattline\":{\"energy\""));
  EXPECT_EQ(up.seen().at(1).body, R"({"model":"the-llama-3.1-8b","prompt":"Say","suffix":"!"})");
  EXPECT_THAT(up.seen().at(1).head, HasSubstr("POST /v1/completions "));
  const auto s = post(g, "/v1/completions", R"({"model":"llama-3.1-8b","prompt":"Say","stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_TRUE(s.body.ends_with("data: [DONE]\n\n"));
  const auto events = events_of(s.body);
  ASSERT_EQ(events.size(), 3u) << s.body;
  EXPECT_EQ(parse_json(events[1].data).at("object").as_string(), "text_completion");
  EXPECT_THAT(events[1].data, HasSubstr("\"wattline\":{\"energy\""));
  EXPECT_EQ(post(g, "/v1/embeddings", R"({"model":"llama-3.1-8b"})").status, 400);
}

TEST(DialectsHttp, AnEndpointThatIsNotServedIsSaid) {
  auto up = answering(messages_reply);
  TestGateway g;
  speaks_anthropic(g.add_upstream(up.port()));
  g.start();
  const auto r = post(g, "/v1/embeddings", R"({"model":"llama-3.1-8b","input":"a"})");
  EXPECT_EQ(r.status, 400);
  EXPECT_THAT(r.body, HasSubstr("/v1/messages"));
  EXPECT_EQ(parse_json(r.body).at("error").at("code").as_string(), "endpoint_not_served");
  const auto builtin = post(g, "/v1/embeddings", R"({"model":"babbler","input":"a"})");
  EXPECT_EQ(builtin.status, 400);
  EXPECT_THAT(builtin.body, HasSubstr("babbler"));
  EXPECT_EQ(up.requests(), 0);
}

TEST(DialectsHttp, TheBuiltInModelSpeaksThemAll) {
  TestGateway g;
  g.start();
  const auto m = post(g, "/v1/messages", R"({"model":"babbler","max_tokens":8,"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]})");
  ASSERT_EQ(m.status, 200) << m.body;
  EXPECT_EQ(parse_json(m.body).at("type").as_string(), "message");
  EXPECT_GT(parse_json(m.body).at("usage").at("wattline").at("energy").at("value").as_number(), 0);
  const auto ms = post(g, "/v1/messages", R"({"model":"babbler","max_tokens":8,"stream":true,"messages":[{"role":"user","content":"Hi"}]})");
  EXPECT_EQ(names_of(ms.body).front(), "message_start");
  EXPECT_EQ(names_of(ms.body).back(), "message_stop");
  EXPECT_THAT(ms.body, HasSubstr("\"wattline\":{\"energy\""));
  const auto r = post(g, "/v1/responses", R"({"model":"babbler","max_output_tokens":8,"input":"Hi"})");
  EXPECT_EQ(parse_json(r.body).at("object").as_string(), "response");
  const auto rs = post(g, "/v1/responses", R"({"model":"babbler","max_output_tokens":8,"input":"Hi","stream":true})");
  EXPECT_THAT(names_of(rs.body).back(), ::testing::AnyOf("response.completed", "response.incomplete"));
  EXPECT_THAT(rs.body, HasSubstr("\"wattline\":{\"energy\""));
  const auto c = post(g, "/v1/completions", R"({"model":"babbler","max_tokens":8,"prompt":"Hi"})");
  EXPECT_EQ(parse_json(c.body).at("object").as_string(), "text_completion");
  EXPECT_GT(parse_json(c.body).at("usage").at("wattline").at("energy").at("value").as_number(), 0);
  const auto cs = post(g, "/v1/completions", R"({"model":"babbler","max_tokens":8,"prompt":"Hi","stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_TRUE(cs.body.ends_with("data: [DONE]\n\n"));
  EXPECT_THAT(cs.body, HasSubstr("\"wattline\":{\"energy\""));
  // The same words whatever the dialect: without a temperature it is certain.
  const auto chat = g.chat(R"({"model":"babbler","messages":[{"role":"user","content":"Hi"}],"max_tokens":8})");
  const std::string words = parse_json(chat.body).at("choices").as_array().at(0).at("message").at("content").as_string();
  EXPECT_EQ(parse_json(c.body).at("choices").as_array().at(0).at("text").as_string(), words);
  if (!words.empty()) {
    EXPECT_EQ(parse_json(m.body).at("content").as_array().at(0).at("text").as_string(), words);
  }
  const auto tools = post(g, "/v1/messages", R"({"model":"babbler","max_tokens":8,"tools":[{"name":"f","input_schema":{}}],"messages":[{"role":"user","content":"Hi"}]})");
  EXPECT_EQ(tools.status, 400);
  EXPECT_EQ(parse_json(tools.body).at("type").as_string(), "error");
}

TEST(DialectsHttp, TokensAreCounted) {
  FakeUpstream up([](const FakeUpstream::Request& r, Connection& c) {
    EXPECT_THAT(r.head, HasSubstr("POST /v1/messages/count_tokens "));
    return c.send(reply(R"({"input_tokens":14})"));
  });
  auto chat = answering(chat_reply);
  TestGateway g;
  speaks_anthropic(g.add_upstream(up.port()));
  g.add_upstream(chat.port(), "llama-3.1-70b");
  g.config.upstreams.back().models[0].catalog = "llama-3.1-8b";
  g.start();
  const auto count = [&](std::string_view model) {
    return post(g, "/v1/messages/count_tokens", R"({"model":")" + std::string(model) + R"(","system":"You are a scientist","messages":[{"role":"user","content":"Hello, Claude"}]})");
  };
  const auto native = count("llama-3.1-8b");
  EXPECT_EQ(native.body, R"({"input_tokens":14})");
  EXPECT_THAT(up.seen().at(0).body, HasSubstr("\"the-llama-3.1-8b\""));
  const Json guessed = parse_json(count("llama-3.1-70b").body);
  EXPECT_EQ(guessed.at("input_tokens").as_integer(), 8);
  EXPECT_EQ(guessed.at("wattline").at("method").as_string(), "modelled");
  const Json builtin = parse_json(count("babbler").body);
  const Json asked = parse_json(post(g, "/v1/messages", R"({"model":"babbler","max_tokens":4,"messages":[{"role":"user","content":"Hello, Claude"}]})").body);
  EXPECT_EQ(builtin.at("input_tokens").as_integer(), asked.at("usage").at("input_tokens").as_integer());
  EXPECT_EQ(count("nobody").status, 404);
  EXPECT_EQ(post(g, "/v1/messages/count_tokens", "{}").status, 400);
  EXPECT_EQ(chat.requests(), 0);
}

TEST(DialectsHttp, TheLimitIsNamedAsTheUpstreamKnowsIt) {
  auto up = answering(chat_reply);
  TestGateway g;
  g.add_upstream(up.port()).completion_limit = true;
  g.start();
  EXPECT_EQ(post(g, "/v1/messages", ask_messages).status, 200);
  EXPECT_EQ(post(g, "/v1/responses", R"({"model":"llama-3.1-8b","input":"\"max_tokens\":1","max_output_tokens":7})").status, 200);
  EXPECT_EQ(post(g, "/v1/responses", R"({"model":"llama-3.1-8b","input":"Hi"})").status, 200);
  EXPECT_THAT(up.seen().at(0).body, ::testing::AllOf(HasSubstr("\"max_completion_tokens\":64"), Not(HasSubstr("\"max_tokens\""))));
  EXPECT_THAT(up.seen().at(1).body, HasSubstr("\"max_completion_tokens\":7"));
  expect_json(up.seen().at(2).body, R"({"model":"the-llama-3.1-8b","messages":[{"role":"user","content":"Hi"}]})");
}

TEST(DialectsHttp, AStreamThatComesByteByByteIsTheSame) {
  std::string whole;
  for (const auto& e : messages_events()) whole += e;
  whole.replace(whole.find("Hello"), 5, "H\u00e9 \U0001F600");
  FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
    if (!c.send(stream_head)) return false;
    for (char byte : whole)
      if (!c.send(chunk(std::string_view(&byte, 1)))) return false;
    return c.send("0\r\n\r\n");
  });
  TestGateway g;
  speaks_anthropic(g.add_upstream(up.port()));
  g.start();
  const auto own = post(g, "/v1/messages", ask_messages_stream);
  EXPECT_THAT(own.body, HasSubstr("H\u00e9 \U0001F600"));
  EXPECT_EQ(events_of(own.body).size(), 7u);
  const auto chat = g.chat(R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"stream":true})");
  EXPECT_THAT(chat.body, HasSubstr("{\"content\":\"H\u00e9 \U0001F600\"}"));
  EXPECT_TRUE(chat.body.ends_with("data: [DONE]\n\n"));
}

TEST(DialectsHttp, GarbageFromAnAnthropicUpstreamIsAFailure) {
  for (const char* body : {"<html>", "[]", "{}", R"({"content":7})"}) {
    auto up = answering(body);
    TestGateway g;
    speaks_anthropic(g.add_upstream(up.port()));
    g.start();
    EXPECT_EQ(g.chat(R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}]})").status, 502) << body;
  }
  auto up = streaming({"event: message_start\ndata: not json\n\n"});
  auto failing = streaming({"event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n"});
  TestGateway g;
  speaks_anthropic(g.add_upstream(up.port()));
  speaks_anthropic(g.add_upstream(failing.port(), "llama-3.1-70b"));
  g.config.upstreams.back().models[0].catalog = "llama-3.1-8b";
  g.start();
  EXPECT_EQ(g.chat(R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"stream":true})").status, 502);
  EXPECT_EQ(post(g, "/v1/messages", ask_messages_stream).status, 502);
  const auto r = g.chat(R"({"model":"llama-3.1-70b","messages":[{"role":"user","content":"Hi"}],"stream":true})");
  EXPECT_EQ(r.status, 502);
  EXPECT_THAT(r.body, HasSubstr("Overloaded"));
}

TEST(DialectsHttp, ModelsAreListedForClientsOfEither) {
  TestGateway g;
  g.start();
  const Json j = parse_json(g.get("/v1/models").body);
  EXPECT_FALSE(j.at("has_more").as_bool());
  const Json& m = j.at("data").as_array().at(0);
  EXPECT_EQ(m.at("object").as_string(), "model");
  EXPECT_EQ(m.at("type").as_string(), "model");
  EXPECT_EQ(m.at("display_name").as_string(), "babbler");
  EXPECT_TRUE(m.at("created_at").as_string().ends_with("Z"));
}

TEST(DialectsHttp, AClientWhoLeavesATranslatedStreamEndsIt) {
  std::atomic<bool> closed{false};
  FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
    c.send(stream_head);
    c.send(chunk("data: " + chunk_of(R"({"content":"Hel"})") + "\n\n"));
    closed = c.closed_within(10'000);
    return false;
  });
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  Client c(g.port());
  c.post("/v1/messages", ask_messages_stream);
  ASSERT_TRUE(c.wait_for("Hel"));
  c.connection().reset();
  const auto a = g.answer();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->status, AnswerStatus::cancelled);
  up.stop();
  EXPECT_TRUE(closed);
}

}  // namespace
}  // namespace wattline::serve::tests
