// For tests: an HTTP server on this machine, on blocking sockets, that can also behave badly.
#pragma once

#include <atomic>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace wattline::tests {

class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool send(std::string_view text) {
    while (!text.empty()) {
      const auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  // More bytes into `in`; false at the end or after `timeout_ms`.
  bool receive(std::string& in, int timeout_ms = 60'000) {
    pollfd p{fd_, POLLIN, 0};
    if (::poll(&p, 1, timeout_ms) <= 0) return false;
    char buffer[65536];
    const auto n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    in.append(buffer, static_cast<std::size_t>(n));
    return true;
  }
  // Whether the other side has closed, waiting at most so long.
  bool closed_within(int timeout_ms) {
    std::string rest;
    while (receive(rest, timeout_ms)) {}
    char byte;
    const auto n = ::recv(fd_, &byte, 1, MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN);
  }
  void half_close() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  // The other side gets a reset instead of an end.
  void reset() {
    linger l{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    close();
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

inline std::string header_value(std::string_view head, std::string_view name) {
  std::string lower(head), wanted = "\r\n" + std::string(name) + ":";
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto at = lower.find(wanted);
  if (at == std::string::npos) return {};
  const auto begin = head.find_first_not_of(' ', at + wanted.size());
  return std::string(head.substr(begin, head.find("\r\n", begin) - begin));
}

class HttpServer {
 public:
  struct Request {
    std::string head, body;
  };
  // Answers one request on the connection; false closes it.
  using Handler = std::function<bool(const Request&, Connection&)>;

  // `raw`, where given, gets the socket of each connection instead, which is closed after it.
  explicit HttpServer(Handler handler, std::function<void(int fd)> raw = {})
      : handler_(std::move(handler)), raw_(std::move(raw)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&a), sizeof a);
    ::listen(listener_, 64);
    socklen_t size = sizeof a;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&a), &size);
    port_ = ntohs(a.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }
  ~HttpServer() { stop(); }
  void stop() {
    if (stopping_.exchange(true)) return;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      std::lock_guard lock(mutex_);
      for (int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (auto& t : threads_) t.join();
  }
  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }
  int requests() const { return requests_; }
  std::vector<Request> seen() const {
    std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  void accept() {
    while (true) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      ++connections_;
      std::lock_guard lock(mutex_);
      open_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }
  void serve(int fd) {
    if (raw_) {
      raw_(fd);
      return leave(fd);
    }
    Connection c(::dup(fd));  // `fd` stays for stop()
    std::string in;
    while (!stopping_) {
      std::size_t end;
      while ((end = in.find("\r\n\r\n")) == std::string::npos)
        if (!c.receive(in, 60'000)) return leave(fd);
      Request r;
      r.head = in.substr(0, end + 2);
      const std::size_t length = static_cast<std::size_t>(std::atoll(header_value(r.head, "content-length").c_str()));
      while (in.size() < end + 4 + length)
        if (!c.receive(in, 60'000)) return leave(fd);
      r.body = in.substr(end + 4, length);
      in.erase(0, end + 4 + length);
      ++requests_;
      {
        std::lock_guard lock(mutex_);
        seen_.push_back(r);
      }
      if (!handler_(r, c)) break;
    }
    leave(fd);
  }
  void leave(int fd) {
    std::lock_guard lock(mutex_);
    std::erase(open_, fd);
    ::close(fd);
  }

  Handler handler_;
  std::function<void(int fd)> raw_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0}, requests_{0};
  std::thread acceptor_;
  mutable std::mutex mutex_;
  std::vector<std::thread> threads_;
  std::vector<int> open_;
  std::vector<Request> seen_;
};

inline std::string reply(std::string_view body, std::string_view status = "200 OK",
                         std::string_view type = "application/json") {
  return "HTTP/1.1 " + std::string(status) + "\r\ncontent-type: " + std::string(type) +
         "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace wattline::tests
