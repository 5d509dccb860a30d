#include "serve/server.h"

#include <future>
#include <mutex>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <fcntl.h>
#include <fmt/format.h>

#include "kernel/error.h"
#include "serve/session.h"
#include "serve/upstream_watch.h"

namespace wattline::serve {
namespace {

constexpr auto sweep_period = std::chrono::milliseconds(100);
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

std::string full_text() {
  const std::string body = to_json(ApiError{503, "too many connections are open", "server_error", {}, "connections"});
  return fmt::format(
      "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\nconnection: close\r\n"
      "content-length: {}\r\n\r\n{}",
      body.size(), body);
}

// Takes the port that was given, or gives it the one that is free.
std::unique_ptr<Acceptor> listen_at(asio::io_context& io, ListenAddress& address, const char* field) {
  error_code ec;
  const std::string host = address.host == "localhost" ? "127.0.0.1" : address.host;
  const auto refuse = [&](std::string_view what, std::string hint = {}) {
    return world_error(fmt::format("cannot listen on {}: {}", address.text(), what), field, std::move(hint));
  };
  tcp::endpoint endpoint;
  if (const auto ip = asio::ip::make_address(host, ec); !ec) {
    endpoint = {ip, address.port};
  } else {
    tcp::resolver resolver(io);
    const auto found = resolver.resolve(host, std::to_string(address.port), ec);
    if (ec || found.empty()) throw refuse("this name has no address");
    endpoint = found.begin()->endpoint();
  }
  auto acceptor = std::make_unique<Acceptor>(io.get_executor());
  acceptor->open(endpoint.protocol(), ec);
  if (!ec) acceptor->set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor->bind(endpoint, ec);
  if (!ec) acceptor->listen(1024, ec);
  if (ec == asio::error::address_in_use)
    throw refuse("the port is in use by another program",
                 fmt::format("stop that one, or choose another: --listen {}:{}", address.host,
                             address.port == 65535 ? 8080 : address.port + 1));
  if (ec) throw refuse(ec.message());
  address.port = acceptor->local_endpoint(ec).port();
  return acceptor;
}

std::unique_ptr<Acceptor> go_on_listening(asio::io_context& io, Acceptor& earlier, const ListenAddress& address) {
  error_code ec;
  const auto endpoint = earlier.local_endpoint(ec);
  const int own = ec ? -1 : ::fcntl(earlier.native_handle(), F_DUPFD_CLOEXEC, 0);
  auto out = std::make_unique<Acceptor>(io.get_executor());
  if (own >= 0) out->assign(endpoint.protocol(), own, ec);
  if (own < 0 || ec) throw world_error(fmt::format("cannot go on listening on {}", address.text()), "server.listen");
  return out;
}

}  // namespace

struct Server::State {
  explicit State(Gateway& g)
      : gateway(g),
        address(g.config().server.listen),
        admin_address(g.config().governance.admin.listen.value_or(ListenAddress{})) {}

  Awaitable<void> accept(Acceptor& acceptor, Door door);
  void make_threads();
  void run();
  Awaitable<void> sweep(IoThread& thread);

