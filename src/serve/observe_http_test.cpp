// Request ids, the access log and traces, through the gateway's front door.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"
#include "kernel/testing.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::wattline::tests::ScratchDir;

constexpr std::string_view hello =
    R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"my secret words"}]})";
constexpr std::string_view completion =
    R"({"id":"c1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16}})";
constexpr std::string_view traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

FakeUpstream::Handler answers(std::string text) {
  return [text](const FakeUpstream::Request&, Connection& c) { return c.send(text); };
}
Response ask(TestGateway& g, std::string_view headers, std::string_view path = "/v1/chat/completions",
             std::string_view body = hello) {
  Client c(g.port());
  c.post(path, body, headers);
  return c.read();
}

TEST(ObserveHttp, RequestIdsGoEndToEnd) {
  FakeUpstream up(answers(reply(completion)));
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  const auto given = ask(g, "x-request-id: my-id-7\r\n");
  EXPECT_EQ(given.header("x-request-id"), "my-id-7");
  EXPECT_EQ(header_value(up.seen().at(0).head, "x-request-id"), "my-id-7");
  EXPECT_EQ(header_value(up.seen().at(0).head, "traceparent"), "");
  EXPECT_EQ(
      parse_json(g.get("/api/v1/answers/" + given.header("x-wattline-answer-id")).body).at("request_id").as_string(),
      "my-id-7");
  const auto made = ask(g, "");
  EXPECT_THAT(made.header("x-request-id"), HasSubstr("rq-"));
  EXPECT_EQ(header_value(up.seen().at(1).head, "x-request-id"), made.header("x-request-id"));
  // What could do harm is not taken.
  for (const char* bad : {"x-request-id: a b\r\n", "x-request-id: <b>\r\n", "x-request-id: \r\n"})
    EXPECT_THAT(ask(g, bad).header("x-request-id"), HasSubstr("rq-")) << bad;
  EXPECT_THAT(ask(g, "x-request-id: " + std::string(200, 'a') + "\r\n").header("x-request-id"), HasSubstr("rq-"));
  EXPECT_EQ(g.get("/healthz", "x-request-id: h1\r\n").header("x-request-id"), "h1");
  EXPECT_EQ(g.get("/nowhere", "x-request-id: h2\r\n").header("x-request-id"), "h2");
}

std::vector<Json> lines_of(const std::filesystem::path& p) {
  std::ifstream in(p);
  std::vector<Json> out;
  for (std::string line; std::getline(in, line);) out.push_back(parse_json(line));
  return out;
}

TEST(ObserveHttp, EveryRequestHasItsLine) {
  FakeUpstream up(answers(reply(completion)));
  ScratchDir dir;
  const auto file = dir.path() / "access.log";
  TestGateway g;
  g.add_upstream(up.port());
  g.config.access_log.file = file.string();
  g.start();
  const auto r = ask(g, "x-request-id: one\r\n");
  g.get("/healthz?token=hush", "x-request-id: two\r\n");
  ask(g, "x-request-id: three\r\n", "/v1/chat/completions",
      R"({"model":"nobody","messages":[{"role":"user","content":"my secret words"}]})");
  Client bad(g.port());
  bad.send("NONSENSE\r\n\r\n");
  bad.read();
  EXPECT_THAT(g.get("/metrics").body, HasSubstr("wattline_access_log_lost_total 0\n"));
  g.stop();
  g.gateway->access_log()->close();
  const auto lines = lines_of(file);
  ASSERT_GE(lines.size(), 4u);
  std::map<std::string, Json> by_id;
  for (const auto& l : lines) by_id[l.at("request_id").as_string()] = l;
  const Json& one = by_id.at("one");
  EXPECT_EQ(one.at("status").as_integer(), 200);
  EXPECT_EQ(one.at("path").as_string(), "/v1/chat/completions");
  EXPECT_EQ(one.at("model").as_string(), "llama-3.1-8b");
  EXPECT_EQ(one.at("answer_id").as_string(), r.header("x-wattline-answer-id"));
  EXPECT_EQ(one.at("tokens_out").as_integer(), 5);
  EXPECT_GT(one.at("energy_j").as_number(), 0);
  EXPECT_EQ(one.at("client").as_string(), "127.0.0.1");
  EXPECT_GT(one.at("bytes_out").as_integer(), 100);
  EXPECT_EQ(by_id.at("two").at("path").as_string(), "/healthz");
  EXPECT_EQ(by_id.at("three").at("status").as_integer(), 404);
  EXPECT_FALSE(by_id.at("three").find("model"));
  std::ifstream in(file);
  std::stringstream all;
  all << in.rdbuf();
  EXPECT_THAT(all.str(), Not(HasSubstr("secret")));
  EXPECT_THAT(all.str(), Not(HasSubstr("hush")));
}

