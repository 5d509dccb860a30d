#include "meter/agent/snapshot_json.h"

#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"

namespace wattline::meter {
namespace {

constexpr std::size_t most_members = 20000;  // of each list: an agent tells far fewer
constexpr double most_joules = 1e18;

void write_energy(JsonWriter& w, std::string_view key, const Estimate<Energy>& e) {
  w.key(key).begin_object();
  w.member("value", e.value().base()).member("low", e.low().base()).member("high", e.high().base());
  w.member("sd", e.sd().base());
  w.member("method", to_string(e.method())).end_object();
}

double finite(const Json& j, std::string_view key, double low = 0, double high = most_joules) {
  const double v = j.at(key).as_number();
  if (!(v >= low && v <= high))
    throw bad_input(fmt::format("{} found; {} to {} is allowed", v, low, high), std::string(key));
  return v;
}

Estimate<Energy> read_energy(const Json& j, std::string_view key, const std::string& source) {
  const Json& e = j.at(key);
  const Method method = parse_method(e.at("method").as_string());
  const double value = finite(e, "value"), low = finite(e, "low"), high = finite(e, "high");
  if (low > value || high < value) throw bad_input("the interval does not hold the value", std::string(key));
  return Estimate<Energy>::with_sd(Energy(value), Energy(finite(e, "sd")), method, source);
}

template <class E>
E read_name(const Json& j, std::string_view key, int count) {
  const std::string& text = j.at(key).as_string();
  std::string known;
  for (int i = 0; i < count; ++i) {
    const auto name = to_string(static_cast<E>(i));
    if (name == text) return static_cast<E>(i);
    known += (i ? ", " : "") + std::string(name);
  }
  throw bad_input(fmt::format("'{}' found; {} are known", text.substr(0, 40), known), std::string(key));
}

Domain read_domain(const Json& j) { return read_name<Domain>(j, "domain", static_cast<int>(domain_count)); }

ComponentSeen read_component(const Json& j) {
  ComponentSeen c;
  c.info.component = j.at("component").as_string();
  c.info.domain = read_domain(j);
  c.info.family = j.text_or("source", "model");
  c.info.device = j.text_or("device", "");
  const Json* counted = j.find("counted");
  c.info.counted = !counted || counted->as_bool();
  c.energy = read_energy(j, "energy", c.info.family);
  c.watts = j.number_or("watts", std::nan(""));
  c.missing = Duration(finite(j, "missing_s"));
  c.trouble = j.text_or("trouble", "");
  return c;
}

DomainSeen read_domain_seen(const Json& j) {
  DomainSeen d;
  d.domain = read_domain(j);
  d.how = j.text_or("how", "");
  d.energy = read_energy(j, "energy", "agent");
  d.idle = read_energy(j, "idle", "agent");
  d.unattributed = finite(j, "unattributed_j");
  d.spread = j.number_or("spread", 0);
  return d;
}

Consumer read_consumer(const Json& j) {
  Consumer c;
  c.level = read_name<Level>(j, "level", static_cast<int>(level_count));
  c.name = j.at("name").as_string();
  c.detail = j.text_or("detail", "");
  if (const Json* pid = j.find("pid")) c.pid = static_cast<int>(pid->as_integer());
  if (const Json* started = j.find("started_ticks")) c.started = started->as_integer();
  if (const Json* alive = j.find("alive")) c.alive = alive->as_bool();
  c.cpu_seconds = j.number_or("cpu_s", 0);
  if (const Json* since = j.find("since")) c.since = parse_time(since->as_string());
  for (const auto& [name, value] : j.at("joules").as_object())
    for (std::size_t d = 0; d < domain_count; ++d)
      if (name == to_string(static_cast<Domain>(d))) c.joules[d] = value.as_number();
  for (const double v : c.joules)
    if (!(v >= 0 && v <= most_joules)) throw bad_input(fmt::format("{} found; joules are at least 0", v), "joules");
  return c;
}

// A later agent may know more levels; each adds up by itself, so that one can be passed over.
bool is_of_later_level(const Json& consumer) {
  const std::string& text = consumer.at("level").as_string();
  for (std::size_t i = 0; i < level_count; ++i)
    if (text == to_string(static_cast<Level>(i))) return false;
  return true;
}

template <class T, class Read>
void read_list(const Json& j, std::string_view key, std::vector<T>& out, Read read) {
  const auto& list = j.at(key).as_array();
  if (list.size() > most_members)
    throw bad_input(fmt::format("{} found; at most {} are read", list.size(), most_members), std::string(key));
  for (std::size_t i = 0; i < list.size(); ++i) try {
      if (std::optional<T> one = read(list[i])) out.push_back(std::move(*one));
    } catch (const Error& e) {
      throw e.at(fmt::format("{}[{}]", key, i));
    }
}

}  // namespace

std::string snapshot_json(const Published& p) {
  const Snapshot& s = p.seen;
  JsonWriter w;
  w.begin_object().member("schema", snapshot_schema).member("host", p.host).member("instance", p.instance);
  w.member("version", WATTLINE_VERSION).member("publication", static_cast<std::int64_t>(p.version));
  w.member("started", to_string(s.started, 9)).member("now", to_string(s.now, 9));
  w.member("interval_s", p.interval.base());
  if (p.resolution > Duration(0)) w.member("resolution_s", p.resolution.base());
  w.member("covered_s", s.covered.base());
  w.member("missing_s", s.missing.base()).member("ticks", static_cast<std::int64_t>(s.ticks));
  w.key("components").begin_array();
  for (const auto& c : s.components) {
    w.begin_object().member("component", c.info.component).member("domain", to_string(c.info.domain));
    w.member("source", c.info.family).member("device", c.info.device).member("counted", c.info.counted);
    write_energy(w, "energy", c.energy);
    w.member("watts", c.watts).member("missing_s", c.missing.base()).member("trouble", c.trouble).end_object();
  }
  w.end_array().key("domains").begin_array();
  for (const auto& d : s.domains) {
    w.begin_object().member("domain", to_string(d.domain)).member("how", d.how);
    write_energy(w, "energy", d.energy);
    write_energy(w, "idle", d.idle);
    w.member("unattributed_j", d.unattributed).member("spread", d.spread).end_object();
  }
  w.end_array().key("consumers").begin_array();
  for (const auto& c : s.consumers) {
    w.begin_object().member("level", to_string(c.level)).member("name", c.name);
    if (!c.detail.empty()) w.member("detail", c.detail);
    if (c.pid) w.member("pid", c.pid).member("started_ticks", c.started);
    if (c.since.ns) w.member("since", to_string(c.since, 9));
    w.member("alive", c.alive).member("cpu_s", c.cpu_seconds).key("joules").begin_object();
    for (std::size_t d = 0; d < domain_count; ++d)
      if (c.joules[d] > 0) w.member(to_string(static_cast<Domain>(d)), c.joules[d]);
    w.end_object().end_object();
  }
  w.end_array().key("warnings").begin_array();
  for (const auto& text : s.warnings) w.value(text);
  w.end_array().key("agent").begin_object();
  w.member("cpu_s", p.own.cpu_seconds).member("resident_bytes", static_cast<std::int64_t>(p.own.resident_bytes));
  w.member("late_ticks", static_cast<std::int64_t>(p.own.late)).end_object().end_object();
  return w.take() + "\n";
}

Published parse_snapshot(std::string_view text, std::string_view where) {
  const Json j = parse_json(text, where);
  try {
    if (const auto schema = j.at("schema").as_string(); schema != snapshot_schema)
      throw bad_input(fmt::format("'{}' found; {} is read", schema.substr(0, 40), snapshot_schema), "schema",
                      "is this the URL of a wattline agent, and of this version?");
    Published p;
    p.host = j.at("host").as_string();
    p.instance = j.at("instance").as_string();
    p.version = static_cast<std::uint64_t>(j.at("publication").as_integer());
    p.interval = Duration(finite(j, "interval_s", 0, 1e6));
    if (j.find("resolution_s")) p.resolution = Duration(finite(j, "resolution_s", 0, 1e6));
    Snapshot& s = p.seen;
    s.started = parse_time(j.at("started").as_string());
    s.now = parse_time(j.at("now").as_string());
    s.covered = Duration(finite(j, "covered_s"));
    s.missing = Duration(finite(j, "missing_s"));
    s.ticks = static_cast<std::uint64_t>(j.at("ticks").as_integer());
    read_list(j, "components", s.components, read_component);
    read_list(j, "domains", s.domains, read_domain_seen);
    read_list(j, "consumers", s.consumers,
              [](const Json& c) { return is_of_later_level(c) ? std::optional<Consumer>() : read_consumer(c); });
    read_list(j, "warnings", s.warnings, [](const Json& t) { return t.as_string(); });
    return p;
  } catch (const Error& e) {
    throw e.at(where);
  }
}

}  // namespace wattline::meter
