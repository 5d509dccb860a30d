// [[router]] and [grid] of the configuration file.
#include <set>

#include <fmt/format.h>

#include "kernel/fetch.h"
#include "serve/config_parts.h"

namespace wattline::serve {
namespace {

ClassifierConfig read_classifier(TomlTable& t, const Environment& environment) {
  ClassifierConfig c;
  c.where = t.is_noted() ? std::string() : t.where();
  t.read("name", c.name);
  t.read("url", c.url);
  read_api_key(t, environment, c.api_key_env, c.api_key_file, c.api_key);
  read_duration(t, "timeout", c.timeout);
  t.read("failures", c.failures, 1, 1000);
  read_duration(t, "rest", c.rest);
  if (!t.is_noted()) {
    if (c.name.empty()) t.fault("name", "is missing: what signals of the type classifier name");
    if (!c.url.starts_with("http://") && !c.url.starts_with("https://"))
      t.fault("url", fmt::format("is \"{}\"; http:// or https:// is allowed", c.url.substr(0, 80)));
    else if (!c.api_key.empty() && c.url.starts_with("http://") && !is_loopback_url(c.url))
      t.fault("url", "is plain http to another machine, and a key would travel over it readably", "use https://");
  }
  t.finish();
  return c;
}

}  // namespace

std::vector<RouterConfig> read_router_tables(TomlTable& root, const Environment& environment) {
  std::vector<RouterConfig> all;
  std::set<std::string> ids;
  for (auto& t : root.tables("router")) {
    RouterConfig& r = all.emplace_back();
    r.where = t.is_noted() ? std::string() : t.where();
    t.read("id", r.id);
    t.read("policy", r.policy);
    t.read("algorithm", r.algorithm);
    t.read("settings", r.settings);
    t.read("quality", r.quality);
    if (auto v = t.table("verify")) {
      policy::StopRule& rule = r.verify.emplace();
      int method = static_cast<int>(policy::StopRule::Method::avg_logprob);
      v->read_choice("method", method, {"format", "avg_logprob", "margin", "hybrid", "self_verify", "votes"});
      rule.method = static_cast<policy::StopRule::Method>(method);
      rule.threshold = policy::StopRule::default_threshold(rule.method);
      v->read("threshold", rule.threshold, -1000, 1000);
      v->finish();
    }
    for (auto& c : t.tables("classifier")) r.classifiers.push_back(read_classifier(c, environment));
    std::set<std::string> models;
    for (auto& c : t.tables("candidate")) {
      RouterConfig::Candidate candidate;
      candidate.where = c.is_noted() ? std::string() : c.where();
      c.read("model", candidate.model);
      c.read("quality", candidate.quality, 0, 1);
      if (!c.is_noted() && candidate.model.empty()) c.fault("model", "is missing", "name a served model");
      else if (!c.is_noted() && !models.insert(candidate.model).second)
        c.fault("model", fmt::format("'{}' is a candidate already", candidate.model));
      c.finish();
      r.candidates.push_back(std::move(candidate));
    }
    if (!t.is_noted()) {
      if (r.id.empty()) t.fault("id", "is missing", "clients ask for a model by it, for instance \"auto\"");
      else if (!ids.insert(r.id).second) t.fault("id", fmt::format("'{}' is the id of two routers", r.id));
      if (r.candidates.empty() && r.policy.empty())
        t.fault("candidate", "is missing", "give [[router.candidate]] with the model of each");
    }
    t.finish();
  }
  return all;
}

GridConfig read_grid(TomlTable t) {
  GridConfig g;
  int live = static_cast<int>(g.live);
  t.read_choice("live", live, {"none", "series", "electricity-maps", "watttime"});
  g.live = static_cast<GridConfig::Live>(live);
  t.read("series", g.series);
  t.read("providers", g.providers);
  std::optional<double> price;
  t.read("usd_per_kwh", price, -100, 1000);
  if (price) g.usd_per_kwh = *price;
  t.read("prices", g.prices);
  if (!g.series.empty() && g.live == GridConfig::Live::none)
    t.fault("series", "is given, but nothing reads it", "set live = \"series\"");
  t.finish();
  return g;
}

}  // namespace wattline::serve
