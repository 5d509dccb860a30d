// Clients of each dialect against upstreams of each, over HTTP, whole and streamed.
#include "serve/dialect_upstreams.h"

namespace wattline::serve::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

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
  EXPECT_THAT(names_of(r.body),
              ElementsAre("message_start", "content_block_start", "content_block_delta", "content_block_delta",
                          "content_block_stop", "message_delta", "message_stop"));
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
  const auto r = g.chat(
      R"({"model":"llama-3.1-8b","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}]})");
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
  expect_json(
      seen.body,
      R"({"model":"the-llama-3.1-8b","max_tokens":4096,"system":[{"type":"text","text":"Be brief."}],"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]})");
  EXPECT_EQ(g.answer()->tokens_in, 17);
  // What it has no word for.
  const auto refused =
      g.chat(R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"logit_bias":{"5":1}})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(parse_json(refused.body).at("error").at("param").as_string(), "logit_bias");
  EXPECT_EQ(up.requests(), 1);
}

TEST(DialectsHttp, AnOpenAiClientStreamsFromAnAnthropicUpstream) {
  auto up = streaming(messages_events());
  TestGateway g;
  speaks_anthropic(g.add_upstream(up.port()));
  g.start();
  const auto r = g.chat(
      R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_usage":true}})");
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

TEST(DialectsHttp, AStreamWithoutItsLastEventIsWholeAllTheSame) {
  auto events = messages_events();
  events.pop_back();
  auto up = streaming(events);
  TestGateway g;
  speaks_anthropic(g.add_upstream(up.port()));
  g.start();
  const auto chat = g.chat(
      R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_TRUE(chat.body.ends_with("data: [DONE]\n\n")) << chat.body;
  EXPECT_EQ(events_of(chat.body).size(), 5u);
  const auto own = post(g, "/v1/messages", ask_messages_stream);
  EXPECT_EQ(names_of(own.body).back(), "message_stop");
  EXPECT_EQ(g.answer(2)->tokens_out, 15);
  EXPECT_EQ(g.answer(2)->status, AnswerStatus::ok);
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

TEST(DialectsHttp, APoolOfBothDialectsServesClientsOfBoth) {
  auto chat = answering(chat_reply);
  auto claude = answering(messages_reply);
  TestGateway g;
  g.add_upstream(chat.port());
  speaks_anthropic(g.add_upstream(claude.port()));
  g.start();
  // What only one member can be told is asked of that one, each in its own shape.
  for (int i = 0; i < 4; ++i) {
    const auto r = post(
        g, "/v1/messages",
        R"({"model":"llama-3.1-8b","max_tokens":5,"messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"web_search_20250305","name":"w"}]})");
    ASSERT_EQ(r.status, 200) << r.body;
    EXPECT_EQ(parse_json(r.body).at("type").as_string(), "message");
    EXPECT_EQ(post(g, "/v1/embeddings", R"({"model":"llama-3.1-8b","input":"a"})").status, 200);
  }
  EXPECT_EQ(chat.requests(), 4);
  EXPECT_EQ(claude.requests(), 4);
  for (int i = 0; i < 8; ++i) {
    const auto asked = post(g, "/v1/messages", ask_messages);
    EXPECT_EQ(parse_json(asked.body).at("content").as_array().at(0).at("text").as_string(), "Hello!") << asked.body;
    const auto r = g.chat(R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}]})");
    EXPECT_EQ(parse_json(r.body).at("choices").as_array().at(0).at("message").at("content").as_string(), "Hello!")
        << r.body;
  }
}

TEST(DialectsHttp, AnotherDialectIsTriedWhereOneFails) {
  auto down = answering(R"({"error":{"message":"no","type":"server_error"}})", "503 Service Unavailable");
  auto claude = answering(messages_reply);
  TestGateway g;
  g.add_upstream(down.port());
  speaks_anthropic(g.add_upstream(claude.port()));
  g.start();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(post(g, "/v1/messages", ask_messages).status, 200);
    EXPECT_EQ(g.chat(R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}]})").status, 200);
    EXPECT_EQ(post(g, "/v1/responses", R"({"model":"llama-3.1-8b","input":"Hi"})").status, 200);
  }
  EXPECT_GT(down.requests(), 0);
}

TEST(DialectsHttp, WhatOnlyAnAnthropicUpstreamCanDoIsRefusedElsewhere) {
  auto up = answering(chat_reply);
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  const auto r = post(
      g, "/v1/messages",
      R"({"model":"llama-3.1-8b","max_tokens":5,"messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"web_search_20250305","name":"w"}]})");
  EXPECT_EQ(r.status, 400);
  const Json j = parse_json(r.body);
  EXPECT_EQ(j.at("type").as_string(), "error");
  EXPECT_EQ(j.at("error").at("type").as_string(), "invalid_request_error");
  EXPECT_THAT(j.at("error").at("message").as_string(), HasSubstr("tools[0].type"));
  EXPECT_EQ(up.requests(), 0);
}

TEST(DialectsHttp, FailuresAreToldInTheClientsShape) {
  auto down = answering(R"({"error":{"message":"slow down","type":"rate_limit_error"}})", "429 Too Many Requests");
  auto overloaded =
      answering(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})", "529 Overloaded");
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
  const auto unknown =
      post(g, "/v1/messages", R"({"model":"nobody","max_tokens":5,"messages":[{"role":"user","content":"Hi"}]})",
           "x-api-key: k3y\r\n");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(parse_json(unknown.body).at("error").at("type").as_string(), "not_found_error");
  const auto chat =
      post(g, "/v1/chat/completions", R"({"model":"llama-3.1-70b","messages":[{"role":"user","content":"Hi"}]})",
           "x-api-key: k3y\r\n");
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
  auto failing =
      streaming({"event: error\ndata: "
                 "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n"});
  TestGateway g;
  speaks_anthropic(g.add_upstream(up.port()));
  speaks_anthropic(g.add_upstream(failing.port(), "llama-3.1-70b"));
  g.config.upstreams.back().models[0].catalog = "llama-3.1-8b";
  g.start();
  EXPECT_EQ(g.chat(R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"stream":true})").status,
            502);
  EXPECT_EQ(post(g, "/v1/messages", ask_messages_stream).status, 502);
  const auto r = g.chat(R"({"model":"llama-3.1-70b","messages":[{"role":"user","content":"Hi"}],"stream":true})");
  EXPECT_EQ(r.status, 502);
  EXPECT_THAT(r.body, HasSubstr("Overloaded"));
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
