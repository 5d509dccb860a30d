// The table [cache.semantic] and its [[cache.semantic.category]].
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "kernel/options.h"
#include "serve/config_parts.h"
#include "text/domain.h"

namespace wattline::serve {

void read_semantic_cache(TomlTable t, SemanticCacheConfig& out) {
  t.read("enabled", out.enabled);
  t.read("threshold", out.threshold, 0.5, 1);
  t.read("size", out.size, "B", units::MiB, units::GiB * 64);
  t.read("ttl", out.ttl, "s", Duration(1), Duration(30.0 * 86400));
  int turns = 0;
  t.read_choice("conversation", turns, {"first_turn", "same_history"});
  out.later_turns = turns == 1;
  int scope = 0;
  t.read_choice("scope", scope, {"tenant", "all"});
  out.across_tenants = scope == 1;
  t.read("max_temperature", out.max_temperature, 0, 2);
  t.read("audit", out.audit, 0, 1);
  t.read("agreement", out.agreement, 0, 1);
  std::set<std::string> names;
  for (auto& c : t.tables("category")) {
    SemanticCategoryConfig category;
    category.where = c.where();
    category.threshold = out.threshold;
    category.ttl = out.ttl;
    c.read("name", category.name);
    c.read("enabled", category.enabled);
    c.read("threshold", category.threshold, 0.5, 1);
    c.read("ttl", category.ttl, "s", Duration(1), Duration(30.0 * 86400));
    c.read("share", category.share, 0.001, 1);
    if (category.name.empty())
      c.fault("name", "is missing: a subject (wattline text classify) or a decision of a router's policy");
    else if (!names.insert(category.name).second)
      c.fault("name", fmt::format("\"{}\" has a table already", category.name.substr(0, 80)));
    c.finish();
    out.categories.push_back(std::move(category));
  }
  t.finish();
}

std::vector<Error> check_semantic_cache(const Config& c) {
  std::vector<Error> faults;
  const auto& semantic = c.cache.semantic;
  if (semantic.enabled && !c.cache.enabled)
    faults.push_back(bad_input("cache.semantic.enabled is true and cache.enabled is not", c.file,
                               "the semantic cache stands behind the exact one: set cache.enabled = true"));
  if (semantic.categories.empty()) return faults;
  const auto& known = text::domain_classifier(nullptr).head->labels();
  for (const auto& category : semantic.categories) {
    // Decisions of policies have names of their own, known when their file is read.
    if (category.name.empty() || !c.routers.empty() ||
        std::find(known.begin(), known.end(), category.name) != known.end())
      continue;
    faults.push_back(bad_input(fmt::format("cache.semantic.category '{}' is no subject, and no router has decisions",
                                           category.name.substr(0, 80)),
                               category.where, fmt::format("{} are known", fmt::join(known, ", "))));
  }
  return faults;
}

}  // namespace wattline::serve
