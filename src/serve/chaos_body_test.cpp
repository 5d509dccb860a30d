// Bodies that are huge, deep and strange, at every endpoint that takes one: refused before they cost anything, or
// handed on as they are.
#include <fstream>

#include "serve/chaos_client.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::size_t hundred_mb = 100'000'000;
const std::string post = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n";

#ifdef __SANITIZE_ADDRESS__
constexpr bool counts_memory = false;  // the sanitiser keeps what was freed
#else
constexpr bool counts_memory = true;
#endif
std::size_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::size_t size = 0, resident = 0;
  in >> size >> resident;
  return resident * 4096;
}

TEST(ChaosBody, AHundredMegabytesThatAreDeclaredAreRefusedBeforeTheyAreRead) {
  House h;
  h.start();
  const std::string block(1 << 16, 'x');
  for (const char* more : {"", "expect: 100-continue\r\n"}) {
    SCOPED_TRACE(more);
    auto c = h.client();
    c.send(post + more + "content-length: " + std::to_string(hundred_mb) + "\r\n\r\n");
    const auto r = c.read();  // while nothing of it was sent
    EXPECT_EQ(r.status, 413);
    EXPECT_EQ(code_of(r), "body_too_large");
    EXPECT_EQ(r.header("connection"), "close");
    // Who sends it all the same is not listened to for ever.
    std::size_t sent = 0;
    while (sent < hundred_mb && c.send(block)) sent += block.size();
    EXPECT_LT(sent, hundred_mb / 2);
    EXPECT_TRUE(c.connection().closed_within(10'000));
  }
  EXPECT_EQ(h.up.requests(), 0);
  EXPECT_THAT(h.rows(), IsEmpty());
}

TEST(ChaosBody, AHundredMegabytesInChunksAreRefusedAtTheLimit) {
  House h;
  h.start();
  const std::string block = chunk(std::string(1 << 16, 'x'));
  const std::size_t before = resident_bytes();
  for (int i = 0; i < 5; ++i) {
    auto c = h.client();
    c.send(post + "transfer-encoding: chunked\r\n\r\n");
    EXPECT_LT(pour(c, block, hundred_mb), hundred_mb / 2);
    const auto r = c.read();
    EXPECT_EQ(r.status, 413);
    EXPECT_EQ(code_of(r), "body_too_large");
    EXPECT_TRUE(c.connection().closed_within(10'000));
  }
  if (counts_memory) {
    EXPECT_LT(resident_bytes(), before + hundred_mb / 2);
  }
  EXPECT_EQ(h.up.requests(), 0);
  EXPECT_THAT(h.rows(), IsEmpty());
}

std::string times(std::string_view text, std::size_t n) {
  std::string out;
  out.reserve(text.size() * n);
  for (std::size_t i = 0; i < n; ++i) out += text;
  return out;
}
std::string with(std::string_view members) {
  return R"({"model":"llama-3.1-8b","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"input":"Hi","prompt":"Hi",)" +
         std::string(members) + "}";
}

// Gateways with all that reads a body: the cache makes keys of it, limits make estimates of it.
struct Readers : House {
  explicit Readers(bool all) {
    g.config.limits.body = Bytes(32e6);
    if (!all) return;
    g.config.cache.enabled = true;
    TenantConfig t;
    t.name = "default";
    t.tokens_per_minute = 1e15;
    g.config.governance.tenants = {t};
    g.config.server.api_key = Secret("k");
  }
  Response ask(std::string_view path, std::string_view body) {
    auto c = client();
    c.post(path, body, "authorization: Bearer k\r\n");
    return c.read(120'000);
  }
};

TEST(ChaosBody, DeepAndBrokenJsonIsRefusedAtEveryEndpoint) {
  House h;
  h.g.config.limits.body = Bytes(32e6);
  h.g.config.cache.enabled = true;
  h.start();
  struct Case {
    const char* name;
    std::string body;
  };
  const std::vector<Case> all = {
      {"100,000 arrays", times("[", 100'000)},
      {"100,000 arrays, closed", with("\"x\":" + times("[", 100'000) + times("]", 100'000))},
      {"100,000 objects", with("\"x\":" + times("{\"a\":", 100'000) + "1" + times("}", 100'000))},
      {"a deep message", R"({"model":"llama-3.1-8b","messages":)" + times("[", 100'000) + times("]", 100'000) + "}"},
      {"a number of 1 MB", with("\"x\":" + std::string(1'000'000, '9'))},
      {"a number beyond doubles", with("\"temperature\":1e999")},
      {"the model twice", with("\"model\":\"other\"")},
      {"the messages twice", with(R"("messages":[],"input":[],"prompt":[])")},
      {"half a surrogate at the end", R"({"model":"\ud800)"},
      {"a NUL", with(std::string("\"x\":\"\0\"", 8))},
      {"two documents", with("\"x\":1") + with("\"x\":1")},
      {"an open string of 10 MB", R"({"model":"llama-3.1-8b","x":")" + std::string(10'000'000, 'x')},
  };
  for (const char* path : {"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/messages", "/v1/responses",
                           "/v1/messages/count_tokens"})
    for (const auto& bad : all) {
      SCOPED_TRACE(std::string(path) + ": " + bad.name);
      auto c = h.client();
      c.post(path, bad.body);
      const auto r = c.read(120'000);
      EXPECT_EQ(r.status, 400) << r.body;
      EXPECT_THAT(r.body, HasSubstr("\"message\""));
      EXPECT_LT(r.body.size(), 2000u);
      c.get("/healthz");  // the connection is as good as before
      EXPECT_EQ(c.read().status, 200);
    }
  EXPECT_EQ(h.up.requests(), 0);
  EXPECT_THAT(h.rows(), IsEmpty());
}

TEST(ChaosBody, HugeJsonThatIsNoneOfOursIsHandedOnAsItIs) {
  std::string keys;
  for (int i = 0; i < 100'000; ++i) keys += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  const std::vector<std::string> all = {
      with(keys + "\"last\":1"),
      with("\"x\":\"" + std::string(10'000'000, 'x') + "\""),
      with("\"x\":" + times("[", 100) + times("]", 100)),
      with("\"x\":[" + times("1,", 1'000'000) + "1]"),
      with("\"seed\":90071992547409931,\"y\":1e-999,\"z\":-0.0"),
      with("\"same\":1,\"same\":2"),
      with("\"x\":\"\\u0000\\ud83d\\ude00\""),
  };
  for (const bool readers : {false, true}) {
    Readers h(readers);
    h.start();
    for (const auto& body : all) {
      SCOPED_TRACE(body.substr(0, 200));
      const auto r = h.ask("/v1/chat/completions", body);
      EXPECT_EQ(r.status, 200) << r.body.substr(0, 500);
      // All but the model's name.
      const auto seen = h.up.seen();
      ASSERT_FALSE(seen.empty());
      EXPECT_TRUE(seen.back().body.ends_with(std::string_view(body).substr(std::string_view(body).find(','))));
    }
    EXPECT_EQ(h.up.requests(), static_cast<int>(all.size()));
    h.g.stop();
    const auto rows = h.g.sink->facts();
    EXPECT_EQ(rows.size(), all.size());
    for (const auto& f : rows) EXPECT_EQ(label(f, "status"), "ok");
  }
}

}  // namespace
}  // namespace wattline::serve::tests
