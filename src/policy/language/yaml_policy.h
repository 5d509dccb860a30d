// The configuration of the vLLM Semantic Router (v0.3), read into a Document and written from it.
//
//   version, listeners, providers, global, ...          kept as they stand (Document::rest)
//   routing: {strategy, modelCards, signals: {keywords: [...], domains: [...], ...},
//             projections: {partitions, scores, mappings}, decisions: [...]}
//   entrypoints: [{model_names, recipe}], recipes: [{name, routing}]
// A decision is {name, description, priority, tier, rules, modelRefs, algorithm: {type, TYPE: {...}},
// plugins: [{type, configuration}]}. Fields not named here are kept in `fields` of what they stand in; those beside an
// algorithm in `algorithm_more` of their decision. Named plugins and probes, which that configuration has no place for,
// stand in routing.plugins and routing.probes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/document.h"
#include "policy/finding.h"

namespace wattline::policy {

// What is wrong goes to `faults` (level error, with file:line); what could be read is returned.
Document read_yaml_policy(std::string_view text, std::string_view file, std::vector<Finding>& faults);
// Reads back as the same Document.
std::string write_yaml_policy(const Document&);

}  // namespace wattline::policy
