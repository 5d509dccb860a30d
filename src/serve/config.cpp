#include "serve/config.h"

#include <charconv>
#include <cstdlib>
#include <map>
#include <set>

#include <fmt/format.h>

#include "serve/config_parts.h"

namespace wattline::serve {
namespace {

std::optional<std::uint16_t> port_of(std::string_view text) {
  unsigned port = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || ec != std::errc() || end != text.data() + text.size() || port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

bool is_loopback_name(std::string_view host) {
  return host == "localhost" || host == "::1" || host.ends_with(".localhost") ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  for (unsigned char c : host)
    if (!std::isalnum(c) && c != '-' && c != '.' && c != '_' && c != ':') return false;
  return true;
}

struct HostPort {
  std::string host;
  std::optional<std::string> port;  // absent: none written
};

// "host", "host:port", "[::1]:port", "::1".
std::optional<HostPort> split_authority(std::string_view text) {
  HostPort out;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    out.host = text.substr(1, close - 1);
    if (out.host.find(':') == std::string::npos) return std::nullopt;
    const auto rest = text.substr(close + 1);
    if (rest.empty()) return out;
    if (rest.front() != ':') return std::nullopt;
    out.port = std::string(rest.substr(1));
    return out;
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
    out.host = text;  // a bare name, or a bare IPv6 address
    return out;
  }
  out.host = text.substr(0, colon);
  out.port = std::string(text.substr(colon + 1));
  return out;
}

}  // namespace

bool ListenAddress::loopback() const { return is_loopback_name(host); }
std::string ListenAddress::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}
bool BaseUrl::loopback() const { return is_loopback_name(host); }

ListenAddress parse_listen(std::string_view text, std::string_view where) {
  const auto refuse = [&](std::string_view why) {
    return bad_input(fmt::format("'{}' {}; HOST:PORT is allowed, for example 127.0.0.1:8080 or [::1]:8080",
                                 text.substr(0, 100), why),
                     std::string(where));
  };
  ListenAddress out;
  if (const auto port = port_of(text)) {
    out.port = *port;
    return out;
  }
  const auto parts = split_authority(text);
  if (!parts) throw refuse("is no address");
  if (parts->port) {
    const auto port = port_of(*parts->port);
    if (!port) throw refuse("has no port of 0 to 65535");
    out.port = *port;
  }
  if (!parts->host.empty()) out.host = parts->host;
  if (!is_host(out.host)) throw refuse("names no host");
  return out;
}

BaseUrl parse_base_url(std::string_view text, std::string_view where) {
  const auto refuse = [&](std::string_view why) {
    return bad_input(
        fmt::format("'{}' {}; for example http://127.0.0.1:8000/v1 or https://api.example.com/v1 is allowed",
                    text.substr(0, 200), why),
        std::string(where));
  };
  BaseUrl out;
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    out.tls = true;
    out.port = 443;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    throw refuse("begins with neither http:// nor https://");
  }
  for (unsigned char c : rest)
    if (c <= ' ' || c >= 0x7f) throw refuse("holds spaces, control characters or characters beyond ASCII");
  if (rest.find_first_of("?#") != std::string_view::npos) throw refuse("holds a query or fragment");
  const auto slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos)
    throw refuse("holds a user name; keys are given by api_key_env or api_key_file");
  if (slash != std::string_view::npos) out.path = rest.substr(slash);
  while (out.path.ends_with('/')) out.path.pop_back();
  const auto parts = split_authority(authority);
  if (!parts || !is_host(parts->host)) throw refuse("names no host");
  out.host = parts->host;
  const std::uint16_t usual = out.port;
  if (parts->port) {
    const auto port = port_of(*parts->port);
    if (!port || *port == 0) throw refuse("has no port of 1 to 65535");
    out.port = *port;
  }
  out.authority = out.host.find(':') == std::string::npos ? out.host : fmt::format("[{}]", out.host);
  if (out.port != usual) out.authority += fmt::format(":{}", out.port);
  return out;
}

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
}

std::vector<Error> check_whole(const Config& c) {
  constexpr std::size_t most_in_pool = 64;
  std::vector<Error> faults;
  const std::string file = c.file.empty() ? "configuration" : c.file;
  if (!c.server.listen.loopback() && c.server.api_key.empty() && !c.governance.needs_keys())
    faults.push_back(bad_input(
        fmt::format("server.listen is {}, which others can reach, and no key protects it", c.server.listen.text()),
        file,
        "set server.api_key_env to the name of an environment variable that holds a key, "
        "make keys of tenants (`wattline serve key new`), or listen on 127.0.0.1"));
  for (auto& e : check_governance(c.governance)) faults.push_back(std::move(e));
  const auto& admin = c.governance.admin;
  if (admin.listen && admin.listen->port != 0 && admin.listen->port == c.server.listen.port &&
      admin.listen->host == c.server.listen.host)
    faults.push_back(bad_input(fmt::format("admin.listen is {}, where clients are served", admin.listen->text()), file,
                               "give the admin API a port of its own"));
  for (auto& e : check_semantic_cache(c)) faults.push_back(std::move(e));
  for (auto& e : check_agents(c)) faults.push_back(std::move(e));
  if (c.upstreams.empty() && !c.builtin.enabled)
    faults.push_back(bad_input("nothing is served: no [[upstream]], and builtin.enabled is false", file));
  std::map<std::string, std::size_t> pools;  // upstreams by id
  std::set<std::string> names{"builtin"};
  for (const auto& u : c.upstreams) {
    if (!names.insert(u.name).second)
      faults.push_back(bad_input(fmt::format("the upstream name '{}' is taken", u.name), u.where,
                                 "each upstream needs a name of its own, other than 'builtin'"));
    if (u.models.empty())
      faults.push_back(bad_input(fmt::format("upstream '{}' serves no model", u.name), u.where,
                                 "add models = [\"name\"] or [[upstream.model]]"));
    std::map<std::string, std::string> own;
    for (const auto& m : u.models) {
      if (const auto [it, added] = own.emplace(m.id, m.where); !added)
        faults.push_back(bad_input(fmt::format("the model id '{}' is already taken at {}", m.id, it->second), m.where,
                                   "an upstream serves an id once; give this one another id and its upstream_name"));
      if (++pools[m.id] == most_in_pool + 1)
        faults.push_back(bad_input(
            fmt::format("the model id '{}' is served by more than {} upstreams", m.id, most_in_pool), m.where));
    }
  }
  std::set<std::string> told;
  for (const auto& m : c.models) {
    if (!told.insert(m.id).second)
      faults.push_back(
          bad_input(fmt::format("[[model]] tells of '{}' twice", m.id), m.where, "one table for each id is allowed"));
    if (pools.count(m.id) == 0) {
      std::vector<std::string> known;
      for (const auto& [id, count] : pools) known.push_back(id);
      const auto near = nearest(m.id, known, 3);
      faults.push_back(bad_input(fmt::format("[[model]] tells of '{}', which no upstream serves", m.id.substr(0, 100)),
                                 m.where, near.empty() ? "" : fmt::format("did you mean {}?", fmt::join(near, ", "))));
    }
  }
  return faults;
}

void throw_faults(const std::vector<Error>& faults) {
  if (faults.empty()) return;
  if (faults.size() == 1) throw faults[0];
  std::string text = fmt::format("{} faults:", faults.size());
  for (const auto& f : faults) text += fmt::format("\n  {}", f.what());
  throw bad_input(text);
}

}  // namespace wattline::serve
