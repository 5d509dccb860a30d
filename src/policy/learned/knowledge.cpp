#include "policy/learned/knowledge.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"

namespace wattline::policy {

KnowledgeBase read_knowledge(std::string_view json, std::string name, std::string_view where) {
  const Json root = parse_json(json, where);
  KnowledgeBase base;
  base.name = std::move(name);
  for (const auto& [label, value] : root.at("labels").as_object()) {
    auto& out = base.labels.emplace_back();
    out.name = label;
    out.group = value.text_or("group", "");
    for (const auto& e : value.at("exemplars").as_array()) out.exemplars.push_back(e.as_string());
    if (out.exemplars.empty())
      throw bad_input(fmt::format("the label '{}' has no exemplars", label), std::string(where), "give one at least");
  }
  if (base.labels.empty()) throw bad_input("has no labels", std::string(where));
  if (const Json* metrics = root.find("metrics"))
    for (const auto& [metric, value] : metrics->as_object())
      base.metrics.push_back({metric, value.at("positive").as_string(), value.at("negative").as_string()});
  return base;
}

}  // namespace wattline::policy
