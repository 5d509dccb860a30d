// For tests: an upstream and a client on blocking sockets that can also behave badly.
#pragma once

#include <atomic>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "kernel/http_testing.h"

namespace wattline::serve::tests {

using wattline::tests::Connection;
using wattline::tests::header_value;
using wattline::tests::reply;
using FakeUpstream = wattline::tests::HttpServer;

struct Response {
  int status = 0;
  std::string head, body;
  bool whole = false;  // came to its declared end
  std::string header(std::string_view name) const { return header_value(head, name); }
};

class Client {
 public:
  explicit Client(std::uint16_t port) : connection_(dial(port)) {}
  Connection& connection() { return connection_; }
  bool send(std::string_view text) { return connection_.send(text); }
  bool post(std::string_view path, std::string_view body, std::string_view headers = "") {
    return send("POST " + std::string(path) + " HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n" +
                std::string(headers) + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" +
                std::string(body));
  }
  bool get(std::string_view path, std::string_view headers = "") {
    return send("GET " + std::string(path) + " HTTP/1.1\r\nhost: localhost\r\n" + std::string(headers) + "\r\n");
  }
  // The next response, its chunks put together.
  Response read(int timeout_ms = 60'000) {
    Response r;
    std::size_t end;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos)
      if (!connection_.receive(in_, timeout_ms)) return r;
    r.head = in_.substr(0, end + 2);
    in_.erase(0, end + 4);
    r.status = std::atoi(r.head.c_str() + 9);
    if (r.status == 100) return read(timeout_ms);
    if (r.status == 204) r.whole = true;
    else if (r.header("transfer-encoding") == "chunked") read_chunks(r, timeout_ms);
    else if (const auto length = r.header("content-length"); !length.empty()) {
      const auto n = static_cast<std::size_t>(std::atoll(length.c_str()));
      while (in_.size() < n)
        if (!connection_.receive(in_, timeout_ms)) break;
      r.whole = in_.size() >= n;
      r.body = in_.substr(0, n);
      in_.erase(0, std::min(n, in_.size()));
    } else {
      while (connection_.receive(in_, timeout_ms)) {}
      r.body = std::exchange(in_, {});
      r.whole = true;
    }
    return r;
  }
  // Bytes until `text` is among them; false at the end or after the time.
  bool wait_for(std::string_view text, int timeout_ms = 60'000) {
    while (in_.find(text) == std::string::npos)
      if (!connection_.receive(in_, timeout_ms)) return false;
    return true;
  }

 private:
  static int dial(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons(port);
    ::connect(fd, reinterpret_cast<sockaddr*>(&a), sizeof a);
    return fd;
  }
  void read_chunks(Response& r, int timeout_ms) {
    while (true) {
      std::size_t line;
      while ((line = in_.find("\r\n")) == std::string::npos)
        if (!connection_.receive(in_, timeout_ms)) return;
      const auto n = static_cast<std::size_t>(std::strtoull(in_.c_str(), nullptr, 16));
      while (in_.size() < line + 2 + n + 2)
        if (!connection_.receive(in_, timeout_ms)) return;
      r.body += in_.substr(line + 2, n);
      in_.erase(0, line + 2 + n + 2);
      if (n == 0) {
        r.whole = true;
        return;
      }
    }
  }
  Connection connection_;
  std::string in_;
};

inline std::string chunk(std::string_view data) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  return size + std::string(data) + "\r\n";
}
inline constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

}  // namespace wattline::serve::tests
