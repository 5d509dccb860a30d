// Requests to upstreams: connections kept alive in a pool of each thread, one exchange at a time on
// each, every wait bounded. Failures are values.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "serve/api_error.h"
#include "serve/buffers.h"
#include "serve/deadlines.h"
#include "serve/http_parser.h"
#include "serve/io.h"
#include "serve/upstream.h"

namespace wattline::serve {

class UpstreamConnection : public Watched {
 public:
  UpstreamConnection(Deadlines& list, Executor executor) : Watched(list), socket(executor) {}
  void close() {
    error_code ignored;
    closed = true;
    if (wake) wake->cancel();
    socket.close(ignored);
  }
  Socket socket;
  bool closed = false;
  Timer* wake = nullptr;  // of who waits for something else than the socket
  std::unique_ptr<asio::ssl::stream<Socket&>> tls;
  bool reused = false;
  std::int64_t idle_since_ns = 0;

 private:
  void on_deadline() override { close(); }
};

// Of one thread, for one upstream.
class UpstreamPool {
 public:
  UpstreamPool(const Upstream& upstream, Deadlines& deadlines, asio::io_context& io, asio::ssl::context* tls)
      : upstream_(upstream), deadlines_(deadlines), io_(io), tls_(tls) {}

  // A kept connection that still looks open, if there is one.
  std::unique_ptr<UpstreamConnection> take_idle(std::int64_t now_ns);
  // A new one; null with the error said in `failed`. `opening` points to it while it is being opened.
  Awaitable<std::unique_ptr<UpstreamConnection>> open(UpstreamConnection*& opening, ApiError& failed);
  void give_back(std::unique_ptr<UpstreamConnection>, std::int64_t now_ns);
  void close_idle() { idle_.clear(); }

 private:
  static constexpr std::size_t most_idle = 512;
  const Upstream& upstream_;
  Deadlines& deadlines_;
  asio::io_context& io_;
  asio::ssl::context* tls_;
  std::vector<std::unique_ptr<UpstreamConnection>> idle_;
  std::vector<tcp::endpoint> endpoints_;  // what the name last resolved to
  std::int64_t resolved_ns_ = 0;
};

// One request and its response.
class UpstreamExchange {
 public:
  UpstreamExchange(UpstreamPool& pool, const Upstream& upstream, BufferPool& buffers);
  ~UpstreamExchange();
  UpstreamExchange(const UpstreamExchange&) = delete;
  UpstreamExchange& operator=(const UpstreamExchange&) = delete;

  // Sends and reads up to the end of the response's header.
  // `head` is one of the upstream's, and outlives the call.
  // What is handed over lies where it is until it is done.
  Awaitable<std::optional<ApiError>> begin(std::string_view head, std::span<const std::string_view> body,
                                           std::size_t size, std::string_view more_headers = {});
  int status() const { return parser_->status; }
  std::string_view content_type() const { return parser_->content_type(); }
  const std::string& retry_after() const { return parser_->retry_after; }
  bool encoded() const { return parser_->encoded; }
  // What of the body has come and was not taken yet.
  std::string& body() { return body_; }
  bool done() const { return parser_->is_done(); }
  // Reads more of the body.
  Awaitable<std::optional<ApiError>> read_more();
  // From outside, while it waits: the wait ends with an error.
  void abort();
  bool aborted() const { return aborted_; }
  // Whether the header of a reply has come.
  bool replied() const { return parser_ && parser_->header_done; }
  // Whether there ever was a connection on which the upstream could have begun to work.
  bool reached() const { return reached_; }

 private:
  // As much as goes out at once; what is left stands in `unsent_`.
  error_code send_now(std::string_view head, std::span<const std::string_view> body, std::size_t size,
                      std::string_view more_headers);
  Awaitable<error_code> send_rest();
  Awaitable<error_code> send_pieces(std::string_view head, std::span<const std::string_view> body, std::size_t size,
                                    std::string_view more_headers);
  void expect_reply();
  // What was read goes to the parser.
  error_code take(std::size_t n, error_code);
  ApiError failure(error_code, std::string_view stage) const;

  UpstreamPool& pool_;
  const Upstream& upstream_;
  BufferPool& buffers_;
  BufferPool::Lease buffer_;
  std::unique_ptr<UpstreamConnection> connection_;
  UpstreamConnection* opening_ = nullptr;
  std::optional<ResponseParser> parser_;
  std::string body_, tail_, unsent_;
  std::size_t received_ = 0;  // body bytes
  bool any_bytes_ = false, aborted_ = false, reached_ = false;
  std::int64_t begun_ns_ = 0;
};

// Verifies the peer against `ca_file` or the system's store. Error world when that cannot be read.
std::unique_ptr<asio::ssl::context> make_tls_context(const UpstreamConfig&);

}  // namespace wattline::serve
