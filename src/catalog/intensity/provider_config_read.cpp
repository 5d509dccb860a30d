#include <algorithm>

#include <fmt/format.h>

#include "catalog/intensity/provider_config.h"
#include "kernel/error.h"
#include "kernel/fetch.h"
#include "kernel/toml_parser.h"
#include "kernel/units.h"

namespace wattline::catalog {
namespace {

std::string place_of(std::string_view file, const toml::node& n) {
  return fmt::format("{}:{}", file, static_cast<unsigned long>(n.source().begin.line));
}

// One provider's table.
class Reader {
 public:
  Reader(const toml::table& table, std::string_view file, std::string_view name)
      : table_(table), file_(file), name_(name) {}

  void text(const char* key, std::string& out) {
    if (const toml::node* n = node(key)) out = text_of(*n, key);
  }
  void flag(const char* key, bool& out) {
    const toml::node* n = node(key);
    if (!n) return;
    if (!n->is_boolean()) fault(*n, key, "true or false is needed");
    out = *n->value<bool>();
  }
  void count(const char* key, int& out, int most) {
    const toml::node* n = node(key);
    if (!n) return;
    const auto v = n->value_exact<std::int64_t>();
    if (!v || *v < 0 || *v > most) fault(*n, key, fmt::format("a whole number from 0 to {} is needed", most));
    out = static_cast<int>(*v);
  }
  // "20 s", or a number of seconds.
  void time(const char* key, Duration& out, double low, double high) {
    const toml::node* n = node(key);
    if (!n) return;
    double s = 0;
    if (n->is_number()) s = *n->value<double>();
    else try {
        s = parse_quantity(text_of(*n, key), Duration::dimension);
      } catch (const Error& e) {
        fault(*n, key, e.message());
      }
    if (!(s >= low && s <= high)) fault(*n, key, fmt::format("{:.6g} s; {:g} to {:g} s is allowed", s, low, high));
    out = Duration(s);
  }
  void texts(const char* key, std::map<std::string, std::string>& out) {
    const toml::node* n = node(key);
    if (!n) return;
    if (!n->is_table()) fault(*n, key, "a table is needed: our place = \"the provider's zone\"");
    for (const auto& [k, v] : *n->as_table()) {
      const std::string zone = text_of(v, std::string(k.str()));
      if (zone.empty()) fault(v, std::string(k.str()), "the zone is empty");
      out[std::string(k.str())] = zone;
    }
  }
  [[noreturn]] void fault(const std::string& key, const std::string& message, const std::string& hint = {}) const {
    const toml::node* n = table_.get(key);
    throw bad_input(message, fmt::format("{}: {}.{}", n ? place_of(file_, *n) : std::string(file_), name_, key), hint);
  }
  // Every key that was never asked for is a slip of the pen.
  void finish() const {
    for (const auto& [k, v] : table_) {
      const std::string key(k.str());
      if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) {
        const Error e = unknown_name("key", key, asked_);
        throw bad_input(e.message(), place_of(file_, v), e.hint());
      }
    }
  }

 private:
  const toml::node* node(const char* key) {
    asked_.push_back(key);
    return table_.get(key);
  }
  std::string text_of(const toml::node& n, const std::string& key) const {
    const auto v = n.value_exact<std::string>();
    if (!v) fault(n, key, "a text is needed");
    return *v;
  }
  [[noreturn]] void fault(const toml::node& n, const std::string& key, const std::string& message) const {
    throw bad_input(message, fmt::format("{}: {}.{}", place_of(file_, n), name_, key));
  }

  const toml::table& table_;
  std::string_view file_, name_;
  std::vector<std::string> asked_;
};

void check_url(const Reader& r, ProviderConfig& c) {
  while (c.url.ends_with('/')) c.url.pop_back();
  const bool tls = c.url.starts_with("https://");
  if ((!tls && !c.url.starts_with("http://")) || shown_url(c.url) == "the URL" ||
      c.url.find('@') != std::string::npos || c.url.find_first_of("?# ") != std::string::npos)
    r.fault("url", "is no address of a server", "https://HOST/PATH, without user, key or query");
  if (!tls && !c.insecure && !is_loopback_url(c.url))
    r.fault("url", "the key would go to another machine in the clear",
            "https://, or insecure = true where the network is your own");
}

void read_provider(const toml::table& table, std::string_view file, ProviderConfig& c) {
  Reader r(table, file, to_string(c.name));
  r.text("url", c.url);
  r.text("key_env", c.key_env);
  r.text("key_file", c.key_file);
  if (c.name == ProviderName::watttime) {
    r.text("user", c.user);
    r.text("user_env", c.user_env);
  } else {
    r.text("emissions", c.emissions);
    if (c.emissions != "lifecycle" && c.emissions != "direct")
      r.fault("emissions", fmt::format("'{}' found; lifecycle or direct is allowed", c.emissions.substr(0, 40)));
  }
  r.text("licence", c.licence);
  r.text("proxy", c.proxy);
  r.text("ca_file", c.ca_file);
  r.time("deadline", c.deadline, 0.01, 3600);
  r.time("fresh_for", c.fresh_for, 0, 86400);
  r.count("retries", c.retries, 10);
  r.flag("insecure", c.insecure);
  r.texts("zones", c.zones);
  if (table.get("key"))
    r.fault("key", "a key does not stand in this file", "key_env names a variable, key_file a file of mode 0600");
  r.finish();
  check_url(r, c);
}

}  // namespace

IntensityProviders IntensityProviders::parse(std::string_view text, std::string_view where) {
  toml::table root;
  try {
    root = toml::parse(text, where);
  } catch (const toml::parse_error& e) {
    throw bad_input(std::string(e.description()),
                    fmt::format("{}:{}", where, static_cast<unsigned long>(e.source().begin.line)));
  } catch (const ParserFault&) {
    throw bad_input("not valid TOML", std::string(where));
  }
  IntensityProviders out;
  std::vector<std::string> known;
  for (const ProviderName n : all_providers) known.emplace_back(to_string(n));
  for (const auto& [key, node] : root) {
    const auto it = std::find(known.begin(), known.end(), key.str());
    if (it == known.end()) {
      const Error e = unknown_name("provider", key.str(), known);
      throw bad_input(e.message(), place_of(where, node), e.hint());
    }
    if (!node.is_table()) throw bad_input(fmt::format("a table is needed: [{}]", *it), place_of(where, node));
    read_provider(*node.as_table(), where, out.by_name_[all_providers[it - known.begin()]]);
  }
  return out;
}

}  // namespace wattline::catalog
