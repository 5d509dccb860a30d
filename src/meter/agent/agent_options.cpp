#include "meter/agent/agent_options.h"

#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

#include "kernel/error.h"
#include "kernel/toml.h"

namespace wattline::meter {
namespace {

constexpr std::size_t largest_file = std::size_t{1} << 20;

std::string this_host() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0 || !name[0]) return "localhost";
  return name;
}

// "name=value,name=value", as OTEL_EXPORTER_OTLP_HEADERS has them.
HttpHeaders headers_of(const std::string& variable) {
  HttpHeaders out;
  if (variable.empty()) return out;
  const char* set = std::getenv(variable.c_str());
  if (!set || !*set) throw bad_input("is not set, and should hold the headers", variable, "name=value,name=value");
  std::string_view text = set;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view one = text.substr(0, comma);
    text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
    const auto equals = one.find('=');
    if (equals == one.npos || equals == 0)
      throw bad_input("is not name=value,name=value", variable, "the value is not shown, as it may be a key");
    out.emplace_back(one.substr(0, equals), one.substr(equals + 1));
  }
  return out;
}

bool may_stand_in_file(const Field& f) { return f.name != "config" && f.name != "once"; }

}  // namespace

const Fields<AgentOptions>& agent_fields() {
  using O = AgentOptions;
  static const Fields<O> fields =
      Fields<O>()
          .file("config", &O::config, "TOML file with these same options, read again at SIGHUP")
          .text("listen", &O::listen, "HOST:PORT of the door; off loopback a key is needed")
          .text("keys-file", &O::keys_file, "file of keys that open the door, one a line, closed to others (0600)")
          .text("key-env", &O::key_env, "variable that holds a key")
          .text("certificate", &O::certificate, "certificate chain for TLS (PEM)")
          .text("certificate-key", &O::certificate_key, "its private key (PEM)")
          .text("allowed-host", &O::allowed_host, "a further Host name that is this machine, on loopback")
          .integer("connections", &O::connections, "open at once, beyond which clients are turned away")
          .range(1, 10000)
          .quantity("interval", &O::interval, "s", "between two readings")
          .range(0.02, 60)
          .quantity("resolution", &O::resolution, "s", "between two publications; under 1 s only with a key")
          .range(0.02, 3600)
          .quantity("rounding", &O::rounding, "J", "published joules are whole multiples of it")
          .range(1e-6, 1e6)
          .integer("top", &O::top, "consumers named of each level; the others are one")
          .range(0, 1000)
          .flag("processes", &O::processes, "share the energy out to processes (--no-processes: do not)")
          .text("user", &O::user, "whom root becomes once counters are open; nobody when nothing is said")
          .text("host", &O::host, "this machine's name in what is published; the system's when nothing is said")
          .text("otlp", &O::otlp, "URL of an OpenTelemetry collector, as in http://127.0.0.1:4318")
          .text("otlp-headers-env", &O::otlp_headers_env, "variable with headers for it: name=value,name=value")
          .text("otlp-ca", &O::otlp_ca, "certificates to trust for it (PEM)")
          .quantity("otlp-interval", &O::otlp_interval, "s", "between two pushes")
          .range(1, 3600)
          .quantity("record-every", &O::record_every, "min", "write rows of kind machine into the account so often")
          .range(0.1, 1440)
          .flag("once", &O::once, "read twice, one interval apart, print what was seen, and end")
          .group(&O::place, catalog::place_fields(), "Place");
  return fields;
}

void read_agent_file(AgentOptions& o, std::string_view toml, const std::string& where) {
  SourceLines lines;
  const Json file = json_from_toml(toml, where, &lines);
  const AgentOptions defaults;
  const FieldTable& table = agent_fields().table();
  const auto& members = file.as_object();
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto& [name, value] = members[i];
    const std::string place = fmt::format("{}:{}", where, i < lines.parts.size() ? lines.parts[i].line : 0);
    const Field* field = nullptr;
    std::vector<std::string> known;
    for (const auto& f : table) {
      if (!may_stand_in_file(f)) continue;
      known.push_back(f.name);
      if (f.name == name) field = &f;
    }
    if (!field) throw unknown_name("option", name, known).at(place);
    try {
      const FieldValue read = field_from_json(*field, value);
      // What the command line says otherwise than by default is meant.
      if (field_to_json(*field, field->get(&o)) == field_to_json(*field, field->get(&defaults))) field->set(&o, read);
    } catch (const Error& e) {
      throw e.at(place);
    }
  }
}

AgentSettings agent_settings(const AgentOptions& given, const catalog::Catalog& catalog) {
  AgentOptions o = given;
  if (o.config.given()) read_agent_file(o, o.config.read(largest_file), o.config.name());
  AgentSettings s;
  s.door.address = parse_door_address(o.listen, "--listen");
  s.door.keys = DoorKeys::read(o.keys_file, o.key_env);
  s.door.allowed_host = o.allowed_host;
  s.door.limits.connections = static_cast<std::size_t>(o.connections);
  if (!s.door.address.loopback() && s.door.keys.empty())
    throw bad_input(fmt::format("listens on {}, which others reach, and has no key", s.door.address.text()), "--listen",
                    "give --keys-file or --key-env, or listen on 127.0.0.1");
  if (o.certificate.empty() != o.certificate_key.empty())
    throw bad_input("a certificate and its private key are given together, or none", "--certificate");
  s.door.certificate_file = o.certificate;
  s.door.key_file = o.certificate_key;
  if (o.resolution < Duration(1) && s.door.keys.empty())
    throw bad_input(fmt::format("{} s found; without a key at least 1 s is allowed", o.resolution.base()),
                    "--resolution", "energy told finely tells secrets of programs (docs/security.md): give a key");
  s.interval = o.interval;
  s.resolution = std::max(o.resolution, o.interval);
  s.publish.top = static_cast<std::size_t>(o.top);
  s.publish.rounding = o.rounding;
  s.publish.resolution = s.resolution;
  s.host = o.host.empty() ? this_host() : o.host;
  s.user = o.user;
  s.processes = o.processes;
  s.outbox.otlp_headers = headers_of(o.otlp_headers_env);
  if (!o.otlp.empty()) s.outbox.otlp_url = otlp_endpoint(o.otlp, !s.outbox.otlp_headers.empty());
  s.outbox.otlp_ca = o.otlp_ca;
  s.outbox.otlp_interval = o.otlp_interval;
  s.outbox.record_interval = o.record_every;
  // The average that stands in for an unknown place is no fact: a report may be told the place later.
  const auto grid = catalog::resolve(o.place, catalog);
  s.outbox.place = o.place.place.empty() ? "" : grid.place;
  return s;
}

}  // namespace wattline::meter
