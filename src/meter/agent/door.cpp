// The one file of this room that includes Asio and Beast: it takes its time to compile.
#include "meter/agent/door.h"

#include <atomic>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/host_check.h"

namespace wattline::meter {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using error_code = boost::system::error_code;

namespace {

std::chrono::nanoseconds ns(Duration d) { return std::chrono::nanoseconds(static_cast<std::int64_t>(d.base() * 1e9)); }

std::shared_ptr<const std::string> error_body(std::string_view message) {
  return std::make_shared<const std::string>(fmt::format("{{\"error\":{{\"message\":\"{}\"}}}}\n", message));
}

std::string_view reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 431: return "Request Header Fields Too Large";
    default: return "Service Unavailable";
  }
}

}  // namespace

// Connections live in what Asio has pending, and so end with its context, before the rest of this.
struct Door::State {
  State(DoorSettings s, Answer a) : settings(std::move(s)), answer(std::move(a)) {
    acceptor.emplace(*io);
    pause.emplace(*io);
  }
  ~State() {
    acceptor.reset();
    pause.reset();
    io.reset();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void listen();
  void accept();
  void run();

  DoorSettings settings;
  Answer answer;
  DoorAddress address;
  std::unique_ptr<asio::io_context> io = std::make_unique<asio::io_context>(1);
  std::optional<asio::ssl::context> tls;
  std::optional<tcp::acceptor> acceptor;
  std::optional<asio::steady_timer> pause;
  std::thread thread;
  std::mutex mutex;
  std::shared_ptr<const DoorKeys> keys;  // of the connections to come
  std::atomic<std::uint64_t> answered{0}, refused{0}, turned_away{0};
  std::atomic<std::size_t> open{0};  // connections
};

namespace {

// One connection, plain or over TLS.
template <class Stream>
class Talk : public std::enable_shared_from_this<Talk<Stream>> {
 public:
  template <class... Context>
  Talk(Door::State& state, tcp::socket socket, Context&... context)
      : state_(&state), stream_(std::move(socket), context...), buffer_(state_->settings.limits.head + 1) {
    ++state_->open;
    std::lock_guard lock(state_->mutex);
    keys_ = state_->keys;
  }
  ~Talk() { --state_->open; }
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;

  void begin() {
    if constexpr (!std::is_same_v<Stream, beast::tcp_stream>) {
      lowest().expires_after(ns(state_->settings.limits.head_time));
      stream_.async_handshake(asio::ssl::stream_base::server, [self = this->shared_from_this()](error_code failed) {
        if (!failed) self->rest(self->state_->settings.limits.head_time);
      });
    } else {
      rest(state_->settings.limits.head_time);
    }
  }

 private:
  beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

  // Waits for the first byte of a request, which may take a while on a connection that is kept.
  void rest(Duration patience) {
    if (buffer_.size() > 0) return read();
    lowest().expires_after(ns(patience));
    stream_.async_read_some(buffer_.prepare(std::min<std::size_t>(2048, buffer_.max_size())),
                            [self = this->shared_from_this()](error_code failed, std::size_t n) {
                              if (failed) return;
                              self->buffer_.commit(n);
                              self->read();
                            });
  }

  void read() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(state_->settings.limits.head));
    parser_->body_limit(0);
    lowest().expires_after(ns(state_->settings.limits.head_time));
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = this->shared_from_this()](error_code failed, std::size_t) { self->have(failed); });
  }

  void have(error_code failed) {
    if (failed == http::error::end_of_stream || failed == asio::error::operation_aborted ||
        failed == asio::error::connection_reset || failed == asio::error::eof)
      return;
    if (failed == beast::error::timeout) return;  // the stream is closed by then
    if (failed)
      return failed == http::error::header_limit || failed == http::error::buffer_overflow
                 ? refuse(431, "the head is too large")
             : failed == http::error::body_limit ? refuse(413, "requests with a body are not taken")
                                                 : refuse(400, "this is no HTTP/1.1 request");
    const auto& request = parser_->get();
    if (parser_->chunked() || parser_->content_length_remaining().value_or(0) > 0)
      return refuse(413, "requests with a body are not taken");
    keep_ = request.keep_alive() && request.version() == 11;
    head_ = request.method() == http::verb::head;
    const std::string_view target(request.target().data(), request.target().size());
    const std::string_view path = target.substr(0, target.find('?'));
    const auto field = [&](http::field name) {
      const auto v = request[name];
      return std::string_view(v.data(), v.size());
    };
    const auto& s = state_->settings;
    const std::string_view host = field(http::field::host);
    if (request.count(http::field::host) != 1) return refuse(400, "one Host header is needed");
    if (state_->address.loopback() && !names_this_machine(host_without_port(host)) &&
        (s.allowed_host.empty() || !same_host_name(host_without_port(host), s.allowed_host)))
      return refuse(403, "this Host is not this machine");
    if (request.count(http::field::origin) > 0) return refuse(403, "pages may not ask here");
    if (request.method() != http::verb::get && !head_) return refuse(405, "GET and HEAD are answered");
    {
      // Those of now: a key that was taken back opens no further request of a connection that is kept.
      std::lock_guard lock(state_->mutex);
      keys_ = state_->keys;
    }
    if (!keys_->empty() && path != "/healthz" && !keys_->opens(field(http::field::authorization)))
      return refuse(401, "a key is needed: Authorization: Bearer KEY");
    DoorReply reply;
    try {
      reply = state_->answer({path, field(http::field::accept)});
    } catch (const std::exception&) {
      return refuse(503, "the agent has no answer now");
    }
    if (reply.status >= 400) {
      state_->refused.fetch_add(1);
    } else {
      state_->answered.fetch_add(1);
    }
    send(std::move(reply));
  }

  void refuse(int status, std::string_view message) {
    state_->refused.fetch_add(1);
    if (status != 401 && status != 405) keep_ = false;
    send({status, "application/json", error_body(message)});
  }

  void send(DoorReply reply) {
    if (!reply.body) reply.body = error_body("");
    body_ = std::move(reply.body);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    text_ = fmt::format(
        "HTTP/1.1 {} {}\r\ncontent-type: {}\r\ncontent-length: {}\r\ncache-control: no-store\r\n"
        "wattline-clock: {}\r\n{}{}connection: {}\r\n\r\n",
        reply.status, reason(reply.status), reply.type, body_->size(),
        std::chrono::duration_cast<std::chrono::nanoseconds>(now).count(),
        reply.status == 401 ? "www-authenticate: Bearer\r\n" : "", reply.status == 405 ? "allow: GET, HEAD\r\n" : "",
        keep_ ? "keep-alive" : "close");
    std::array<asio::const_buffer, 2> parts{asio::buffer(text_), head_ ? asio::const_buffer() : asio::buffer(*body_)};
    lowest().expires_after(ns(state_->settings.limits.write_time));
    asio::async_write(stream_, parts, [self = this->shared_from_this()](error_code failed, std::size_t) {
      self->body_.reset();
      if (failed) return;
      if (self->keep_) return self->rest(self->state_->settings.limits.rest);
      error_code ignored;
      self->lowest().socket().shutdown(tcp::socket::shutdown_send, ignored);
    });
  }

  Door::State* const state_;
  Stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::shared_ptr<const DoorKeys> keys_;
  std::string text_;
  std::shared_ptr<const std::string> body_;
  bool keep_ = false, head_ = false;
};

