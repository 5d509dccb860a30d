// The other two of a gateway's bench: a model server that costs next to nothing, and a load that does not wait for
// its answers before it asks again (so that a slow answer is not hidden by the questions it held up).
//
//   gateway_load upstream PORT                 answers chat completions; a stream says in its question how it goes on:
//                                              "chunks=50 every=20000" (microseconds); each chunk tells when it was sent
//   gateway_load rate PORT RATE SECONDS [KEY]  RATE requests a second at even times; latencies from the time a request
//                                              was due, in microseconds: "n p50 p99 p99.9 max failed"
//   gateway_load streams PORT COUNT CHUNKS EVERY [KEY]
//                                              so many streams at once; delays of their chunks, in microseconds:
//                                              "streams chunks p50 p99 failed"
// One thread each. Everything on loopback.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

std::int64_t now_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

struct Connection {
  int fd = -1;
  std::string in, out;
  std::int64_t due = 0;  // of the request under way; 0: idle
  int chunks_left = 0;  // of a stream that the upstream sends
  std::int64_t every_ns = 0;
  std::size_t scanned = 0;  // of `in`, for chunks
};

class Loop {
 public:
  Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
  int fd() const { return epoll_; }
  void add(int fd, std::uint32_t events) {
    epoll_event e{};
    e.events = events;
    e.data.fd = fd;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &e) != 0) fail("epoll_ctl");
  }
  template <class F>
  void wait(std::int64_t until_ns, F&& ready) {
    epoll_event events[512];
    const std::int64_t left = until_ns - now_ns();
    const timespec timeout{left > 0 ? left / 1'000'000'000 : 0, left > 0 ? left % 1'000'000'000 : 0};
    const int n = ::epoll_pwait2(epoll_, events, 512, &timeout, nullptr);
    for (int i = 0; i < n; ++i) ready(events[i].data.fd, events[i].events);
  }

 private:
  int epoll_;
};

int connect_to(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(static_cast<std::uint16_t>(port));
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&a), sizeof a) != 0) fail("connect");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

bool send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// False: closed.
bool receive(int fd, std::string& in) {
  char buffer[65536];
  const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
  if (n <= 0) return false;
  in.append(buffer, static_cast<std::size_t>(n));
  return true;
}

std::int64_t number_after(std::string_view text, std::string_view name, std::int64_t otherwise) {
  const auto at = text.find(name);
  return at == std::string_view::npos ? otherwise : std::strtoll(text.data() + at + name.size(), nullptr, 10);
}

// Of a header, 0 without one; proxies write its name in another case.
std::size_t content_length(std::string_view head) {
  return static_cast<std::size_t>(
      std::max(number_after(head, "ontent-length: ", 0), number_after(head, "ontent-Length: ", 0)));
}

std::string question(bool stream, const std::string& words, const char* key) {
  const std::string body = R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":")" + words + "\"}]" +
                           (stream ? ",\"stream\":true}" : ",\"max_tokens\":64}");
  return "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n" +
         (key ? std::string("authorization: Bearer ") + key + "\r\n" : std::string()) +
         "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Whether `in` begins with a whole response that has a content-length; it is taken out.
bool take_response(std::string& in, bool& good) {
  const auto end = in.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::string_view head(in.data(), end);
  const std::size_t size = content_length(head);
  if (in.size() < end + 4 + size) return false;
  good = head.starts_with("HTTP/1.1 200");
  in.erase(0, end + 4 + size);
  return true;
}

// --- The upstream.

constexpr std::string_view whole_body =
    R"({"id":"chatcmpl-bench","object":"chat.completion","created":1764000000,"model":"llama-3.1-8b","choices":[{"index":0,"message":{"role":"assistant","content":"The capital of France is Paris."},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":23,"completion_tokens":28,"total_tokens":51}})";

std::string http_chunk(const std::string& data) {
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  return size + data + "\r\n";
}

