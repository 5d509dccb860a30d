#include "serve/otlp.h"

#include <condition_variable>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"
#include "serve/fake_http.h"
#include "serve/otlp_exporter.h"

namespace wattline::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::shared_ptr<Answer> answer() {
  auto a = std::make_shared<Answer>();
  auto b = std::make_shared<Basis>();
  b->model = "llama-3.1-8b";
  b->upstream = "gpu";
  b->place = "FR";
  b->energy = figure_basis("J", Method::modelled, {});
  b->carbon = figure_basis("mgCO2e", Method::modelled, {});
  b->water = figure_basis("mL", Method::modelled, {});
  a->basis = b;
  a->id = "wl-1";
  a->begin = Time{1'000};
  a->end = Time{2'000};
  a->span = {1, 2, 3, 4, 5, 6, 7, 8};
  a->tokens_in = 7;
  a->tokens_out = 3;
  a->joules = {0.5, 0.4, 0.6};
  a->carbon = {20, 10, 30};
  a->water = {100, 50, 150};
  a->finish_reason = "stop";
  return a;
}
std::shared_ptr<RequestInfo> request(AnswerPtr a = answer()) {
  auto r = std::make_shared<RequestInfo>();
  r->id = "req-1";
  r->context = *parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  r->method = "POST";
  r->path = "/v1/chat/completions";
  r->operation = "chat";
  r->prompt = "SECRET";
  r->begin = Time{500};
  r->end = Time{2'500};
  r->status = 200;
  if (a) r->answers = {std::move(a)};
  return r;
}
Json span(const SpanRecord& s) {
  std::string out;
  append_span(out, s);
  return parse_json(out);
}
const Json* attribute(const Json& span, std::string_view name) {
  for (const Json& a : span.at("attributes").as_array())
    if (a.at("key").as_string() == name) return a.find("value");
  return nullptr;
}
std::string text(const Json& s, std::string_view name) {
  const Json* v = attribute(s, name);
  return v ? v->at("stringValue").as_string() : "";
}

TEST(Otlp, TheSpanOfARequestFollowsTheConventions) {
  auto r = request();
  r->parent = {9, 9, 9, 9, 9, 9, 9, 9};
  r->trace_state = "vendor=1";
  const Json s = span({r, nullptr});
  EXPECT_EQ(s.at("name").as_string(), "chat llama-3.1-8b");
  EXPECT_EQ(s.at("kind").as_integer(), 2);
  EXPECT_EQ(s.at("traceId").as_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(s.at("spanId").as_string(), "00f067aa0ba902b7");
  EXPECT_EQ(s.at("parentSpanId").as_string(), "0909090909090909");
  EXPECT_EQ(s.at("traceState").as_string(), "vendor=1");
  EXPECT_EQ(s.at("startTimeUnixNano").as_string(), "500");
  EXPECT_EQ(s.at("endTimeUnixNano").as_string(), "2500");
  EXPECT_EQ(text(s, "gen_ai.operation.name"), "chat");
  EXPECT_EQ(text(s, "gen_ai.request.model"), "llama-3.1-8b");
  EXPECT_EQ(text(s, "gen_ai.provider.name"), "gpu");
  EXPECT_EQ(attribute(s, "gen_ai.usage.input_tokens")->at("intValue").as_string(), "7");
  EXPECT_EQ(attribute(s, "gen_ai.response.finish_reasons")
                ->at("arrayValue")
                .at("values")
                .as_array()[0]
                .at("stringValue")
                .as_string(),
            "stop");
  EXPECT_EQ(attribute(s, "energy.joules")->at("doubleValue").as_number(), 0.5);
  EXPECT_EQ(text(s, "energy.method"), "modelled");
  EXPECT_EQ(attribute(s, "carbon.g_co2e")->at("doubleValue").as_number(), 0.02);
  EXPECT_EQ(text(s, "carbon.method"), "modelled");
  EXPECT_EQ(attribute(s, "water.litres")->at("doubleValue").as_number(), 0.1);
  EXPECT_EQ(attribute(s, "http.response.status_code")->at("intValue").as_string(), "200");
  EXPECT_EQ(text(s, "wattline.request_id"), "req-1");
  EXPECT_FALSE(s.find("status"));
  EXPECT_THAT(s.dump(), Not(HasSubstr("SECRET")));
}

TEST(Otlp, TheSpanOfATryIsItsChild) {
  auto failed = answer();
  failed->status = AnswerStatus::error;
  failed->http_status = 503;
  failed->error = "the upstream said \"no\"";
  const Json s = span({request(), failed});
  EXPECT_EQ(s.at("kind").as_integer(), 3);
  EXPECT_EQ(s.at("spanId").as_string(), "0102030405060708");
  EXPECT_EQ(s.at("parentSpanId").as_string(), "00f067aa0ba902b7");
  EXPECT_EQ(s.at("startTimeUnixNano").as_string(), "1000");
  EXPECT_EQ(text(s, "error.type"), "503");
  EXPECT_EQ(s.at("status").at("code").as_integer(), 2);
  EXPECT_EQ(s.at("status").at("message").as_string(), failed->error);
}

TEST(Otlp, ARequestWithoutAnswerHasASpanToo) {
  auto r = request(nullptr);
  r->status = 401;
  const Json s = span({r, nullptr});
  EXPECT_EQ(s.at("name").as_string(), "chat");
  EXPECT_FALSE(s.find("status"));  // the client's fault is no error of the server
  r->status = 500;
  EXPECT_EQ(span({r, nullptr}).at("status").at("code").as_integer(), 2);
  EXPECT_FALSE(span({r, nullptr}).find("parentSpanId"));
}

TEST(Otlp, ABatchIsOneRequest) {
  const std::vector<SpanRecord> spans = {{request(), nullptr}, {request(), answer()}};
  const Json j = parse_json(otlp_request({"wattline", "1.2", "host-1"}, spans));
  const Json& resource = j.at("resourceSpans").as_array()[0];
  EXPECT_EQ(resource.at("resource").at("attributes").as_array()[0].at("value").at("stringValue").as_string(),
            "wattline");
  EXPECT_EQ(resource.at("scopeSpans").as_array()[0].at("spans").as_array().size(), 2u);
  EXPECT_TRUE(parse_json(otlp_request({}, {})).find("resourceSpans"));
}

// --- The exporter, with a collector that is made up.
struct Collector {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> bodies;
  std::vector<int> statuses;  // what it says, one after the other, then 200
  bool hold = false;
  PostReply take(const std::string& body) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !hold; });
    bodies.push_back(body);
    changed.notify_all();
    PostReply r;
    r.status = statuses.empty() ? 200 : statuses.front();
    if (!statuses.empty()) statuses.erase(statuses.begin());
    return r;
  }
  bool wait(std::size_t n) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), [&] { return bodies.size() >= n; });
  }
  void release() {
    std::lock_guard lock(mutex);
    hold = false;
    changed.notify_all();
  }
  std::size_t spans(std::size_t i) {
    std::lock_guard lock(mutex);
    return parse_json(bodies.at(i))
        .at("resourceSpans")
        .as_array()[0]
        .at("scopeSpans")
        .as_array()[0]
        .at("spans")
        .as_array()
        .size();
  }
};
TracingConfig tracing() {
  TracingConfig c;
  c.batch = 4;
  c.queue = 16;
  c.interval = Duration(3600);
  return c;
}

