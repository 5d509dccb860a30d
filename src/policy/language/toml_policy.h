// Our own language of policies: TOML, with conditions as expressions.
//
//   [[signal]]      type, name, and the fields of its type
//   [[projection]]  kind (partition, score, mapping), name, and its fields
//   [[model]]       name, and what is known of it
//   [[plugin]]      name, type, and its settings: for decisions to use by its name
//   [[decision]]    name, description, priority, tier, when = 'keyword("urgent") and not domain("law")',
//                   models = ["a", { model = "b", reasoning = true }], algorithm = "static" or { use = "...", ... },
//                   plugins = ["a", { use = "system_prompt", ... }]
//   [[probe]]       name, query, decision
//   [routing]       strategy
//   [[recipe]]      name, strategy, and all of the above as [[recipe.signal]] ...
//   [[entry]]       models, recipe
// Further fields are kept where they stand; further tables are Document::rest.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/document.h"
#include "policy/finding.h"

namespace wattline::policy {

// What is wrong goes to `faults` (level error, with file:line); what could be read is returned.
Document read_toml_policy(std::string_view text, std::string_view file, std::vector<Finding>& faults);
// Reads back as the same Document, but for nulls, which TOML lacks and which are left out.
std::string write_toml_policy(const Document&);

}  // namespace wattline::policy