Error cannot_listen(const DoorAddress& a, std::string_view why, std::string hint = {}) {
  return world_error(fmt::format("cannot listen on {}: {}", a.text(), why), "--listen", std::move(hint));
}

}  // namespace

void Door::State::listen() {
  address = settings.address;
  error_code failed;
  tcp::endpoint endpoint;
  const auto ip = asio::ip::make_address(address.host == "localhost" ? "127.0.0.1" : address.host, failed);
  if (failed) throw cannot_listen(address, "the host is not an address of this machine", "as in 127.0.0.1 or 0.0.0.0");
  endpoint = {ip, address.port};
  acceptor->open(endpoint.protocol(), failed);
  if (!failed) acceptor->set_option(asio::socket_base::reuse_address(true), failed);
  if (!failed) acceptor->bind(endpoint, failed);
  if (!failed) acceptor->listen(128, failed);
  if (failed == asio::error::address_in_use)
    throw cannot_listen(address, "the port is in use by another program", "stop that one, or choose another port");
  if (failed) throw cannot_listen(address, failed.message());
  address.port = acceptor->local_endpoint(failed).port();
  keys = std::make_shared<const DoorKeys>(settings.keys);
  if (settings.certificate_file.empty()) return;
  tls.emplace(asio::ssl::context::tls_server);
  tls->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                       asio::ssl::context::no_tlsv1_1 | asio::ssl::context::single_dh_use,
                   failed);
  tls->use_certificate_chain_file(settings.certificate_file, failed);
  if (failed) throw world_error("cannot read the certificate (PEM): " + failed.message(), settings.certificate_file);
  tls->use_private_key_file(settings.key_file, asio::ssl::context::pem, failed);
  if (failed)
    throw world_error("cannot use the certificate's private key (PEM): " + failed.message(), settings.key_file);
}

void Door::State::accept() {
  acceptor->async_accept([self = this](error_code failed, tcp::socket socket) {
    if (failed == asio::error::operation_aborted) return;
    if (failed) {  // too many open files: in a while there may be room
      self->pause->expires_after(std::chrono::milliseconds(200));
      self->pause->async_wait([self](error_code cancelled) {
        if (!cancelled) self->accept();
      });
      return;
    }
    if (self->open >= self->settings.limits.connections) {
      self->turned_away.fetch_add(1);
      error_code ignored;
      socket.non_blocking(true, ignored);
      socket.write_some(asio::buffer(std::string_view("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n"
                                                      "retry-after: 1\r\nconnection: close\r\n\r\n")),
                        ignored);
    } else if (self->tls) {
      std::make_shared<Talk<asio::ssl::stream<beast::tcp_stream>>>(*self, std::move(socket), *self->tls)->begin();
    } else {
      std::make_shared<Talk<beast::tcp_stream>>(*self, std::move(socket))->begin();
    }
    self->accept();
  });
}

void Door::State::run() {
  // Signals are for the thread that started us.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread = std::thread([this] { io->run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Door::Door(DoorSettings settings, Answer answer)
    : state_(std::make_unique<State>(std::move(settings), std::move(answer))) {
  state_->listen();
}

Door::~Door() { stop(); }

void Door::start() {
  state_->accept();
  state_->run();
}

void Door::stop() {
  if (!state_->thread.joinable()) return;
  asio::post(*state_->io, [s = state_.get()] {
    error_code ignored;
    s->acceptor->close(ignored);
    s->pause->cancel();
    s->io->stop();
  });
  state_->thread.join();
}

const DoorAddress& Door::address() const { return state_->address; }
bool Door::tls() const { return state_->tls.has_value(); }

void Door::change(DoorKeys keys) {
  std::lock_guard lock(state_->mutex);
  state_->keys = std::make_shared<const DoorKeys>(std::move(keys));
}

Door::Counts Door::counts() const {
  return {state_->answered.load(), state_->refused.load(), state_->turned_away.load(), state_->open.load()};
}

}  // namespace wattline::meter
