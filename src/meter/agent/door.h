// The agent's door: a small HTTP/1.1 server on one thread of its own. It answers GET and HEAD from what is ready; no
// client can make it read a counter, wait for one, or hold it up. Everything has a limit: connections, size of a head,
// time to send one, to take an answer, to rest between two.
//
// On loopback the Host must name this machine, and keys are asked for where there are any. Off loopback keys are
// needed (the configuration sees to that). A page of any site (Origin) is refused: no page is served here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "kernel/quantity.h"
#include "meter/agent/door_keys.h"

namespace wattline::meter {

struct DoorAddress {
  std::string host = "127.0.0.1";  // an address, or localhost
  std::uint16_t port = 9460;  // 0: any free one
  bool loopback() const;
  std::string text() const;  // "127.0.0.1:9460", "[::1]:9460"
};
// "127.0.0.1:9460", "[::1]:9460", ":9460", "9460". Error names `where`.
DoorAddress parse_door_address(std::string_view text, std::string_view where);

struct DoorLimits {
  std::size_t connections = 64;
  std::size_t head = 8192;  // bytes
  Duration head_time{5}, write_time{10}, rest{75};  // rest: between two requests of a connection
};

struct DoorRequest {
  std::string_view path, accept;  // path without the query
};
struct DoorReply {
  int status = 200;
  std::string type = "application/json";
  std::shared_ptr<const std::string> body;
};

struct DoorSettings {
  DoorAddress address;
  DoorKeys keys;
  std::string certificate_file, key_file;  // PEM; both or none
  std::string allowed_host;  // a further Host on loopback
  DoorLimits limits;
};

class Door {
 public:
  // Called on the door's thread; must be quick. Paths under /healthz need no key.
  using Answer = std::function<DoorReply(const DoorRequest&)>;

  // Listens from now on, and answers from start() on. Error world: the address is taken or not ours; certificates
  // cannot be read.
  Door(DoorSettings, Answer);
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  void start();
  void stop();
  const DoorAddress& address() const;  // with the port that was given
  bool tls() const;
  // Those of the connections to come.
  void change(DoorKeys);

  struct State;

  struct Counts {
    std::uint64_t answered = 0, refused = 0, turned_away = 0;
    std::size_t open = 0;  // connections
  };
  Counts counts() const;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace wattline::meter
