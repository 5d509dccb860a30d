#include "serve/server.h"

#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <fmt/format.h>

#include "kernel/error.h"
#include "serve/session.h"

namespace wattline::serve {
namespace {

constexpr auto sweep_period = std::chrono::milliseconds(100);
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

std::string full_text() {
  const std::string body = to_json(ApiError{503, "too many connections are open", "server_error", {}, "connections"});
  return fmt::format("HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\nconnection: close\r\n"
                     "content-length: {}\r\n\r\n{}", body.size(), body);
}

}  // namespace

struct Server::State {
  explicit State(Gateway& g) : gateway(g), address(g.config().server.listen) {}

  Awaitable<void> accept();
  Awaitable<void> sweep(IoThread& thread);

  Gateway& gateway;
  ListenAddress address;
  std::vector<std::unique_ptr<asio::ssl::context>> tls;  // by Upstream::index
  std::unique_ptr<WorkerPool> workers;
  std::vector<std::unique_ptr<IoThread>> threads;
  std::unique_ptr<Acceptor> acceptor;
  std::vector<std::thread> running;
  std::atomic<std::int64_t> kill_at_ns{Watched::never};
};

Server::Server(Gateway& gateway) : state_(std::make_unique<State>(gateway)) {}

Server::~Server() {
  state_->kill_at_ns = 0;
  stop();
}

const ListenAddress& Server::address() const { return state_->address; }

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
    }
    if (now >= kill_at_ns) thread.session_deadlines.for_each([](Watched& w) { static_cast<Session&>(w).kill(); });
    if (thread.session_deadlines.empty()) break;
  }
  thread.io.stop();
}

Awaitable<void> Server::State::accept() {
  const std::string full = full_text();
  std::size_t turn = 0;
  error_code ec;
  while (true) {
    IoThread& thread = *threads[turn++ % threads.size()];
    Socket socket = co_await acceptor->async_accept(thread.io.get_executor(), into(ec));
    if (ec == asio::error::operation_aborted || !acceptor->is_open()) co_return;
    if (ec) {
      // Out of descriptors, most likely: let some come back.
      Timer pause(threads[0]->io);
      pause.expires_after(std::chrono::milliseconds(50));
      error_code ignored;
      co_await pause.async_wait(into(ignored));
      continue;
    }
    if (gateway.connections.load() >= gateway.config().limits.connections) {
      gateway.refused.fetch_add(1);
      error_code ignored;
      socket.non_blocking(true, ignored);
      socket.write_some(asio::buffer(full), ignored);
      socket.shutdown(tcp::socket::shutdown_send, ignored);
      continue;
    }
    asio::dispatch(thread.io, [&thread, s = std::move(socket)]() mutable {
      if (thread.draining) return;
      std::make_shared<Session>(thread, std::move(s))->start();
    });
  }
}

void Server::start() {
  State& s = *state_;
  const auto& config = s.gateway.config().server;
  for (const auto& u : s.gateway.upstreams()) s.tls.push_back(make_tls_context(u->config));
  s.workers = std::make_unique<WorkerPool>(2, 256);
  const std::size_t threads = config.threads > 0 ? static_cast<std::size_t>(config.threads) : std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < threads; ++i) s.threads.push_back(std::make_unique<IoThread>(s.gateway, *s.workers, s.tls));

  auto& io = s.threads[0]->io;
  error_code ec;
  const std::string host = s.address.host == "localhost" ? "127.0.0.1" : s.address.host;
  const auto refuse = [&](std::string_view what, std::string hint = {}) {
    return world_error(fmt::format("cannot listen on {}: {}", s.address.text(), what), "server.listen", std::move(hint));
  };
  tcp::endpoint endpoint;
  if (const auto ip = asio::ip::make_address(host, ec); !ec) {
    endpoint = {ip, s.address.port};
  } else {
    tcp::resolver resolver(io);
    const auto found = resolver.resolve(host, std::to_string(s.address.port), ec);
    if (ec || found.empty()) throw refuse("this name has no address");
    endpoint = found.begin()->endpoint();
  }
  s.acceptor = std::make_unique<Acceptor>(io.get_executor());
  s.acceptor->open(endpoint.protocol(), ec);
  if (!ec) s.acceptor->set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) s.acceptor->bind(endpoint, ec);
  if (!ec) s.acceptor->listen(1024, ec);
  if (ec == asio::error::address_in_use)
    throw refuse("the port is in use by another program", fmt::format("stop that one, or choose another: --listen {}:{}", s.address.host, s.address.port == 65535 ? 8080 : s.address.port + 1));
  if (ec) throw refuse(ec.message());
  s.address.port = s.acceptor->local_endpoint(ec).port();

  asio::co_spawn(io, s.accept(), asio::detached);
  for (auto& t : s.threads) {
    asio::co_spawn(t->io, s.sweep(*t), asio::detached);
    s.running.emplace_back([&io_context = t->io] { io_context.run(); });
  }
}

void Server::stop() {
  State& s = *state_;
  if (s.running.empty()) return;
  const auto limit = static_cast<std::int64_t>(s.gateway.config().limits.drain.base() * 1e9);
  std::int64_t unset = Watched::never;
  s.kill_at_ns.compare_exchange_strong(unset, monotonic_ns() + limit);
  s.gateway.draining = true;
  asio::post(s.threads[0]->io, [&s] {
    error_code ignored;
    s.acceptor->close(ignored);
  });
  for (auto& t : s.running) t.join();
  s.running.clear();
  s.workers.reset();
  s.acceptor.reset();
  s.threads.clear();
}

}  // namespace wattline::serve
