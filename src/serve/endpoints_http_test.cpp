// Responses, completions, embeddings, the counting of tokens, and which of them a model is served at.
#include "serve/dialect_upstreams.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(EndpointsHttp, ResponsesFromAChatUpstream) {
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

TEST(EndpointsHttp, ResponsesPassWhereTheUpstreamServesThem) {
  const std::string done =
      R"({"type":"response.completed","sequence_number":1,"response":{"id":"resp_1","status":"completed","usage":{"input_tokens":3,"output_tokens":4}}})";
  auto up =
      streaming({"event: response.output_text.delta\ndata: "
                 "{\"type\":\"response.output_text.delta\",\"sequence_number\":0,\"delta\":\"Hi\"}\n\n",
                 "event: response.completed\ndata: " + done + "\n\n"});
  TestGateway g;
  g.add_upstream(up.port()).endpoints.add(Endpoint::responses);
  g.start();
  const auto r = post(g, "/v1/responses",
                      R"({"model":"llama-3.1-8b","input":"Hi","stream":true,"previous_response_id":"resp_0"})");
  ASSERT_EQ(r.status, 200) << r.body;
  EXPECT_EQ(up.seen().at(0).body,
            R"({"model":"the-llama-3.1-8b","input":"Hi","stream":true,"previous_response_id":"resp_0"})");
  EXPECT_THAT(up.seen().at(0).head, HasSubstr("POST /v1/responses "));
  const auto events = events_of(r.body);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].name, "response.completed");
  EXPECT_GT(parse_json(events[1].data).at("response").at("usage").at("wattline").at("energy").at("value").as_number(),
            0);
  EXPECT_EQ(g.answer()->tokens_out, 4);
}

TEST(EndpointsHttp, CompletionsAndEmbeddingsPass) {
  FakeUpstream up([](const FakeUpstream::Request& r, Connection& c) {
    if (r.head.starts_with("POST /v1/embeddings "))
      return c.send(reply(
          R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.0023064255,-0.009327292]}],"model":"x","usage":{"prompt_tokens":8,"total_tokens":8}})"));
    if (r.body.find("\"stream\":true") == std::string::npos)
      return c.send(reply(
          R"({"id":"cmpl-1","object":"text_completion","choices":[{"text":"a test","index":0,"finish_reason":"length"}],"usage":{"prompt_tokens":5,"completion_tokens":7}})"));
    return c.send(std::string(stream_head) +
                  chunk("data: "
                        "{\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"choices\":[{\"text\":\"a\",\"index\":0,"
                        "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n") +
                  "0\r\n\r\n");
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
  const auto s =
      post(g, "/v1/completions",
           R"({"model":"llama-3.1-8b","prompt":"Say","stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_TRUE(s.body.ends_with("data: [DONE]\n\n"));
  const auto events = events_of(s.body);
  ASSERT_EQ(events.size(), 3u) << s.body;
  EXPECT_EQ(parse_json(events[1].data).at("object").as_string(), "text_completion");
  EXPECT_THAT(events[1].data, HasSubstr("\"wattline\":{\"energy\""));
  EXPECT_EQ(post(g, "/v1/embeddings", R"({"model":"llama-3.1-8b"})").status, 400);
}