  Gateway& gateway;
  ListenAddress address, admin_address;
  std::vector<std::unique_ptr<asio::ssl::context>> tls;  // by Upstream::index
  std::unique_ptr<WorkerPool> workers;
  std::vector<std::unique_ptr<IoThread>> threads;
  std::vector<std::pair<IoThread*, std::unique_ptr<UpstreamWatch>>> watches;
  std::unique_ptr<Acceptor> acceptor, admin_acceptor;
  std::vector<std::thread> running;
  std::atomic<std::int64_t> kill_at_ns{Watched::never};
  std::mutex stopping;
  std::atomic<bool> ended{false};
};

Server::Server(Gateway& gateway) : state_(std::make_unique<State>(gateway)) {}

Server::~Server() {
  state_->kill_at_ns = 0;
  stop();
}

const ListenAddress& Server::address() const { return state_->address; }
const ListenAddress& Server::admin_address() const { return state_->admin_address; }

Awaitable<void> Server::State::sweep(IoThread& thread) {
  error_code ignored;
  while (true) {
    thread.sweep_timer.expires_after(sweep_period);
    co_await thread.sweep_timer.async_wait(into(ignored));
    const std::int64_t now = monotonic_ns();
    thread.session_deadlines.sweep(now);
    thread.upstream_deadlines.sweep(now);
    if (!gateway.draining) continue;
    if (!thread.draining) {
      thread.draining = true;
      thread.session_deadlines.for_each([](Watched& w) { static_cast<Session&>(w).drain(); });
      for (auto& pool : thread.pools) pool.close_idle();
      for (auto& [at, watch] : watches)
        if (at == &thread) watch->stop();
    }
    if (now >= kill_at_ns) thread.session_deadlines.for_each([](Watched& w) { static_cast<Session&>(w).kill(); });
    if (thread.session_deadlines.empty() && thread.background == 0) break;
  }
  thread.io.stop();
}

Awaitable<void> Server::State::accept(Acceptor& at, Door door) {
  const std::string full = full_text();
  std::size_t turn = 0;
  error_code ec;
  while (true) {
    IoThread& thread = *threads[turn++ % threads.size()];
    Socket socket = co_await at.async_accept(thread.io.get_executor(), into(ec));
    if (ec && !at.is_open()) co_return;
    if (ec) {
      // Out of descriptors, most likely: let some come back.
      Timer pause(threads[0]->io);
      pause.expires_after(std::chrono::milliseconds(50));
      error_code ignored;
      co_await pause.async_wait(into(ignored));
      continue;
    }
    // Administrators get in also when the house is full.
    const std::int64_t reserve = door == Door::administrators ? 64 : 0;
    if (gateway.connections.load() >= gateway.config().limits.connections + reserve) {
      gateway.refused.fetch_add(1);
      error_code ignored;
      socket.non_blocking(true, ignored);
      socket.write_some(asio::buffer(full), ignored);
      socket.shutdown(tcp::socket::shutdown_send, ignored);
      continue;
    }
    asio::dispatch(thread.io, [&thread, door, s = std::move(socket)]() mutable {
      const auto session = std::make_shared<Session>(thread, std::move(s), door);
      session->start();
      if (thread.draining) session->drain();
    });
    if (!at.is_open()) co_return;
  }
}

void Server::State::make_threads() {
  const auto& config = gateway.config().server;
  for (const auto& u : gateway.upstreams()) tls.push_back(make_tls_context(u->config));
  workers = std::make_unique<WorkerPool>(2, 256);
  const std::size_t count =
      config.threads > 0 ? static_cast<std::size_t>(config.threads) : std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < count; ++i) threads.push_back(std::make_unique<IoThread>(gateway, *workers, tls));
}

void Server::State::run() {
  auto& io = threads[0]->io;
  for (const auto& u : gateway.upstreams()) {
    IoThread& thread = *threads[u->index % threads.size()];
    watches.emplace_back(&thread, std::make_unique<UpstreamWatch>(thread, *u)).second->start();
  }
  asio::co_spawn(io, accept(*acceptor, Door::clients), asio::detached);
  if (admin_acceptor) asio::co_spawn(io, accept(*admin_acceptor, Door::administrators), asio::detached);
  for (auto& t : threads) {
    asio::co_spawn(t->io, sweep(*t), asio::detached);
    running.emplace_back([&io_context = t->io] { io_context.run(); });
  }
}

void Server::start_beside(const Server& earlier) {
  State& s = *state_;
  State& before = *earlier.state_;
  s.make_threads();
  s.address = before.address;
  s.admin_address = before.admin_address;
  auto& io = s.threads[0]->io;
  s.acceptor = go_on_listening(io, *before.acceptor, s.address);
  if (s.gateway.admin() && before.admin_acceptor)
    s.admin_acceptor = go_on_listening(io, *before.admin_acceptor, s.admin_address);
  s.run();
}

void Server::start() {
  State& s = *state_;
  s.make_threads();
  auto& io = s.threads[0]->io;
  s.acceptor = listen_at(io, s.address, "server.listen");
  if (s.gateway.admin()) s.admin_acceptor = listen_at(io, s.admin_address, "admin.listen");
  s.run();
}

void Server::stop_accepting() {
  State& s = *state_;
  std::promise<void> closed;
  asio::post(s.threads[0]->io, [&] {
    error_code ignored;
    s.acceptor->close(ignored);
    if (s.admin_acceptor) s.admin_acceptor->close(ignored);
    closed.set_value();
  });
  closed.get_future().wait();
}

void Server::stop() { stop(state_->gateway.config().limits.drain); }

void Server::stop(Duration limit) {
  State& s = *state_;
  const std::int64_t at = monotonic_ns() + static_cast<std::int64_t>(limit.base() * 1e9);
  for (std::int64_t before = s.kill_at_ns; at < before && !s.kill_at_ns.compare_exchange_weak(before, at);) {}
  // One ends it, others wait for that.
  std::lock_guard lock(s.stopping);
  if (s.running.empty()) return;
  s.gateway.draining = true;
  asio::post(s.threads[0]->io, [&s] {
    error_code ignored;
    s.acceptor->close(ignored);
    if (s.admin_acceptor) s.admin_acceptor->close(ignored);
  });
  for (auto& t : s.running) t.join();
  s.running.clear();
  s.workers.reset();
  s.acceptor.reset();
  s.admin_acceptor.reset();
  s.watches.clear();
  s.threads.clear();
  s.ended = true;
}

bool Server::ended() const { return state_->ended; }

}  // namespace wattline::serve
