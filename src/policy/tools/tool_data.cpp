#include "policy/tools/tool_data.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/table.h"
#include "kernel/utf8.h"
#include "policy/evaluate/workload.h"
#include "text/canonical.h"

namespace wattline::policy {
namespace {

constexpr std::size_t most_tools = 4096;
constexpr std::array<std::string_view, 4> query_names = {"query", "text", "prompt", "question"};
constexpr std::array<std::string_view, 2> tool_names = {"tool", "label"};
constexpr const char* tools_hint =
    "give {\"NAME\": \"DESCRIPTION\"} or a list of tool definitions as in a chat completion";
constexpr const char* queries_hint = "give a column query, text, prompt or question and a column tool or label";

void check_utf8(std::string_view content, const std::string& where) {
  if (const std::size_t bad = valid_utf8_prefix(content); bad != content.size())
    throw bad_input(fmt::format("byte {} is not UTF-8", bad + 1), where, "save the file as UTF-8");
}

const Json* text_member(const Json& object, std::string_view name) {
  const Json* found = object.find(name);
  return found && found->is_string() ? found : nullptr;
}

ToolText definition(const Json& entry, const std::string& at) {
  if (!entry.is_object()) throw bad_input("is no object", at, tools_hint);
  const Json* outer = entry.find("tool");
  const Json& sent = outer && outer->is_object() ? *outer : entry;
  const Json* function = sent.find("function");
  const Json& named = function && function->is_object() ? *function : sent;
  const Json* name = text_member(named, "name");
  if (!name) throw bad_input("the tool has no name", at, tools_hint);
  ToolText t;
  t.name = name->as_string();
  // A catalogue may say more of a tool than models are sent.
  if (const Json* d = text_member(entry, "description")) t.description = d->as_string();
  else if (const Json* inner = text_member(named, "description")) t.description = inner->as_string();
  t.definition_bytes = sent.dump().size();
  return t;
}

std::size_t column_of(const std::vector<std::string_view>& header, std::span<const std::string_view> names,
                      const std::string& at) {
  for (const auto name : names)
    for (std::size_t c = 0; c < header.size(); ++c)
      if (header[c] == name) return c;
  throw bad_input(fmt::format("the header has no column {}", names.front()), at, queries_hint);
}

// Gathers rows: queries of one canonical text are one.
class Gatherer {
 public:
  explicit Gatherer(const std::vector<ToolText>& tools) {
    for (std::uint32_t i = 0; i < tools.size(); ++i)
      by_name_.emplace(tools[i].name, i), names_.push_back(tools[i].name);
  }

  void add(std::string_view text, std::string_view tool, const std::string& at) {
    if (text.find_first_not_of(" \t\r\n") == text.npos) throw bad_input("the query is empty", at);
    const auto known = by_name_.find(tool);
    if (known == by_name_.end()) throw unknown_name("tool", tool, names_).at(at);
    const auto [place, fresh] = by_text_.emplace(text::canonical_text(text), queries.size());
    if (fresh) queries.push_back({std::string(text), {}});
    auto& its = queries[place->second].tools;
    const auto where = std::lower_bound(its.begin(), its.end(), known->second);
    if (where == its.end() || *where != known->second) its.insert(where, known->second);
  }

  std::vector<ToolQuery> queries;

 private:
  std::map<std::string, std::uint32_t, std::less<>> by_name_;
  std::vector<std::string> names_;
  std::map<std::string, std::size_t> by_text_;
};

void queries_of_json(std::string_view content, const std::string& where, Gatherer& all) {
  const Json j = parse_json(content, where);
  if (!j.is_array()) throw bad_input("is no list", where, queries_hint);
  const auto member = [](const Json& row, std::span<const std::string_view> names) -> const Json* {
    for (const auto name : names)
      if (const Json* found = row.find(name)) return found;
    return nullptr;
  };
  for (std::size_t i = 0; i < j.as_array().size(); ++i) {
    const std::string at = fmt::format("{}: entry {}", where, i + 1);
    const Json& row = j.as_array()[i];
    const Json *text = member(row, query_names), *tool = member(row, tool_names);
    if (!text || !tool || !text->is_string()) throw bad_input("has no query or no tool", at, queries_hint);
    if (tool->is_string()) {
      all.add(text->as_string(), tool->as_string(), at);
      continue;
    }
    if (!tool->is_array() || tool->as_array().empty()) throw bad_input("the tool is neither a name nor a list", at);
    for (const Json& name : tool->as_array()) {
      if (!name.is_string()) throw bad_input("the name of a tool is no text", at);
      all.add(text->as_string(), name.as_string(), at);
    }
  }
}

void queries_of_csv(std::string_view content, const std::string& where, Gatherer& all) {
  std::optional<std::pair<std::size_t, std::size_t>> columns;
  std::size_t width = 0;
  for_each_csv_row(content, 0, where, [&](std::size_t row, const std::vector<std::string_view>& cells) {
    const std::string at = fmt::format("{}:{}", where, row);
    if (!columns) {
      columns = {column_of(cells, query_names, at), column_of(cells, tool_names, at)};
      width = cells.size();
      return;
    }
    if (cells.size() != width) throw bad_input(fmt::format("has {} fields, the header {}", cells.size(), width), at);
    all.add(cells[columns->first], cells[columns->second], at);
  });
}

}  // namespace

std::string searched_text(std::string_view name, std::string_view description) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto upper = [&](std::size_t k) { return name[k] >= 'A' && name[k] <= 'Z'; };
    const auto lower = [&](std::size_t k) { return name[k] >= 'a' && name[k] <= 'z'; };
    const bool separates = name[i] == '_' || name[i] == '-' || name[i] == '.' || name[i] == '/';
    // camelCase and HTTPServer: a capital begins a word before or behind a small letter.
    const bool begins = i > 0 && upper(i) && (lower(i - 1) || (upper(i - 1) && i + 1 < name.size() && lower(i + 1)));
    if ((separates || begins) && !out.empty() && out.back() != ' ') out += ' ';
    if (!separates) out += name[i];
  }
  if (!description.empty()) out.append(": ").append(description);
  return out;
}

