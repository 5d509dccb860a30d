#include "serve/session.h"

#include <array>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "serve/dispatcher.h"
#include "serve/last_chunk.h"
#include "serve/plugins/active_plugins.h"
#include "serve/target.h"

namespace wattline::serve {
namespace {

constexpr std::string_view chat_path = "/v1/chat/completions", count_path = "/v1/messages/count_tokens";
constexpr std::size_t kept_body = std::size_t{1} << 20, kept_tail = 4096, kept_head = 4096;
std::int64_t ns_of(Duration d) { return static_cast<std::int64_t>(d.base() * 1e9); }

ApiError refusal(error_code ec, const LimitsConfig& limits) {
  if (ec == http::error::header_limit)
    return {431,
            fmt::format("the header is larger than {} bytes", limits.header.base()),
            "invalid_request_error",
            {},
            "header_too_large"};
  if (ec == http::error::body_limit)
    return {413,
            fmt::format("the body is larger than {} bytes", limits.body.base()),
            "invalid_request_error",
            {},
            "body_too_large"};
  return invalid_request(fmt::format("not a valid HTTP/1.1 request: {}", ec.message()), {}, "bad_http");
}

}  // namespace

Session::Session(IoThread& thread, Socket socket, Door door)
    : Watched(thread.session_deadlines),
      thread_(thread),
      gateway_(thread.gateway),
      socket_(std::move(socket)),
      door_(door) {
  in_.resize(2048);
  gateway_.connections.fetch_add(1);
}

Session::~Session() { gateway_.connections.fetch_sub(1); }

void Session::start() {
  asio::co_spawn(
      thread_.io, [self = shared_from_this()]() -> Awaitable<void> { co_await self->run(); }, asio::detached);
}

void Session::drain() {
  draining_ = true;
  keep_alive_ = false;
  if (events_) events_->close();
  if (!at_rest_) return;
  // Who has only just come is about to ask, most likely.
  if (is_fresh_) return set_deadline(monotonic_ns() + 1'000'000'000);
  error_code ignored;
  socket_.close(ignored);
}

void Session::kill() {
  killed_ = true;
  client_left();
  if (events_) events_->close();
  error_code ignored;
  socket_.close(ignored);
}

void Session::on_deadline() {
  error_code ignored;
  socket_.cancel(ignored);
}

void Session::on_sweep() {
  if (!watch_client_ || client_gone_) return;
  pollfd state{socket_.native_handle(), POLLRDHUP, 0};
  if (::poll(&state, 1, 0) <= 0) return;
  if (state.revents & (POLLERR | POLLHUP | POLLNVAL)) return client_left();
  if (!asked_whether_there_) ask_whether_there();
}

// One that has gone and one that only says no more (nc, after its request) look the same. What is sent to the
// former comes back as a reset, which the next sweep sees: something that does no harm to the latter.
void Session::ask_whether_there() {
  if (writing_ || told_ == Told::all || told_ == Told::something) return;  // what is being told asks it too
  std::string_view harmless = "HTTP/1.1 100 Continue\r\n\r\n";
  if (told_ == Told::stream) harmless = chunked_ ? "3\r\n:\n\n\r\n" : ":\n\n";
  else if (!chunked_) return client_left();  // HTTP/1.0 knows nothing of that kind
  asked_whether_there_ = true;
  const auto n = ::send(socket_.native_handle(), harmless.data(), harmless.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n != static_cast<ssize_t>(harmless.size())) client_left();
}

void Session::client_left() {
  client_gone_ = true;
  for_others_ =
      !killed_ && keeper_ && keeper_->carries_on([executor = thread_.io.get_executor(), weak = weak_from_this()] {
        asio::post(executor, [weak] {
          if (const auto self = weak.lock()) self->others_left();
        });
      });
  if (bell_) bell_->close();
  if (!for_others_) stop_work();
  if (events_) events_->close();
  if (turn_) turn_->close();
}

void Session::others_left() {
  if (!std::exchange(for_others_, false)) return;
  stop_work();
}

void Session::stop_work() {
  if (dispatcher_) dispatcher_->abort();
  generation_.request_stop();
}

Awaitable<void> Session::run() {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  while (co_await read_request()) {
    if (door_ == Door::administrators) co_await administrate();
    else co_await dispatch();
    ticket_.close();
    if (info_) end_observing();
    if (!keep_alive_ || draining_ || client_gone_) break;
  }
  co_await finish();
}

Awaitable<bool> Session::read_request() {
  const auto& limits = gateway_.config().limits;
  const auto header_limit = static_cast<std::size_t>(limits.header.base());
  if (body_.capacity() > kept_body) body_ = std::string();
  body_.clear();
  if (head_.capacity() > kept_head) head_ = std::string();
  request_id_.clear();
  asked_.reset();
  parser_.emplace(header_, body_);
  parser_->header_limit(static_cast<std::uint32_t>(header_limit));
  parser_->body_limit(static_cast<std::uint64_t>(limits.body.base()));
  at_rest_ = tail_.empty();
  set_deadline(monotonic_ns() + ns_of(at_rest_ ? limits.idle_timeout : limits.header_timeout));
  error_code ec;
  std::string_view fresh;
  for (std::size_t n = tail_.size(); true;) {
    // The parser takes whole lines, so the limit of all lines together is counted here.
    if (n > 0) {
      ec = parse(fresh);
      if (!ec && !parser_->header_done && header_.text.size() + tail_.size() > header_limit)
        ec = http::error::header_limit;
      if (ec) {
        co_await refuse_head(ec);
        co_return false;
      }
      if (parser_->header_done) break;
    }
    n = co_await socket_.async_read_some(asio::buffer(in_.data(), in_.size()), into(ec));
    if (ec) {
      if (expired() && !at_rest_) co_await send_timeout("header", limits.header_timeout);
      co_return false;
    }
    if (at_rest_) {
      at_rest_ = false;
      set_deadline(monotonic_ns() + ns_of(limits.header_timeout));
    }
    fresh = std::string_view(in_).substr(0, n);
  }
  if (!parser_->is_done() && !co_await read_body()) co_return false;
  set_deadline(never);
  told_ = Told::nothing;
  asked_whether_there_ = false;
  keep_alive_ = parser_->keep_alive() && !draining_;
  co_return true;
}

error_code Session::parse(std::string_view fresh) {
  std::string_view bytes = fresh;
  const std::size_t kept = tail_.size();
  if (kept > 0) bytes = tail_.append(fresh);
  if (too_short_for_last_chunk(parser_->header_done, kept, bytes.size())) return {};
  std::size_t used = 0;
  error_code ec;
  while (used < bytes.size() && !parser_->is_done() && !ec) {
    const std::size_t n = parser_->put(asio::buffer(bytes.data() + used, bytes.size() - used), ec);
    used += n;
  }
  if (ec == http::error::need_more) ec = {};
  if (tail_.empty()) tail_ = bytes.substr(used);
  else tail_.erase(0, used);
  if (tail_.empty() && tail_.capacity() > kept_tail) tail_ = std::string();
  return ec;
}

Awaitable<bool> Session::read_body() {
  const auto& limits = gateway_.config().limits;
  set_deadline(monotonic_ns() + ns_of(limits.body_timeout));
  if (parser_->expects_continue) {
    const std::array<std::string_view, 1> go_on{"HTTP/1.1 100 Continue\r\n\r\n"};
    if (!co_await send(go_on)) co_return false;
    set_deadline(monotonic_ns() + ns_of(limits.body_timeout));
  }
  const auto buffer = thread_.buffers.lease();
  error_code ec;
  while (!parser_->is_done()) {
    const std::size_t n = co_await socket_.async_read_some(asio::buffer(buffer.data(), BufferPool::size), into(ec));
    if (ec) {
      if (expired()) co_await send_timeout("body", limits.body_timeout);
      co_return false;
    }
    ec = parse(std::string_view(buffer.data(), n));
    // A chunk's header and the trailer are taken whole too.
    if (!ec && !parser_->is_done() && tail_.size() > static_cast<std::size_t>(limits.header.base()))
      ec = http::error::header_limit;
    if (ec) {
      co_await refuse_head(ec);
      co_return false;
    }
  }
  co_return true;
}

Awaitable<void> Session::refuse_head(error_code ec) {
  gateway_.requests.fetch_add(1, std::memory_order_relaxed);
  gateway_.refused.fetch_add(1, std::memory_order_relaxed);
  keep_alive_ = false;
  linger_ = true;
  take_request_id();
  if (gateway_.observes()) begin_observing("");
  co_await send_error(refusal(ec, gateway_.config().limits));
  if (info_) end_observing();
}

Awaitable<void> Session::send_timeout(std::string_view what, Duration limit) {
  keep_alive_ = false;
  linger_ = true;
  co_await send_error(api_error(408, fmt::format("the {} did not come within {} s", what, limit.base()),
                                "invalid_request_error", {}, "request_timeout"));
}

Awaitable<void> Session::dispatch() {
  gateway_.requests.fetch_add(1, std::memory_order_relaxed);
  chunked_ = parser_->version >= 11;
  const bool is_chat = parser_->target() == chat_path;
  take_request_id();
  RequestTarget target;
  if (!is_chat) {
    auto parsed = parse_target(parser_->target());
    if (!parsed) {
      if (gateway_.observes()) begin_observing("");
      gateway_.refused.fetch_add(1, std::memory_order_relaxed);
      return refuse(invalid_request("the request's target is malformed", {}, "bad_target"));
    }
    target = std::move(*parsed);
  }
  const bool counts = target.path == count_path;
  const auto endpoint = counts ? std::optional(Endpoint::messages) : endpoint_at(target.path);
  if (endpoint && *endpoint != Endpoint::chat) {
    asked_ = std::make_unique<Asked>();
    asked_->endpoint = *endpoint;
    asked_->dialect = dialect_of(*endpoint);
  }
  if (gateway_.observes()) begin_observing(is_chat ? chat_path : std::string_view(target.path));
  Caller caller{is_chat ? chat_path : std::string_view(target.path), parser_->host(), parser_->origin(),
                parser_->has_host, parser_->has_origin};
  auto refused = parser_->two_hosts ? std::optional(invalid_request("two Host headers", {}, "two_hosts"))
                                    : gateway_.admission().refuse(caller);
  access_ = {};
  if (gateway_.governor() && !refused) refused = identify(caller.path);
  if (refused) {
    gateway_.refused.fetch_add(1, std::memory_order_relaxed);
    // A browser asks with OPTIONS and without the key whether it may send it.
    if (refused->status != 401 || parser_->method() != "OPTIONS") {
      return refuse(std::move(*refused), refused->status == 401 ? "www-authenticate: Bearer\r\n" : "");
    }
  }
  if (parser_->method() == "OPTIONS") {
    HttpReply allowed{204, "", {{"allow", "GET, POST, DELETE, OPTIONS"}}, ""};
    if (parser_->has_origin && gateway_.admission().allowed_origin(parser_->origin())) {
      allowed.headers.emplace_back("access-control-allow-methods", "GET, POST, DELETE");
      allowed.headers.emplace_back("access-control-allow-headers",
                                   "authorization, content-type, x-api-key, anthropic-version, anthropic-beta, "
                                   "cache-control, x-wattline-cache, x-request-id, traceparent, tracestate");
      allowed.headers.emplace_back("access-control-max-age", "600");
    }
    return reply(std::move(allowed));
  }
  if (counts) return count_tokens();
  if (is_chat || endpoint) return chat();
  if (target.path == "/api/v1/events" && parser_->method() == "GET") return events();

  auto request = plain_request(std::move(target));
  if (gateway_.is_quick(request->path)) return reply(gateway_.handle(*request));
  return answer_with([&gateway = gateway_, request] { return gateway.handle(*request); });
}

Awaitable<void> Session::refuse(ApiError e, std::string more_headers) { co_await send_error(e, more_headers); }

Awaitable<void> Session::reply(HttpReply r) { co_await send_reply(r); }

std::shared_ptr<HttpRequest> Session::plain_request(RequestTarget target) {
  auto request = std::make_shared<HttpRequest>();
  request->method = parser_->method();
  request->path = std::move(target.path);
  request->query = std::move(target.query);
  parser_->for_each_field([&](std::string_view name, std::string_view value) {
    std::string lower(name);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    request->headers[std::move(lower)] = value;
  });
  request->body = std::move(body_);
  request->access = access_;
  return request;
}

Awaitable<void> Session::answer_with(std::function<HttpReply()> work) {
  auto done = std::make_shared<Mailbox>(thread_.io.get_executor());
  auto reply = std::make_shared<HttpReply>();
  const bool taken = thread_.workers.submit([work = std::move(work), reply, done] {
    *reply = work();
    done->close();
  });
  if (!taken)
    co_return co_await send_error(
        api_error(503, "too many requests of this kind wait already", "server_error", {}, "busy", 1));
  co_await done->wait(std::chrono::hours(24));
  co_await send_reply(*reply);
}

Awaitable<void> Session::events() {
  auto box = std::make_shared<Mailbox>(thread_.io.get_executor(), std::size_t{1} << 20);
  const std::uint64_t id = thread_.next_id();
  const bool watching =
      gateway_.recorder().watch(id, [box, only = access_ && !access_.tenant->sees_all() ? access_.tenant : nullptr](
                                        const Answer& answer, const std::shared_ptr<const std::string>& json) {
        if (only && (!answer.requester || answer.requester->tenant != only->name())) return;
        box->push(fmt::format("event: answer\ndata: {}\n\n", *json));
      });
  if (!watching)
    co_return co_await send_error(api_error(503, "too many watch already", "server_error", {}, "busy", 10));
  keep_alive_ = false;
  events_ = box;
  watch_client_ = true;
  head_.clear();
  append_status(head_, 200, thread_.date());
  head_ += "content-type: text/event-stream\r\ncache-control: no-store\r\nx-accel-buffering: no\r\n";
  append_stream_framing(head_);
  const std::array<std::string_view, 1> pieces{head_};
  bool alive = co_await send(pieces) && co_await send_chunk(": wattline\n\n");
  while (alive && !draining_) {
    co_await box->wait(std::chrono::seconds(15));
    bool closed = false;
    const std::string text = box->take(closed);
    if (closed) break;
    alive = co_await send_chunk(text.empty() ? std::string_view(": alive\n\n") : std::string_view(text));
  }
  if (alive) co_await send_last_chunk();
  gateway_.recorder().unwatch(id);
  watch_client_ = false;
  events_.reset();
}

Awaitable<void> Session::finish() {
  error_code ec;
  at_rest_ = false;
  if (!socket_.is_open()) co_return;
  socket_.shutdown(tcp::socket::shutdown_send, ec);
  // What the client still sends must be read, or the kernel resets the connection and the client may
  // never see our last words.
  if (!ec && (linger_ || !tail_.empty() || socket_.available(ec) > 0)) {
    set_deadline(monotonic_ns() + 2'000'000'000);
    const auto buffer = thread_.buffers.lease();
    std::size_t most = std::size_t{4} << 20;
    while (!ec && !expired() && most > 0) {
      const std::size_t n = co_await socket_.async_read_some(asio::buffer(buffer.data(), BufferPool::size), into(ec));
      most -= std::min(most, n);
    }
  }
  socket_.close(ec);
}

}  // namespace wattline::serve
