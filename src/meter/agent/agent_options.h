// How an agent is told what to do: options on the command line, and the same names in a TOML file, which is read again
// at SIGHUP. docs/formats/agent-config.md
#pragma once

#include <optional>
#include <string>

#include "catalog/place_options.h"
#include "kernel/options.h"
#include "meter/agent/door.h"
#include "meter/agent/outbox.h"
#include "meter/agent/publisher.h"

namespace wattline::meter {

struct AgentOptions {
  InputFile config;
  std::string listen = "127.0.0.1:9460", allowed_host;
  std::string keys_file, key_env;
  std::string certificate, certificate_key;
  std::string user, host;
  Duration interval{1}, resolution{1};
  Energy rounding{0.1};
  std::int64_t top = 20, connections = 64;
  bool processes = true, once = false;
  std::string otlp, otlp_headers_env, otlp_ca;
  Duration otlp_interval{15};
  std::optional<Duration> record_every;
  catalog::PlaceOptions place;
};
const Fields<AgentOptions>& agent_fields();

// What is in the file, over what is still as it is by default. Error: not TOML, unknown names (the nearest is
// suggested), values that the option would refuse; each names file and line.
void read_agent_file(AgentOptions&, std::string_view toml, const std::string& where);

// Everything made of the options that can be wrong, found before a counter is opened.
struct AgentSettings {
  DoorSettings door;
  PublishSettings publish;
  OutboxSettings outbox;
  Duration interval{1}, resolution{1};
  std::string host, user;
  bool processes = true;
};
// The options with the file read over them. Error: off loopback without a key; a certificate without its key;
// a resolution finer than a second without a key; TLS or OTLP that cannot be.
AgentSettings agent_settings(const AgentOptions&, const catalog::Catalog&);

}  // namespace wattline::meter