std::vector<ToolText> read_tools(std::string_view content, const std::string& where) {
  check_utf8(content, where);
  const Json j = parse_json(content, where);
  std::vector<ToolText> tools;
  const Json* list = j.is_array() ? &j : j.find("tools");
  if (list && list->is_array()) {
    for (std::size_t i = 0; i < list->as_array().size(); ++i)
      tools.push_back(definition(list->as_array()[i], fmt::format("{}: entry {}", where, i + 1)));
  } else if (j.is_object()) {
    for (const auto& [name, description] : j.as_object()) {
      const std::string at = fmt::format("{}: {}", where, shown_text(name));
      if (!description.is_string()) throw bad_input("the description is no text", at, tools_hint);
      tools.push_back({name, description.as_string(), name.size() + description.as_string().size()});
    }
  } else {
    throw bad_input("is neither an object nor a list", where, tools_hint);
  }
  if (tools.empty()) throw bad_input("there are no tools", where, tools_hint);
  if (tools.size() > most_tools)
    throw bad_input(fmt::format("{} tools; at most {} are allowed", tools.size(), most_tools), where);
  std::map<std::string_view, int> seen;
  for (const ToolText& t : tools) {
    if (t.name.empty()) throw bad_input("the name of a tool is empty", where);
    if (seen[t.name]++ > 0) throw bad_input(fmt::format("the tool '{}' comes twice", shown_text(t.name)), where);
  }
  return tools;
}

void merge_tools(std::vector<ToolText>& tools, std::vector<ToolText> more) {
  for (ToolText& m : more) {
    const auto same = std::find_if(tools.begin(), tools.end(), [&](const ToolText& t) { return t.name == m.name; });
    if (same == tools.end()) tools.push_back(std::move(m));
    else *same = std::move(m);
  }
}

std::vector<ToolQuery> read_tool_queries(std::string_view content, const std::string& where,
                                         const std::vector<ToolText>& tools) {
  check_utf8(content, where);
  Gatherer all(tools);
  const std::size_t first = content.find_first_not_of(" \t\r\n");
  if (first != content.npos && (content[first] == '[' || content[first] == '{')) queries_of_json(content, where, all);
  else queries_of_csv(content, where, all);
  if (all.queries.empty()) throw bad_input("there are no queries", where, queries_hint);
  return std::move(all.queries);
}

void drop_unused_tools(std::vector<ToolText>& tools, std::vector<ToolQuery>& queries) {
  std::vector<std::uint32_t> number(tools.size(), 0);
  for (const auto& q : queries)
    for (const auto t : q.tools) number[t] = 1;
  std::vector<ToolText> kept;
  for (std::size_t t = 0; t < tools.size(); ++t) {
    if (number[t] == 0) continue;
    number[t] = static_cast<std::uint32_t>(kept.size());
    kept.push_back(std::move(tools[t]));
  }
  for (auto& q : queries)
    for (auto& t : q.tools) t = number[t];
  tools = std::move(kept);
}

ToolSplit split_tool_queries(const std::vector<ToolQuery>& queries, std::uint64_t folds) {
  ToolSplit s;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const auto fold = prompt_hash(text::canonical_text(queries[i].text)) % folds;
    (fold == 0 ? s.test : fold == 1 ? s.choose : s.learn).push_back(i);
  }
  return s;
}

}  // namespace wattline::policy
