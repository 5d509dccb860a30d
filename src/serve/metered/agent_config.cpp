#include "serve/metered/agent_config.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/fetch.h"
#include "meter/monitor/snapshot.h"
#include "serve/config_parts.h"

namespace wattline::serve {
namespace {

constexpr std::size_t most_agents = 256;

// "https://gpu-7.lan:9460": nothing behind the port.
bool is_agent_url(std::string_view url) {
  const auto scheme = url.find("://");
  return (url.starts_with("http://") || url.starts_with("https://")) && url.size() >= scheme + 4 &&
         url.find_first_of("/?# @\r\n\t", scheme + 3) == url.npos;
}

AgentConfig read_agent(TomlTable t, const Environment& environment) {
  AgentConfig out;
  out.where = t.where();
  t.read("name", out.name);
  t.read("url", out.url);
  while (out.url.ends_with('/')) out.url.pop_back();
  if (out.name.empty()) t.fault("name", "is missing: what upstreams call it");
  if (!t.is_noted() && !is_agent_url(out.url) && (!t.has("url") || t.is_text("url")))
    t.fault(
        "url",
        out.url.empty() ? "is missing" : fmt::format("'{}' is no URL of an agent", shown_url(out.url).substr(0, 80)),
        "scheme, host and port of a `wattline agent`, as in \"https://gpu-7.lan:9460\"");
  read_api_key(t, environment, out.api_key_env, out.api_key_file, out.api_key);
  if (!out.api_key.empty() && out.url.starts_with("http://") && !is_loopback_url(out.url))
    t.fault("url", "is plain http to another machine, and a key would travel over it readably", "use https://");
  t.read("ca_file", out.ca_file);
  if (!out.ca_file.empty() && out.url.starts_with("http://"))
    t.fault("ca_file", "is given, but the url is not https://");
  t.read("interval", out.interval, "s", Duration(0.1), Duration(60));
  t.read("timeout", out.timeout, "s", Duration(0.1), Duration(60));
  t.finish();
  return out;
}

// "container:vllm"
void read_consumer(TomlTable& t, AgentSelection& out) {
  std::string text;
  t.read("consumer", text);
  if (text.empty()) return;
  const auto colon = text.find(':');
  const std::string level = text.substr(0, colon);
  std::string levels;
  bool known = false;
  for (std::size_t i = 0; i < meter::level_count; ++i) {
    const auto name = meter::to_string(static_cast<meter::Level>(i));
    known = known || name == level;
    levels += (i ? ", " : "") + std::string(name);
  }
  if (colon == text.npos || colon + 1 == text.size() || !known) {
    t.fault(
        "consumer",
        fmt::format("is \"{}\"; a level, a colon and a name are allowed, of the levels {}", text.substr(0, 80), levels),
        "as in \"container:vllm\" (`wattline top` shows the names)");
    return;
  }
  out.level = level;
  out.consumer = text.substr(colon + 1);
}

// Whether joules of the one are the other's too. Equal selections are one share; two consumers are taken to be apart.
bool overlap(const AgentSelection& a, const AgentSelection& b) {
  if (a == b) return false;
  const bool consumers = !a.consumer.empty() && !b.consumer.empty();
  if (consumers) return a.level == b.level && a.consumer == b.consumer;
  if (a.components.empty() || b.components.empty()) return true;  // all of it, or a consumer's part of all
  return std::any_of(a.components.begin(), a.components.end(), [&](const auto& name) {
    return std::find(b.components.begin(), b.components.end(), name) != b.components.end();
  });
}

void check_overlaps(const Config& c, std::vector<Error>& faults) {
  for (std::size_t i = 0; i < c.agents.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (!c.agents[i].url.empty() && c.agents[i].url == c.agents[j].url)
        faults.push_back(
            bad_input(fmt::format("the agents '{}' and '{}' have one url", c.agents[j].name, c.agents[i].name),
                      c.agents[i].where, "name it once: its joules would be charged twice"));
  for (std::size_t i = 0; i < c.upstreams.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const auto &a = c.upstreams[j].metered, &b = c.upstreams[i].metered;
      if (a.agent.empty() || a.agent != b.agent || !overlap(a.selection, b.selection)) continue;
      faults.push_back(
          bad_input(fmt::format("upstreams '{}' and '{}' would both be charged the same joules of the agent '{}'",
                                c.upstreams[j].name, c.upstreams[i].name, a.agent),
                    b.where,
                    "give both the same `agent` table, which they then share, or components or consumers "
                    "of their own"));
    }
}

}  // namespace

std::vector<AgentConfig> read_agent_tables(TomlTable& root, const Environment& environment) {
  std::vector<AgentConfig> out;
  for (auto& t : root.tables("agent")) {
    const bool too_many = out.size() == most_agents;
    if (too_many) t.fault("name", fmt::format("is that of one agent too many: at most {} are asked", most_agents));
    AgentConfig one = read_agent(std::move(t), environment);
    if (!too_many) out.push_back(std::move(one));
  }
  return out;
}

void read_metered(TomlTable& upstream, MeteredConfig& out) {
  auto t = upstream.table("agent");
  if (!t) return;
  out.where = t->where();
  t->read("name", out.agent);
  if (out.agent.empty() && (!t->has("name") || t->is_text("name")))
    t->fault("name", "is missing: the name of an [[agent]]");
  t->read("components", out.selection.components);
  std::sort(out.selection.components.begin(), out.selection.components.end());
  read_consumer(*t, out.selection);
  if (!out.selection.components.empty() && !out.selection.consumer.empty())
    t->fault("components", "is given beside consumer; one of them is allowed",
             "a consumer's part of every component is told by the agent");
  int idle = 0;
  t->read_choice("idle", idle, {"while_busy", "nobody"});
  out.selection.idle = idle == 0;
  t->finish();
}

std::vector<Error> check_agents(const Config& c) {
  std::vector<Error> faults;
  check_overlaps(c, faults);
  std::vector<std::string> names;
  for (const auto& a : c.agents) {
    if (a.name.empty()) continue;
    if (std::find(names.begin(), names.end(), a.name) != names.end())
      faults.push_back(bad_input(fmt::format("the name '{}' is that of another agent too", a.name), a.where));
    names.push_back(a.name);
  }
  for (const auto& u : c.upstreams) {
    if (u.metered.agent.empty() || std::find(names.begin(), names.end(), u.metered.agent) != names.end()) continue;
    if (names.empty())
      faults.push_back(bad_input(fmt::format("upstream '{}' is measured by the agent '{}', and there is no [[agent]]",
                                             u.name, u.metered.agent),
                                 u.metered.where,
                                 fmt::format("[[agent]] name = \"{}\", url = \"https://...:9460\"", u.metered.agent)));
    else faults.push_back(unknown_name("agent", u.metered.agent, names, "[[agent]]").at(u.metered.where));
  }
  return faults;
}

}  // namespace wattline::serve
