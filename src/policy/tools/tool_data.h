// Tools as a request carries them, and queries with the tools that served them: what tool selection learns from and is
// judged by (docs/formats/tool-queries.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::policy {

struct ToolText {
  std::string name, description;
  // Of the definition as it is sent; of name and description where nothing else is known.
  std::size_t definition_bytes = 0;
};
// What is encoded and searched: the name as words, then the description ("Finance Tool: Stay informed ...").
std::string searched_text(std::string_view name, std::string_view description);

struct ToolQuery {
  std::string text;
  std::vector<std::uint32_t> tools;  // that serve it, by number, ascending; one at least
};

// JSON: {NAME: DESCRIPTION}; or a list of definitions ({"type":"function","function":{...}}, {"name":...}, or such an
// object under "tool"), also under "tools" as in a chat completion. Error(bad_input) for anything else, no tools, more
// than 4096, a name that is empty or comes twice.
std::vector<ToolText> read_tools(std::string_view content, const std::string& where);
// Adds `more` to `tools`: a name that both have is described as `more` has it.
void merge_tools(std::vector<ToolText>& tools, std::vector<ToolText> more);

// CSV with a column query, text, prompt or question and a column tool or label, a row for each tool of a query; or a
// JSON list of objects with such members, the tool a name or a list of names. Queries of one canonical text are one.
// Error(bad_input) for an unknown tool, an empty query, none at all.
std::vector<ToolQuery> read_tool_queries(std::string_view content, const std::string& where,
                                         const std::vector<ToolText>& tools);

// Leaves the tools that some query names; queries are numbered anew.
void drop_unused_tools(std::vector<ToolText>& tools, std::vector<ToolQuery>& queries);

// Rows by a hash of the canonical text, so that equal queries fall together and adding rows moves none: fold 0 of
// `folds` is tested on, fold 1 chooses parameters, the rest is learned from (and fold 1 too, once they are chosen).
struct ToolSplit {
  std::vector<std::size_t> learn, choose, test;
};
ToolSplit split_tool_queries(const std::vector<ToolQuery>&, std::uint64_t folds);

}  // namespace wattline::policy
