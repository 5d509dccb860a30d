// A gateway that takes another configuration while it serves: the file is read again, and is taken whole where
// everything in it can be, or else not at all. What is under way goes on as it began; connections at rest are closed,
// as by any server that is told to stop, and clients come back to the new one on the same socket.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "serve/gateway.h"
#include "serve/server.h"

namespace wattline::serve {

class Generations {
 public:
  // `read` gives the configuration as it stands now, or throws an Error that lists every fault.
  using Read = std::function<Config()>;
  Generations(Read read, GatewayParts parts);
  ~Generations();
  Generations(const Generations&) = delete;
  Generations& operator=(const Generations&) = delete;

  // Error: what Read, Gateway and Server throw.
  void start();
  // What is wrong with the configuration that was not taken; nothing when it was. Thread-safe.
  std::optional<Error> reload();
  // Ends all that serve; what asks for a reload from now on is told so. It does not hold the lock while answers come
  // to their end, as a reload that administrators asked for may be one of them.
  void stop();
  // Now and then: what this machine's CPU time costs.
  void refresh();

  // Once no reload can come any more: after stop(), or where nobody else asks for one.
  Gateway& gateway() { return *now_->gateway; }
  struct Served {
    std::size_t models = 0;
    ListenAddress address;
    std::optional<ListenAddress> admin;  // where administrators have a door
  };
  Served served() const;
  // "2-3f9a1c2e": the how many-th, and the begin of its SHA-256.
  std::string version() const;

 private:
  struct Generation {
    std::unique_ptr<Gateway> gateway;
    std::unique_ptr<Server> server;  // ends before the gateway
    std::thread ending;
  };
  std::unique_ptr<Generation> make(Config, const std::string& version);
  void log(std::string_view text) const;
  void forget_ended();

  Read read_;
  GatewayParts parts_;
  std::function<void(std::string_view)> log_;
  mutable std::mutex mutex_;  // one reload at a time
  int taken_ = 0;
  bool stopping_ = false;
  // Before the gateways, whose threads may still write to the log while they end.
  mutable std::mutex version_mutex_;
  std::string version_;
  std::unique_ptr<Generation> now_;
  std::list<std::unique_ptr<Generation>> before_;
};

}  // namespace wattline::serve