TEST(EndpointsHttp, AnEndpointThatIsNotServedIsSaid) {
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

TEST(EndpointsHttp, TheBuiltInModelSpeaksThemAll) {
  TestGateway g;
  g.start();
  const auto m = post(
      g, "/v1/messages",
      R"({"model":"babbler","max_tokens":8,"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]})");
  ASSERT_EQ(m.status, 200) << m.body;
  EXPECT_EQ(parse_json(m.body).at("type").as_string(), "message");
  EXPECT_GT(parse_json(m.body).at("usage").at("wattline").at("energy").at("value").as_number(), 0);
  const auto ms =
      post(g, "/v1/messages",
           R"({"model":"babbler","max_tokens":8,"stream":true,"messages":[{"role":"user","content":"Hi"}]})");
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
  const auto cs =
      post(g, "/v1/completions",
           R"({"model":"babbler","max_tokens":8,"prompt":"Hi","stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_TRUE(cs.body.ends_with("data: [DONE]\n\n"));
  EXPECT_THAT(cs.body, HasSubstr("\"wattline\":{\"energy\""));
  // The same words whatever the dialect: without a temperature it is certain.
  const auto chat = g.chat(R"({"model":"babbler","messages":[{"role":"user","content":"Hi"}],"max_tokens":8})");
  const std::string words =
      parse_json(chat.body).at("choices").as_array().at(0).at("message").at("content").as_string();
  EXPECT_EQ(parse_json(c.body).at("choices").as_array().at(0).at("text").as_string(), words);
  if (!words.empty()) {
    EXPECT_EQ(parse_json(m.body).at("content").as_array().at(0).at("text").as_string(), words);
  }
  const auto tools = post(
      g, "/v1/messages",
      R"({"model":"babbler","max_tokens":8,"tools":[{"name":"f","input_schema":{}}],"messages":[{"role":"user","content":"Hi"}]})");
  EXPECT_EQ(tools.status, 400);
  EXPECT_EQ(parse_json(tools.body).at("type").as_string(), "error");
}

TEST(EndpointsHttp, TokensAreCounted) {
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
    return post(g, "/v1/messages/count_tokens",
                R"({"model":")" + std::string(model) +
                    R"(","system":"You are a scientist","messages":[{"role":"user","content":"Hello, Claude"}]})");
  };
  const auto native = count("llama-3.1-8b");
  EXPECT_EQ(native.body, R"({"input_tokens":14})");
  EXPECT_THAT(up.seen().at(0).body, HasSubstr("\"the-llama-3.1-8b\""));
  const Json guessed = parse_json(count("llama-3.1-70b").body);
  EXPECT_EQ(guessed.at("input_tokens").as_integer(), 8);
  EXPECT_EQ(guessed.at("wattline").at("method").as_string(), "modelled");
  const Json builtin = parse_json(count("babbler").body);
  const Json asked =
      parse_json(post(g, "/v1/messages",
                      R"({"model":"babbler","max_tokens":4,"messages":[{"role":"user","content":"Hello, Claude"}]})")
                     .body);
  EXPECT_EQ(builtin.at("input_tokens").as_integer(), asked.at("usage").at("input_tokens").as_integer());
  EXPECT_EQ(count("nobody").status, 404);
  EXPECT_EQ(post(g, "/v1/messages/count_tokens", "{}").status, 400);
  EXPECT_EQ(chat.requests(), 0);
}

TEST(EndpointsHttp, TheLimitIsNamedAsTheUpstreamKnowsIt) {
  auto up = answering(chat_reply);
  TestGateway g;
  g.add_upstream(up.port()).completion_limit = true;
  g.start();
  EXPECT_EQ(post(g, "/v1/messages", ask_messages).status, 200);
  EXPECT_EQ(
      post(g, "/v1/responses", R"({"model":"llama-3.1-8b","input":"\"max_tokens\":1","max_output_tokens":7})").status,
      200);
  EXPECT_EQ(post(g, "/v1/responses", R"({"model":"llama-3.1-8b","input":"Hi"})").status, 200);
  EXPECT_THAT(up.seen().at(0).body,
              ::testing::AllOf(HasSubstr("\"max_completion_tokens\":64"), Not(HasSubstr("\"max_tokens\""))));
  EXPECT_THAT(up.seen().at(1).body, HasSubstr("\"max_completion_tokens\":7"));
  expect_json(up.seen().at(2).body, R"({"model":"the-llama-3.1-8b","messages":[{"role":"user","content":"Hi"}]})");
}

TEST(EndpointsHttp, ModelsAreListedForClientsOfEither) {
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

}  // namespace
}  // namespace wattline::serve::tests
