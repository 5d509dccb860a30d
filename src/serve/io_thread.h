// What belongs to one thread of the gateway: its io_context and all that connections on it share.
#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "serve/buffers.h"
#include "serve/deadlines.h"
#include "serve/gateway.h"
#include "serve/http_text.h"
#include "serve/io.h"
#include "serve/openai.h"
#include "serve/pool.h"
#include "serve/spares.h"
#include "serve/upstream_client.h"
#include "serve/worker_pool.h"

namespace wattline::serve {

class Dispatcher;

struct IoThread {
  IoThread(Gateway& g, WorkerPool& w, const std::vector<std::unique_ptr<asio::ssl::context>>& tls)
      : gateway(g), workers(w), sweep_timer(io) {
    for (const auto& u : g.upstreams()) pools.emplace_back(*u, upstream_deadlines, io, tls[u->index].get());
    std::random_device device;
    for (std::size_t i = 0; i < g.pools().size(); ++i) seats.emplace_back(device());
    for (const auto& r : g.routers()) router_seats.emplace_back(*r);
    id_ = (std::uint64_t{device()} << 32) ^ device();
    trace_id_ = (std::uint64_t{device()} << 32) ^ device();
  }

  Gateway& gateway;
  WorkerPool& workers;
  asio::io_context io{1};
  Deadlines session_deadlines, upstream_deadlines;  // the first is also the list of sessions
  BufferPool buffers;
  Spares<Dispatcher> dispatchers;
  std::string account, inserted;  // to write in, for as long as nobody waits
  std::vector<UpstreamPool> pools;  // by Upstream::index
  std::vector<ModelPool::Seat> seats;  // by ModelPool::index
  std::vector<Router::Seat> router_seats;  // by Router::index
  int background = 0;  // coroutines besides the sessions that must end before this does
  ChatReader chat_reader;
  ReplyReader reply_reader;
  TokenEstimator token_estimator;
  KeyRing::View keys;
  Timer sweep_timer;
  bool draining = false;

  // Counts up from a random place: ids never meet those of other threads and runs, and neighbours lie
  // side by side in the ledger's index, which random ones would rewrite all over.
  std::uint64_t next_id() { return ++id_; }
  // Ids of traces and spans must look drawn by chance: counted, and stirred (SplitMix64, a bijection).
  std::array<std::uint8_t, 8> new_span() {
    std::uint64_t z = (trace_id_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    std::array<std::uint8_t, 8> out;
    if (z == 0) z = 1;
    std::memcpy(out.data(), &z, sizeof z);
    return out;
  }

  const std::string& date() {
    const std::int64_t now = Time::now().ns / 1'000'000'000;
    if (now != date_second_) {
      date_second_ = now;
      date_ = http_date(now);
    }
    return date_;
  }

 private:
  std::uint64_t id_ = 0, trace_id_ = 0;
  std::int64_t date_second_ = 0;
  std::string date_;
};

}  // namespace wattline::serve
