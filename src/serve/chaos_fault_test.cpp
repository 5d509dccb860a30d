// One upstream that fails, and nobody else to ask: the client is told what it was, and the account has one row that
// says so, with the energy of what may have been worked.
#include <chrono>
#include <semaphore>

#include "serve/chaos_client.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;

struct Fault {
  const char* name;
  FakeUpstream::Handler handler;
  int status;
  const char* code;
  bool works = true;  // whether it may have begun to work
  bool hangs = false;
};
FakeUpstream::Handler dies_after(std::string text, bool reset = false) {
  return [text, reset](const FakeUpstream::Request&, Connection& c) {
    c.send(text);
    if (reset) c.reset();
    return false;
  };
}
const std::string head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
std::string with_length(std::size_t n) {
  return head + "content-length: " + std::to_string(n) + "\r\n\r\n" + std::string(completion);
}

TEST(ChaosFault, IsToldToTheClientAndCounted) {
  const std::string words = R"({"error":{"message":"slow down","code":"rate_limit"}})";
  const std::vector<Fault> all = {
      {"killed before the first byte", dies_after(""), 502, "upstream_closed"},
      {"reset before the first byte", dies_after("", true), 502, "upstream_closed"},
      {"killed in the first line", dies_after("HTTP/1.1 2"), 502, "upstream_truncated"},
      {"killed in the header", dies_after(head), 502, "upstream_truncated"},
      {"killed after the header", dies_after(head + "content-length: 10\r\n\r\n"), 502, "upstream_truncated"},
      {"killed after the first byte", dies_after(head + "content-length: 10\r\n\r\n{"), 502, "upstream_truncated"},
      {"a length that is too long", dies_after(with_length(completion.size() + 1)), 502, "upstream_truncated"},
      {"a length that is too short", says(with_length(completion.size() - 1)), 502, "upstream_bad_reply"},
      {"a length of nothing", says(with_length(0)), 502, "upstream_bad_reply"},
      {"a length that is none", says(head + "content-length: many\r\n\r\n{}"), 502, "upstream_bad_reply"},
      {"killed before the last chunk", dies_after(head + "transfer-encoding: chunked\r\n\r\n" + chunk(completion)), 502,
       "upstream_truncated"},
      {"a stream killed before its first event", dies_after(std::string(stream_head)), 502, "upstream_truncated"},
      {"a stream killed within its first event", dies_after(std::string(stream_head) + chunk("data: {\"cho")), 502,
       "upstream_truncated"},
      {"garbage", says("\x16\x03\x01 what is this\r\n\r\n"), 502, "upstream_bad_reply"},
      {"silence", [](const FakeUpstream::Request&, Connection& c) { return !c.closed_within(60'000); }, 504,
       "upstream_timeout", true, true},
      {"silence after the header",
       [](const FakeUpstream::Request&, Connection& c) {
         c.send(head + "content-length: 10\r\n\r\n");
         return !c.closed_within(60'000);
       },
       504, "upstream_timeout", true, true},
      {"429 with Retry-After",
       says("HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\ncontent-length: " + std::to_string(words.size()) +
            "\r\n\r\n" + words),
       429, "rate_limit", false},
      {"503", says(reply("loading", "503 Service Unavailable", "text/plain")), 503, "upstream_status", false},
  };
  for (const auto& fault : all)
    for (const bool stream : {false, true}) {
      SCOPED_TRACE(std::string(fault.name) + (stream ? ", stream" : ""));
      House* house = nullptr;
      House h([&](const FakeUpstream::Request& r, Connection& c) {
        return house->well ? serve_well(r, c) : fault.handler(r, c);
      });
      house = &h;
      auto& u = h.g.config.upstreams[0];
      if (fault.hangs) u.first_byte_timeout = u.idle_timeout = Duration(0.3);
      h.start();
      const auto r = h.g.chat(stream ? hello_stream : hello);
      EXPECT_EQ(r.status, fault.status) << r.body;
      EXPECT_EQ(code_of(r), fault.code) << r.body;
      EXPECT_EQ(r.header("retry-after"), fault.status == 429 ? "30" : "");
      EXPECT_EQ(h.up.requests(), 1);
      const auto rows = h.rows(!fault.hangs);  // else the next one would have to be as quick
      ASSERT_EQ(rows.size(), 1u);
      EXPECT_EQ(rows[0].uid, r.header("x-wattline-answer-id"));
      EXPECT_EQ(label(rows[0], "status"), "error");
      EXPECT_EQ(label(rows[0], "attempt"), "");
      EXPECT_EQ(rows[0].energy.value().base() > 0, fault.works);
      EXPECT_EQ(rows[0].tokens_in > 0, fault.works);
      EXPECT_EQ(label(rows[0], "tokens"), fault.works ? "estimated" : "");
    }
}

// What comes after the end of a reply is nobody's answer.
TEST(ChaosFault, MoreThanTheLengthIsNotTheNextAnswer) {
  const std::string other =
      R"({"choices":[{"message":{"role":"assistant","content":"Stolen."},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}})";
  for (const std::string& more : {reply(other), std::string("garbage"), std::string("\r\n")}) {
    House h([&](const FakeUpstream::Request&, Connection& c) { return c.send(reply(completion) + more); });
    h.g.config.server.threads = 1;
    h.start();
    {
      auto c = h.client();
      for (int i = 0; i < 5; ++i) {
        c.post("/v1/chat/completions", hello);
        const auto r = c.read();
        EXPECT_EQ(r.status, 200);
        EXPECT_THAT(r.body, HasSubstr("Hello."));
      }
    }
    EXPECT_EQ(h.up.requests(), 5);
    const auto rows = h.rows();
    ASSERT_EQ(rows.size(), 5u);
    for (const auto& f : rows) {
      EXPECT_EQ(label(f, "status"), "ok");
      EXPECT_EQ(f.tokens_out, 5);
    }
  }
}

// It dies once its reply has been read: a reset before that may take the reply with it, which is another fault.
TEST(ChaosFault, AKeptConnectionThatHasDiedIsReplacedUnseen) {
  for (const bool reset : {false, true}) {
    std::counting_semaphore<8> read{0}, dead{0};
    House h([&](const FakeUpstream::Request& r, Connection& c) {
      serve_well(r, c);
      (void)read.try_acquire_for(std::chrono::seconds(20));
      if (reset) c.reset();
      else c.close();
      dead.release();
      return false;
    });
    h.g.config.server.threads = 1;
    h.start();
    {
      auto c = h.client();
      for (int i = 0; i < 5; ++i) {
        c.post("/v1/chat/completions", i % 2 ? hello : hello_stream);
        EXPECT_EQ(c.read().status, 200);
        read.release();
        ASSERT_TRUE(dead.try_acquire_for(std::chrono::seconds(20)));
      }
    }
    EXPECT_EQ(h.up.requests(), 5);
    read.release();
    const auto rows = h.rows();
    ASSERT_EQ(rows.size(), 5u);  // nothing was asked twice
    for (const auto& f : rows) EXPECT_EQ(label(f, "status"), "ok");
  }
}

void expect_unreached(House& h, const Response& r, int status, const char* code) {
  EXPECT_EQ(r.status, status) << r.body;
  EXPECT_EQ(code_of(r), code) << r.body;
  EXPECT_TRUE(comes_true([&] { return h.g.gateway->connections == 0; }));
  const auto rows = h.g.sink->facts();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(label(rows[0], "status"), "error");
  EXPECT_EQ(rows[0].tokens_in + rows[0].tokens_out, 0);
  EXPECT_EQ(rows[0].energy.value().base(), 0);  // nothing ran
  EXPECT_EQ(h.g.gateway->upstreams()[0]->in_flight, 0);
}

TEST(ChaosFault, ANameThatIsNotFoundCostsNothing) {
  House h;
  h.g.config.upstreams[0].url = parse_base_url("http://no-such-host.invalid/v1", "test");
  h.start();
  const auto r = h.g.chat(hello);
  expect_unreached(h, r, 502, "upstream_unreachable");
  EXPECT_THAT(r.body, HasSubstr("cannot find"));
}

TEST(ChaosFault, WhoRefusesTheConnectionCostsNothing) {
  House h;
  h.up.stop();
  h.start();
  const auto r = h.g.chat(hello);
  expect_unreached(h, r, 502, "upstream_unreachable");
  EXPECT_THAT(r.body, HasSubstr("cannot connect"));
}

// A machine that is up and takes no connection any more: its queue of new ones is full.
TEST(ChaosFault, AConnectionThatIsNeverTakenEndsInItsTimeAndCostsNothing) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof a;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
  ASSERT_EQ(::listen(listener, 0), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&a), &size);
  std::vector<int> filling;
  bool full = false;
  for (int i = 0; i < 16 && !full; ++i) {
    filling.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    ::connect(filling.back(), reinterpret_cast<sockaddr*>(&a), sizeof a);
    pollfd p{filling.back(), POLLOUT, 0};
    full = ::poll(&p, 1, 200) == 0;
  }
  if (full) {
    House h;
    auto& u = h.g.config.upstreams[0];
    u.url = parse_base_url("http://127.0.0.1:" + std::to_string(ntohs(a.sin_port)) + "/v1", "test");
    u.connect_timeout = Duration(0.3);
    h.start();
    const auto r = h.g.chat(hello);
    expect_unreached(h, r, 504, "upstream_timeout");
    EXPECT_THAT(r.body, HasSubstr("cannot connect"));
  }
  for (int fd : filling) ::close(fd);
  ::close(listener);
  if (!full) GTEST_SKIP() << "this system takes connections without end";
}

}  // namespace
}  // namespace wattline::serve::tests