TEST(OtlpExporter, SendsInBatchesAndTheRestAtTheEnd) {
  Collector collector;
  OtlpExporter exporter(tracing(), {"wattline", "1", ""},
                        [&](const std::string& b, Duration) { return collector.take(b); }, {});
  for (int i = 0; i < 4; ++i) exporter.push({request(), nullptr});
  ASSERT_TRUE(collector.wait(1));
  EXPECT_EQ(collector.spans(0), 4u);
  for (int i = 0; i < 3; ++i) exporter.push({request(), nullptr});
  exporter.close();
  EXPECT_EQ(collector.spans(1), 3u);
  EXPECT_EQ(exporter.exported(), 7u);
  EXPECT_EQ(exporter.dropped(), 0u);
  exporter.push({request(), nullptr});  // after the end
  EXPECT_EQ(exporter.dropped(), 1u);
}

TEST(OtlpExporter, DropsWhatDoesNotFitAndNeverWaits) {
  Collector collector;
  collector.hold = true;
  OtlpExporter exporter(tracing(), {"wattline", "1", ""},
                        [&](const std::string& b, Duration) { return collector.take(b); }, {});
  for (int i = 0; i < 200; ++i) exporter.push({request(), nullptr});
  EXPECT_GE(exporter.dropped(), 200u - 2 * 16u);
  collector.release();
  exporter.close();
  EXPECT_EQ(exporter.exported() + exporter.dropped(), 200u);
}

