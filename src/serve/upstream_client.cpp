#include "serve/upstream_client.h"

#include <algorithm>
#include <charconv>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include "kernel/error.h"
#include "kernel/time.h"
#include "serve/last_chunk.h"

namespace wattline::serve {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
std::int64_t ns_of(Duration d) { return static_cast<std::int64_t>(d.base() * 1e9); }

// A name looked up. The system's look-up cannot be cut short, so it runs on its own, and who does not want to
// wait any longer leaves it.
struct LookUp {
  bool done = false;
  error_code ec;
  std::vector<tcp::endpoint> found;
  Timer* waiter = nullptr;
};

Awaitable<void> look_up(std::shared_ptr<LookUp> l, asio::io_context& io, std::string host, std::string port) {
  asio::ip::basic_resolver<tcp, Executor> resolver(io.get_executor());
  error_code ec;
  const auto found = co_await resolver.async_resolve(host, port, into(ec));
  if (!ec)
    for (const auto& e : found) l->found.push_back(e.endpoint());
  l->ec = ec;
  l->done = true;
  if (l->waiter) l->waiter->cancel();
}

constexpr std::size_t copied_body = std::size_t{64} << 10;

void append_head(std::string& out, std::string_view head, std::size_t size, std::string_view more_headers) {
  char digits[24];
  out.append(head).append(digits, std::to_chars(digits, digits + sizeof digits, size).ptr);
  out.append("\r\n").append(more_headers).append("\r\n");
}

// Nothing to read and not closed. A server that has closed its side, or speaks unasked, is no use.
bool looks_open(Socket& s) {
  char byte;
  const auto n = ::recv(s.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

std::unique_ptr<asio::ssl::context> make_tls_context(const UpstreamConfig& c) {
  if (!c.url.tls) return nullptr;
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
  error_code ec;
  context->set_options(
      asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, ec);
  if (c.ca_file.empty()) context->set_default_verify_paths(ec);
  else context->load_verify_file(c.ca_file, ec);
  if (ec)
    throw world_error(fmt::format("cannot read the certificates for upstream '{}': {}", c.name, ec.message()),
                      c.ca_file.empty() ? c.where : c.ca_file,
                      c.ca_file.empty() ? "install ca-certificates" : "ca_file is a PEM file");
  context->set_verify_mode(asio::ssl::verify_peer, ec);
  return context;
}

std::unique_ptr<UpstreamConnection> UpstreamPool::take_idle(std::int64_t now) {
  const std::int64_t keep = ns_of(upstream_.config.keep_alive);
  while (!idle_.empty()) {
    auto c = std::move(idle_.back());
    idle_.pop_back();
    const std::int64_t idle = now - c->idle_since_ns;
    // One just used is open but for rare chance; then the request is sent again on a new one.
    if (idle > keep || (idle > second_ns / 10 && !looks_open(c->socket))) continue;
    c->reused = true;
    return c;
  }
  return nullptr;
}

void UpstreamPool::give_back(std::unique_ptr<UpstreamConnection> c, std::int64_t now) {
  c->set_deadline(Watched::never);
  c->idle_since_ns = now;
  if (idle_.size() >= most_idle) idle_.erase(idle_.begin());
  idle_.push_back(std::move(c));
  // The oldest are in front.
  const std::int64_t keep = ns_of(upstream_.config.keep_alive);
  while (!idle_.empty() && now - idle_.front()->idle_since_ns > keep) idle_.erase(idle_.begin());
}

Awaitable<std::unique_ptr<UpstreamConnection>> UpstreamPool::open(UpstreamConnection*& opening, ApiError& failed) {
  const auto& config = upstream_.config;
  auto c = std::make_unique<UpstreamConnection>(deadlines_, io_.get_executor());
  opening = c.get();
  c->set_deadline(monotonic_ns() + ns_of(config.connect_timeout));
  error_code ec;
  std::string_view stage = "find";
  if (endpoints_.empty() || monotonic_ns() - resolved_ns_ > 30 * second_ns) {
    endpoints_.clear();
    const auto address = asio::ip::make_address(config.url.host, ec);
    if (!ec) {
      endpoints_.emplace_back(address, config.url.port);
    } else {
      const auto found = std::make_shared<LookUp>();
      Timer waiter(io_);
      waiter.expires_at(Timer::time_point::max());
      found->waiter = c->wake = &waiter;
      asio::co_spawn(io_, look_up(found, io_, config.url.host, std::to_string(config.url.port)), asio::detached);
      error_code ignored;
      while (!found->done && !c->closed) co_await waiter.async_wait(into(ignored));
      found->waiter = c->wake = nullptr;
      ec = found->ec;
      endpoints_ = found->found;
    }
    resolved_ns_ = monotonic_ns();
    if (endpoints_.empty() && !ec) ec = asio::error::host_not_found;
  }
  if (!ec && c->closed) ec = asio::error::operation_aborted;
  if (!ec) {
    stage = "connect to";
    const auto endpoints = endpoints_;
    for (const auto& endpoint : endpoints) {
      error_code ignored;
      c->socket.close(ignored);
      co_await c->socket.async_connect(endpoint, into(ec));
      if (!ec || c->closed) break;
    }
  }
  if (!ec && c->closed) ec = asio::error::operation_aborted;
  if (!ec) {
    error_code ignored;
    c->socket.set_option(tcp::no_delay(true), ignored);
    c->socket.non_blocking(true, ignored);
    if (tls_) {
      stage = "speak TLS with";
      c->tls = std::make_unique<asio::ssl::stream<Socket&>>(c->socket, *tls_);
      if (asio::ip::make_address(config.url.host, ignored); ignored)
        ::SSL_set_tlsext_host_name(c->tls->native_handle(), config.url.host.c_str());
      c->tls->set_verify_callback(asio::ssl::host_name_verification(config.url.host), ignored);
      co_await c->tls->async_handshake(asio::ssl::stream_base::client, into(ec));
    }
  }
  opening = nullptr;
  if (c->expired()) {
    failed = upstream_error(
        504, fmt::format("cannot {} upstream '{}' within {} s", stage, config.name, config.connect_timeout.base()),
        "upstream_timeout");
    co_return nullptr;
  }
  if (ec) {
    endpoints_.clear();
    failed = upstream_error(
        502, fmt::format("cannot {} upstream '{}' ({}): {}", stage, config.name, config.url.authority, ec.message()),
        "upstream_unreachable");
    co_return nullptr;
  }
  co_return c;
}

UpstreamExchange::UpstreamExchange(UpstreamPool& pool, const Upstream& upstream, BufferPool& buffers)
    : pool_(pool), upstream_(upstream), buffers_(buffers), buffer_(buffers.lease()), begun_ns_(monotonic_ns()) {}

UpstreamExchange::~UpstreamExchange() {
  if (connection_ && parser_ && parser_->is_done() && parser_->keep_alive() && !parser_->need_eof() && tail_.empty() &&
      !aborted_)
    pool_.give_back(std::move(connection_), monotonic_ns());
}

void UpstreamExchange::abort() {
  aborted_ = true;
  if (opening_) opening_->close();
  if (connection_) connection_->close();
}

ApiError UpstreamExchange::failure(error_code ec, std::string_view stage) const {
  const auto& config = upstream_.config;
  if (connection_ && connection_->expired())
    return upstream_error(504, fmt::format("upstream '{}' took too long to {}", config.name, stage),
                          "upstream_timeout");
  if (ec == http::error::body_limit || ec == http::error::header_limit)
    return upstream_error(502, fmt::format("the reply of upstream '{}' is larger than is allowed here", config.name),
                          "upstream_reply_too_large");
  if (ec.category() == http::make_error_code(http::error::bad_value).category() && ec != http::error::partial_message &&
      ec != http::error::end_of_stream)
    return upstream_error(502, fmt::format("upstream '{}' does not speak HTTP/1.1: {}", config.name, ec.message()),
                          "upstream_bad_reply");
  if (any_bytes_)
    return upstream_error(502, fmt::format("the reply of upstream '{}' broke off", config.name), "upstream_truncated");
  return upstream_error(502, fmt::format("upstream '{}' closed the connection without a reply", config.name),
                        "upstream_closed");
}

error_code UpstreamExchange::send_now(std::string_view head, std::span<const std::string_view> body, std::size_t size,
                                      std::string_view more_headers) {
  // One piece: the kernel takes it faster than many, and what most requests hold is soon copied.
  std::string& request = buffers_.text();
  request.clear();
  append_head(request, head, size, more_headers);
  for (const auto& piece : body) request.append(piece);
  unsent_.clear();
  error_code ec;
  std::size_t sent = 0;
  if (!connection_->tls) {
    sent = connection_->socket.write_some(asio::buffer(request), ec);
    if (ec == asio::error::would_block) ec = {};
  }
  if (!ec && sent < request.size()) unsent_.assign(request, sent);
  return ec;
}

Awaitable<error_code> UpstreamExchange::send_pieces(std::string_view head, std::span<const std::string_view> body,
                                                    std::size_t size, std::string_view more_headers) {
  std::string whole_head;
  append_head(whole_head, head, size, more_headers);
  std::vector<asio::const_buffer> buffers{asio::buffer(whole_head)};
  for (const auto& piece : body) buffers.push_back(asio::buffer(piece.data(), piece.size()));
  error_code ec;
  if (connection_->tls) co_await asio::async_write(*connection_->tls, buffers, into(ec));
  else co_await asio::async_write(connection_->socket, buffers, into(ec));
  co_return ec;
}

Awaitable<error_code> UpstreamExchange::send_rest() {
  error_code ec;
  if (connection_->tls) co_await asio::async_write(*connection_->tls, asio::buffer(unsent_), into(ec));
  else co_await asio::async_write(connection_->socket, asio::buffer(unsent_), into(ec));
  unsent_ = std::string();
  co_return ec;
}

void UpstreamExchange::expect_reply() {
  parser_.emplace(body_);
  parser_->header_limit(64 * 1024);
  parser_->body_limit(static_cast<std::uint64_t>(upstream_.config.max_reply.base()));
}

error_code UpstreamExchange::take(std::size_t n, error_code ec) {
  if (n == 0 && ec) {
    if (ec != asio::error::eof && ec != asio::ssl::error::stream_truncated) return ec;
    if (!parser_->header_done) return asio::error::eof;
    // Where the end of the connection ends the body, TLS must say so, or it may have been cut.
    if (ec == asio::ssl::error::stream_truncated && parser_->need_eof()) return http::error::partial_message;
    ec = {};
    parser_->put_eof(ec);
    return ec;
  }
  any_bytes_ = true;
  std::string_view fresh(buffer_.data(), n);
  const std::size_t kept = tail_.size();
  if (kept > 0) {
    tail_.append(fresh);
    fresh = tail_;
  }
  if (too_short_for_last_chunk(parser_->header_done, kept, fresh.size())) return {};
  const std::size_t before = body_.size();
  std::size_t used = 0;
  ec = {};
  while (used < fresh.size() && !parser_->is_done()) {
    const std::size_t step = parser_->put(asio::buffer(fresh.data() + used, fresh.size() - used), ec);
    used += step;
    // An interim response (100 to 199) goes before the real one.
    if (!ec && parser_->is_done() && parser_->status >= 100 && parser_->status < 200) {
      expect_reply();
      continue;
    }
    if (ec == http::error::need_more) {
      ec = {};
      break;
    }
    if (ec || step == 0) break;
  }
  received_ += body_.size() - before;
  if (received_ > static_cast<std::size_t>(upstream_.config.max_reply.base())) ec = http::error::body_limit;
  if (used == fresh.size()) tail_.clear();
  else if (tail_.empty()) tail_ = fresh.substr(used);
  else tail_.erase(0, used);
  return ec;
}

Awaitable<std::optional<ApiError>> UpstreamExchange::begin(std::string_view head,
                                                           std::span<const std::string_view> body, std::size_t size,
                                                           std::string_view more_headers) {
  const auto& config = upstream_.config;
  const auto buffer = asio::buffer(buffer_.data(), BufferPool::size);
  while (true) {
    connection_ = pool_.take_idle(begun_ns_);
    if (!connection_) {
      ApiError failed;
      connection_ = co_await pool_.open(opening_, failed);
      if (!connection_) co_return failed;
    }
    reached_ = true;
    if (aborted_) co_return upstream_error(502, "cancelled", "cancelled");
    expect_reply();
    const std::int64_t last = begun_ns_ + ns_of(config.total_timeout);
    connection_->set_deadline(std::min(last, monotonic_ns() + ns_of(config.first_byte_timeout)));
    error_code ec;
    if (size > copied_body) ec = co_await send_pieces(head, body, size, more_headers);
    else ec = send_now(head, body, size, more_headers);
    if (!ec && !unsent_.empty()) ec = co_await send_rest();
    while (!ec && !parser_->header_done) {
      std::size_t n = 0;
      if (connection_->tls) n = co_await connection_->tls->async_read_some(buffer, into(ec));
      else n = co_await connection_->socket.async_read_some(buffer, into(ec));
      ec = take(n, ec);
    }
    if (!ec) {
      connection_->set_deadline(std::min(last, monotonic_ns() + ns_of(config.idle_timeout)));
      co_return std::nullopt;
    }
    // A kept connection may have been closed just then, before the request arrived: once more on another.
    if (connection_->reused && !any_bytes_ && !connection_->expired() && !aborted_) {
      connection_.reset();
      continue;
    }
    co_return failure(ec, "answer");
  }
}

Awaitable<std::optional<ApiError>> UpstreamExchange::read_more() {
  const std::int64_t last = begun_ns_ + ns_of(upstream_.config.total_timeout);
  connection_->set_deadline(std::min(last, monotonic_ns() + ns_of(upstream_.config.idle_timeout)));
  const auto buffer = asio::buffer(buffer_.data(), BufferPool::size);
  error_code ec;
  std::size_t n = 0;
  if (connection_->tls) n = co_await connection_->tls->async_read_some(buffer, into(ec));
  else n = co_await connection_->socket.async_read_some(buffer, into(ec));
  ec = take(n, ec);
  if (ec) co_return failure(ec, "go on with its answer");
  co_return std::nullopt;
}

}  // namespace wattline::serve
