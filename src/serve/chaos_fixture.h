// For tests: upstreams that behave in chosen ways, two of them in one pool, and looks at what became of it.
#pragma once

#include "kernel/json.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {

inline constexpr std::string_view hello = R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}]})";
inline constexpr std::string_view hello_stream =
    R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"stream":true})";
inline constexpr std::string_view completion =
    R"({"choices":[{"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":5}})";

inline std::string delta(std::string_view text) {
  return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + std::string(text) + "\"}}]}\n\n";
}
inline const std::string finish_event =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
inline const std::string done_event = "data: [DONE]\n\n";

inline bool wants_stream(const FakeUpstream::Request& r) { return r.body.find("\"stream\":true") != std::string::npos; }
// A good server of either kind.
inline bool serve_well(const FakeUpstream::Request& r, Connection& c) {
  if (r.head.starts_with("GET ")) return c.send(reply("fine"));
  if (!wants_stream(r)) return c.send(reply(completion));
  c.send(stream_head);
  for (const auto& e : {delta("Hel"), delta("lo."), finish_event, done_event}) c.send(chunk(e));
  return c.send("0\r\n\r\n");
}
inline FakeUpstream::Handler says(std::string text) {
  return [text](const FakeUpstream::Request&, Connection& c) { return c.send(text); };
}
inline std::string label(const Fact& f, std::string_view name) {
  for (const auto& [key, value] : f.labels)
    if (key == name) return value;
  return "";
}
// Until `what` holds, for a minute.
template <class F>
bool comes_true(F&& what) {
  for (int i = 0; i < 6000; ++i) {
    if (what()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return what();
}

// A pool in which the bad one is always asked first.
struct Pair {
  explicit Pair(FakeUpstream::Handler handler, FakeUpstream::Handler second = serve_well)
      : bad(std::move(handler)), good(std::move(second)) {
    g.add_upstream(bad.port());
    auto& u = g.add_upstream(good.port());
    u.models[0].tier = 1;
    // So that how slow this machine is decides nothing.
    for (auto& c : g.config.upstreams) c.connect_timeout = c.first_byte_timeout = c.idle_timeout = Duration(60);
  }
  const Json pool() { return parse_json(g.get("/api/v1/status").body).at("pools").as_array().at(0); }
  TestGateway g;
  FakeUpstream bad, good;
};

}  // namespace wattline::serve::tests