std::string word() {
  return http_chunk(
      "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"t=" +
      std::to_string(now_ns()) + " \"},\"finish_reason\":null}]}\n\n");
}

int upstream(int port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(static_cast<std::uint16_t>(port));
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&a), sizeof a) != 0) fail("bind");
  ::listen(listener, 8192);
  Loop loop;
  loop.add(listener, EPOLLIN);
  std::map<int, Connection> all;
  using Next = std::pair<std::int64_t, int>;
  std::priority_queue<Next, std::vector<Next>, std::greater<>> due;
  const auto drop = [&](int fd) {
    ::close(fd);
    all.erase(fd);
  };
  while (true) {
    loop.wait(due.empty() ? now_ns() + 1'000'000'000 : due.top().first, [&](int fd, std::uint32_t) {
      if (fd == listener) {
        const int c = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (c < 0) return;
        ::setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        all[c].fd = c;
        loop.add(c, EPOLLIN);
        return;
      }
      Connection& c = all[fd];
      if (!receive(fd, c.in)) return drop(fd);
      const auto end = c.in.find("\r\n\r\n");
      if (end == std::string::npos) return;
      const std::size_t size = content_length(std::string_view(c.in).substr(0, end));
      if (c.in.size() < end + 4 + size) return;
      const std::string body = c.in.substr(end + 4, size);
      c.in.erase(0, end + 4 + size);
      if (body.find("\"stream\":true") == std::string::npos) {
        if (!send_all(fd, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " +
                              std::to_string(whole_body.size()) + "\r\n\r\n" + std::string(whole_body)))
          drop(fd);
        return;
      }
      c.chunks_left = static_cast<int>(number_after(body, "chunks=", 10));
      c.every_ns = number_after(body, "every=", 1000) * 1000;
      if (!send_all(fd, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"))
        return drop(fd);
      due.emplace(now_ns() + c.every_ns, fd);
    });
    while (!due.empty() && due.top().first <= now_ns()) {
      const auto [at, fd] = due.top();
      due.pop();
      const auto it = all.find(fd);
      if (it == all.end() || it->second.chunks_left == 0) continue;
      Connection& c = it->second;
      bool alive = send_all(fd, word());
      if (alive && --c.chunks_left == 0)
        alive = send_all(fd, http_chunk("data: "
                                        "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,"
                                        "\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n") +
                                 "0\r\n\r\n");
      if (!alive) drop(fd);
      else if (c.chunks_left > 0) due.emplace(at + c.every_ns, fd);
    }
  }
}

// --- The loads.

double quantile(std::vector<std::int64_t>& sorted, double q) {
  if (sorted.empty()) return 0;
  return static_cast<double>(sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))]) / 1000;
}

int rate(int port, double per_second, double seconds, const char* key) {
  const std::string text = question(false, "What is the capital of France?", key);
  Loop loop;
  std::map<int, Connection> all;
  std::vector<int> idle;
  for (int i = 0; i < 64; ++i) {
    const int fd = connect_to(port);
    all[fd].fd = fd;
    idle.push_back(fd);
    loop.add(fd, EPOLLIN);
  }
  std::vector<std::int64_t> latencies;
  std::int64_t failed = 0, sent = 0;
  std::deque<std::int64_t> waiting;  // due, and no connection free
  const std::int64_t begin = now_ns() + 100'000'000, step = static_cast<std::int64_t>(1e9 / per_second);
  const auto total = static_cast<std::int64_t>(per_second * seconds);
  while (static_cast<std::int64_t>(latencies.size()) + failed < total) {
    const std::int64_t now = now_ns();
    while (sent < total && begin + sent * step <= now) waiting.push_back(begin + sent++ * step);
    while (!waiting.empty() && !idle.empty()) {
      Connection& c = all[idle.back()];
      idle.pop_back();
      c.due = waiting.front();
      waiting.pop_front();
      if (!send_all(c.fd, text)) fail("send");
    }
    if (now > begin + static_cast<std::int64_t>((seconds + 10) * 1e9)) break;
    loop.wait(sent < total ? begin + sent * step : now + 100'000'000, [&](int fd, std::uint32_t) {
      Connection& c = all[fd];
      if (!receive(fd, c.in)) fail("recv");
      bool good = false;
      if (!take_response(c.in, good)) return;
      if (!good) ++failed;
      else latencies.push_back(now_ns() - c.due);
      idle.push_back(fd);
    });
  }
  // The first second warmed everything up.
  latencies.erase(latencies.begin(),
                  latencies.begin() + static_cast<std::ptrdiff_t>(
                                          std::min(latencies.size() / 2, static_cast<std::size_t>(per_second))));
  std::sort(latencies.begin(), latencies.end());
  std::printf("%zu %.1f %.1f %.1f %.1f %lld\n", latencies.size(), quantile(latencies, 0.5), quantile(latencies, 0.99),
              quantile(latencies, 0.999), quantile(latencies, 1), static_cast<long long>(failed));
  return failed == 0 ? 0 : 1;
}

