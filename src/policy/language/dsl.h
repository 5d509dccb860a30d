// The policy language of the vLLM Semantic Router, read into a Document and written from it.
//
//   SIGNAL type name { fields }            PROJECTION partition|score|mapping name { fields }
//   MODEL name { fields }                  PLUGIN name type { fields }
//   ROUTE name (description = "...") {     RECIPE name (description = "...") { ROUTING, SIGNAL ... TEST }
//     PRIORITY n  TIER n                   ROUTING { strategy: priority }
//     WHEN expression                      ENTRYPOINT { model_names: [...] recipe: "..." }
//     MODEL "a" (reasoning = false), "b"   BACKEND type name { fields }     GLOBAL { fields }
//     ALGORITHM name { fields }            TEST name { "a prompt" -> route }
//     PLUGIN name { fields }
//   }
// Fields are `key: value`; values are texts, numbers, true, false, null, bare words, [lists] and { fields }. Options in
// parentheses are `key = value`. CONFIG { fields } is ours: it holds what a configuration has besides its routing
// (providers, listeners, version); so are quoted keys, null and fields behind a test.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/document.h"
#include "policy/finding.h"

namespace wattline::policy {

// Faults go to `faults` with "file:line:column", what was expected and found; reading goes on behind them.
Document read_dsl(std::string_view text, std::string_view file, std::vector<Finding>& faults);

struct DslStyle {
  bool config = true;  // false: only what the reference's language has
};
std::string write_dsl(const Document&, DslStyle = {});

}  // namespace wattline::policy