TEST(ObserveHttp, AdministratorsHaveTheirLinesToo) {
  ScratchDir dir;
  TestGateway g;
  g.config.governance.admin.listen = ListenAddress{"127.0.0.1", 0};
  g.config.governance.admin.api_key = Secret("adm1n");
  g.config.access_log.file = (dir.path() / "access.log").string();
  g.start();
  const auto admin = [&](std::string_view id, std::string_view target, std::string_view more) {
    Client c(g.server->admin_address().port);
    c.get(target, "x-request-id: " + std::string(id) + "\r\n" + std::string(more));
    return c.read();
  };
  EXPECT_EQ(admin("one", "/admin/v1/tenants?token=hush", "authorization: Bearer adm1n\r\n").header("x-request-id"),
            "one");
  EXPECT_EQ(admin("two", "/admin/v1/tenants", "authorization: Bearer guess3d\r\n").status, 401);
  EXPECT_EQ(admin("three", "/admin/v1/tenants", "origin: https://evil.example\r\n").status, 403);
  EXPECT_EQ(admin("four", "/%zz", "").status, 400);
  g.stop();
  g.gateway->access_log()->close();
  std::map<std::string, int> status;
  for (const auto& line : lines_of(dir.path() / "access.log")) {
    status[line.at("request_id").as_string()] = static_cast<int>(line.at("status").as_integer());
    EXPECT_THAT(line.dump(), Not(testing::AnyOf(HasSubstr("adm1n"), HasSubstr("guess3d"), HasSubstr("hush"))));
  }
  EXPECT_EQ(status, (std::map<std::string, int>{{"one", 200}, {"two", 401}, {"three", 403}, {"four", 400}}));
}

TEST(ObserveHttp, PromptsAreLoggedOnlyWhenAskedFor) {
  FakeUpstream up(answers(reply(completion)));
  ScratchDir dir;
  TestGateway g;
  g.add_upstream(up.port());
  g.config.access_log.file = (dir.path() / "access.log").string();
  g.config.access_log.prompts = true;
  g.start();
  ask(g, "");
  g.stop();
  g.gateway->access_log()->close();
  EXPECT_EQ(lines_of(dir.path() / "access.log").at(0).at("prompt").as_string(), hello);
}

std::vector<Json> spans_of(const FakeUpstream& collector) {
  std::vector<Json> out;
  for (const auto& r : collector.seen()) {
    const Json batch = parse_json(r.body);
    for (const Json& s : batch.at("resourceSpans").as_array()[0].at("scopeSpans").as_array()[0].at("spans").as_array())
      out.push_back(s);
  }
  return out;
}

TEST(ObserveHttp, TracesGoFromTheClientToTheUpstreamAndToTheCollector) {
  FakeUpstream up(answers(reply(completion))), collector(answers(reply("{}")));
  TestGateway g;
  g.add_upstream(up.port());
  g.config.tracing.endpoint = "here";
  g.config.tracing.url = parse_base_url("http://127.0.0.1:" + std::to_string(collector.port()), "test");
  g.config.tracing.sample = 0;  // what the client has decided wins
  g.start();
  ask(g, "traceparent: " + std::string(traceparent) + "\r\ntracestate: vendor=1\r\nx-request-id: one\r\n");
  ask(g, "x-request-id: two\r\n");  // out of the sample
  ask(g,
      "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00\r\nx-request-id: three\r\n");  // decided against
  g.get("/healthz", "traceparent: " + std::string(traceparent) + "\r\n");  // no model is asked
  g.stop();
  g.gateway->tracing()->close();
  const auto spans = spans_of(collector);
  ASSERT_EQ(spans.size(), 2u);
  const Json& server = spans[0].at("kind").as_integer() == 2 ? spans[0] : spans[1];
  const Json& client = spans[0].at("kind").as_integer() == 2 ? spans[1] : spans[0];
  EXPECT_EQ(server.at("traceId").as_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(server.at("parentSpanId").as_string(), "00f067aa0ba902b7");
  EXPECT_EQ(server.at("name").as_string(), "chat llama-3.1-8b");
  EXPECT_EQ(client.at("parentSpanId"), server.at("spanId"));
  // The upstream is a child of the try.
  const auto sent = header_value(up.seen().at(0).head, "traceparent");
  EXPECT_EQ(sent, "00-4bf92f3577b34da6a3ce929d0e0e4736-" + client.at("spanId").as_string() + "-01");
  EXPECT_EQ(header_value(up.seen().at(0).head, "tracestate"), "vendor=1");
  EXPECT_TRUE(header_value(up.seen().at(1).head, "traceparent").ends_with("-00"));
  EXPECT_THAT(server.dump(), HasSubstr("energy.joules"));
  EXPECT_THAT(server.dump(), Not(HasSubstr("secret")));
}

TEST(ObserveHttp, ACollectorThatIsAwayHoldsNothingUp) {
  FakeUpstream up(answers(reply(completion)));
  TestGateway g;
  g.add_upstream(up.port());
  g.config.tracing.endpoint = "nowhere";
  g.config.tracing.url = parse_base_url("http://127.0.0.1:1", "test");
  g.start();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(g, "").status, 200);
  EXPECT_THAT(g.get("/metrics").body, HasSubstr("wattline_spans_dropped_total"));
  g.stop();
  g.gateway->tracing()->close();
  EXPECT_EQ(g.gateway->tracing()->dropped(), 10u);
}

}  // namespace
}  // namespace wattline::serve::tests
