// The gateway's sockets: one acceptor, one io thread a core, connections dealt out in turn.
#pragma once

#include <memory>

#include "serve/gateway.h"

namespace wattline::serve {

class Server {
 public:
  // `gateway` outlives the server.
  explicit Server(Gateway& gateway);
  ~Server();  // stops at once what is still there
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens and serves. Error world: the address is taken or not ours, certificates cannot be read.
  void start();
  // The same on the socket of a server of an earlier configuration, which goes on beside this one until it is
  // stopped: no connection is refused in between.
  void start_beside(const Server& earlier);
  // With the port that was given.
  const ListenAddress& address() const;
  // Of administrators, where they have a door.
  const ListenAddress& admin_address() const;
  // Takes no further connections; when it returns none comes here any more. Not from a thread of the server's own.
  void stop_accepting();
  // Takes no further connections and requests, lets what is under way come to its end, and ends what
  // is not over after limits.drain. Returns when all is over.
  void stop();
  // The same with another limit, which a later call may shorten.
  void stop(Duration limit);
  // Whether stop() has returned.
  bool ended() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wattline::serve
