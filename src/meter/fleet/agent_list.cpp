#include "meter/fleet/agent_list.h"

#include <cstdlib>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/fetch.h"
#include "kernel/options.h"
#include "kernel/toml.h"
#include "kernel/units.h"

namespace wattline::meter {
namespace {

constexpr std::size_t most_agents = 256, largest_key_file = std::size_t{1} << 16;

// The first line that holds one.
std::string key_of_file(const std::string& file) {
  const std::string text = InputFile::from_path(file).read(largest_key_file);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty() && line[0] != '#') return line;
  }
  throw bad_input("holds no key", file);
}

AgentPlace read_agent(const Json& table) {
  AgentPlace out;
  std::string file, variable;
  for (const auto& [name, value] : table.as_object()) {
    if (name == "name") out.name = value.as_string();
    else if (name == "url") out.url = value.as_string();
    else if (name == "ca") out.ca = value.as_string();
    else if (name == "key-file") file = value.as_string();
    else if (name == "key-env") variable = value.as_string();
    else if (name == "timeout")
      out.timeout = Duration(value.is_number() ? value.as_number() : parse<Duration>(value.as_string(), "s").base());
    else {
      const std::vector<std::string> known{"name", "url", "ca", "key-file", "key-env", "timeout"};
      throw unknown_name("key", name, known);
    }
  }
  while (out.url.ends_with('/')) out.url.pop_back();
  const auto scheme = out.url.find("://");
  const bool web = out.url.starts_with("http://") || out.url.starts_with("https://");
  if (!web || out.url.size() < scheme + 4 || out.url.find_first_of("/?# @", scheme + 3) != out.url.npos)
    throw bad_input(out.url.empty() ? "is missing" : fmt::format("'{}' is no URL of an agent", shown_url(out.url)),
                    "url", "as in https://node7:9460");
  if (!(out.timeout.base() >= 0.1 && out.timeout.base() <= 60))
    throw bad_input(fmt::format("{} s found; 0.1 s to 60 s is allowed", out.timeout.base()), "timeout");
  if (out.name.empty()) out.name = out.url.substr(scheme + 3);
  if (!file.empty() && !variable.empty()) throw bad_input("key-file and key-env are given; one is allowed", "key-file");
  if (!file.empty()) out.key = Secret(key_of_file(file));
  if (!variable.empty()) {
    const char* value = std::getenv(variable.c_str());
    if (!value || !*value) throw bad_input("is not set, and should hold the agent's key", variable);
    out.key = Secret(value);
  }
  if (!out.key.empty() && out.url.starts_with("http://") && !is_loopback_url(out.url))
    throw bad_input("the key would go to another machine in the clear", "url", "use https://");
  return out;
}

}  // namespace

std::vector<AgentPlace> parse_agents(std::string_view toml, const std::string& where) {
  SourceLines lines;
  const Json file = json_from_toml(toml, where, &lines);
  std::vector<AgentPlace> out;
  const auto& members = file.as_object();
  for (std::size_t m = 0; m < members.size(); ++m) {
    const auto line_of = [&](std::size_t i) {
      const SourceLines* l = m < lines.parts.size() ? &lines.parts[m] : nullptr;
      if (l && i < l->parts.size()) l = &l->parts[i];
      return fmt::format("{}:{}", where, l ? l->line : 0);
    };
    if (members[m].first != "agent")
      throw unknown_name("table", members[m].first, std::vector<std::string>{"agent"}).at(line_of(most_agents));
    if (!members[m].second.is_array()) throw bad_input("is no list of tables", line_of(most_agents), "write [[agent]]");
    const auto& list = members[m].second.as_array();
    if (list.size() > most_agents)
      throw bad_input(fmt::format("{} agents found; at most {} are read", list.size(), most_agents), where);
    for (std::size_t i = 0; i < list.size(); ++i) try {
        AgentPlace one = read_agent(list[i]);
        for (const auto& other : out)
          if (other.name == one.name) throw bad_input(fmt::format("'{}' is the name of two agents", one.name), "name");
        out.push_back(std::move(one));
      } catch (const Error& e) {
        throw e.at(line_of(i));
      }
  }
  if (out.empty()) throw bad_input("names no agent", where, "[[agent]] and url = \"https://node7:9460\"");
  return out;
}

}  // namespace wattline::meter