int streams(int port, int count, int chunks, long every_us, const char* key) {
  const std::string text =
      question(true, "chunks=" + std::to_string(chunks) + " every=" + std::to_string(every_us), key);
  Loop loop;
  std::map<int, Connection> all;
  std::vector<std::int64_t> delays;
  int ended = 0, failed = 0;
  const auto read_one = [&](int fd) {
    Connection& c = all[fd];
    const bool alive = receive(fd, c.in);
    const std::int64_t now = now_ns();
    for (std::size_t at; (at = c.in.find("t=", c.scanned)) != std::string::npos;) {
      const auto space = c.in.find(' ', at);
      if (space == std::string::npos) break;
      delays.push_back(now - std::strtoll(c.in.data() + at + 2, nullptr, 10));
      c.scanned = space;
    }
    const bool done = c.in.find("[DONE]") != std::string::npos;
    if (!done && alive) {
      if (c.scanned > 65536) {
        c.in.erase(0, c.scanned);
        c.scanned = 0;
      }
      return;
    }
    if (!done) ++failed;
    ++ended;
    ::close(fd);
    all.erase(fd);
  };
  for (int i = 0; i < count; ++i) {
    const int fd = connect_to(port);
    all[fd].fd = fd;
    loop.add(fd, EPOLLIN);
    if (!send_all(fd, text)) fail("send");
    if (i % 64 == 63) loop.wait(0, [&](int ready, std::uint32_t) { read_one(ready); });
  }
  std::fprintf(stderr, "open\n");
  const std::int64_t last = now_ns() + (static_cast<std::int64_t>(chunks) * every_us + 30'000'000) * 1000;
  while (ended < count && now_ns() < last)
    loop.wait(now_ns() + 100'000'000, [&](int fd, std::uint32_t) { read_one(fd); });
  failed += count - ended;
  std::sort(delays.begin(), delays.end());
  std::printf("%d %zu %.1f %.1f %d\n", count, delays.size(), quantile(delays, 0.5), quantile(delays, 0.99), failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string> a(argv + 1, argv + argc);
  const auto key = [&](std::size_t i) { return a.size() > i ? a[i].c_str() : nullptr; };
  if (a.size() == 2 && a[0] == "upstream") return upstream(std::atoi(a[1].c_str()));
  if (a.size() >= 4 && a[0] == "rate")
    return rate(std::atoi(a[1].c_str()), std::atof(a[2].c_str()), std::atof(a[3].c_str()), key(4));
  if (a.size() >= 5 && a[0] == "streams")
    return streams(std::atoi(a[1].c_str()), std::atoi(a[2].c_str()), std::atoi(a[3].c_str()), std::atol(a[4].c_str()),
                   key(5));
  std::fprintf(
      stderr, "gateway_load upstream PORT | rate PORT RATE SECONDS [KEY] | streams PORT COUNT CHUNKS EVERY_US [KEY]\n");
  return 2;
}