TEST(OtlpExporter, TriesAgainWhenTheCollectorIsBusyAndNotWhenItRefuses) {
  Collector collector;
  collector.statuses = {503, 200, 400, 200};
  std::mutex mutex;
  std::string said;
  OtlpExporter exporter(
      tracing(), {"wattline", "1", ""}, [&](const std::string& b, Duration) { return collector.take(b); },
      [&](std::string_view words) {
        std::lock_guard lock(mutex);
        said += words;
        said += '\n';
      });
  for (int i = 0; i < 4; ++i) exporter.push({request(), nullptr});
  ASSERT_TRUE(collector.wait(2));
  for (int i = 0; i < 4; ++i) exporter.push({request(), nullptr});
  ASSERT_TRUE(collector.wait(3));
  for (int i = 0; i < 4; ++i) exporter.push({request(), nullptr});
  ASSERT_TRUE(collector.wait(4));
  exporter.close();
  EXPECT_EQ(exporter.exported(), 8u);
  EXPECT_EQ(exporter.dropped(), 4u);
  EXPECT_THAT(said, HasSubstr("status 503"));
  EXPECT_THAT(said, HasSubstr("takes spans again"));
}

TEST(OtlpExporter, EndsSoonWhenTheCollectorIsAway) {
  auto c = tracing();
  OtlpExporter exporter(c, {"wattline", "1", ""},
                        [&](const std::string&, Duration timeout) {
                          EXPECT_LE(timeout.base(), c.timeout.base());
                          PostReply r;
                          r.error = "cannot reach it";
                          return r;
                        },
                        {});
  for (int i = 0; i < 10; ++i) exporter.push({request(), nullptr});
  exporter.close();
  EXPECT_EQ(exporter.exported(), 0u);
  EXPECT_EQ(exporter.dropped(), 10u);
}

// --- The post itself.
TracingConfig at(std::uint16_t port, std::string path = "") {
  TracingConfig c;
  c.url = parse_base_url("http://127.0.0.1:" + std::to_string(port) + path, "test");
  return c;
}

TEST(OtlpPost, SpeaksHttpWithTheHeadersOfTheConfiguration) {
  tests::FakeUpstream collector(
      [](const tests::FakeUpstream::Request&, tests::Connection& c) { return c.send(tests::reply("{}")); });
  auto c = at(collector.port());
  c.headers.emplace_back("x-api-key", Secret("s3cret"));
  EXPECT_EQ(post_to(c)("{\"resourceSpans\":[]}", Duration(10)).status, 200);
  EXPECT_EQ(post_to(at(collector.port(), "/otlp/v1/traces"))("{}", Duration(10)).status, 200);
  const auto seen = collector.seen();
  EXPECT_THAT(seen.at(0).head, HasSubstr("POST /v1/traces HTTP/1.1"));
  EXPECT_EQ(tests::header_value(seen[0].head, "x-api-key"), "s3cret");
  EXPECT_EQ(tests::header_value(seen[0].head, "content-type"), "application/json");
  EXPECT_EQ(seen[0].body, "{\"resourceSpans\":[]}");
  EXPECT_THAT(seen.at(1).head, HasSubstr("POST /otlp/v1/traces HTTP/1.1"));
}

TEST(OtlpPost, FailuresAreValues) {
  std::uint16_t closed;
  {
    tests::FakeUpstream gone([](const tests::FakeUpstream::Request&, tests::Connection&) { return false; });
    closed = gone.port();
    const auto r = post_to(at(closed))("{}", Duration(10));
    EXPECT_EQ(r.status, 0);
    EXPECT_FALSE(r.error.empty());
  }
  const auto r = post_to(at(closed))("{}", Duration(10));
  EXPECT_EQ(r.status, 0);
  EXPECT_THAT(r.error, HasSubstr("reach"));
  tests::FakeUpstream busy([](const tests::FakeUpstream::Request&, tests::Connection& c) {
    return c.send("HTTP/1.1 429 Too Many\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n");
  });
  EXPECT_EQ(post_to(at(busy.port()))("{}", Duration(10)).retry_after_s, 7);
  tests::FakeUpstream silent([](const tests::FakeUpstream::Request&, tests::Connection& c) {
    c.closed_within(20'000);
    return false;
  });
  EXPECT_EQ(post_to(at(silent.port()))("{}", Duration(0.2)).status, 0);
}

}  // namespace
}  // namespace wattline::serve
