#include "text/labelled.h"

#include <array>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/table.h"
#include "kernel/utf8.h"
#include "text/canonical.h"
#include "text_data_embedded.h"

namespace wattline::text {
namespace {

constexpr std::array<std::string_view, 4> text_names = {"text", "question", "prompt", "query"};
constexpr std::array<std::string_view, 4> label_names = {"label", "category", "domain", "subject"};
constexpr const char* hint =
    "give a column text, question, prompt or query and a column label, category, domain or subject";

void add(std::vector<LabelledText>& all, std::string text, std::string label, const std::string& where) {
  if (text.find_first_not_of(" \t\r\n") == text.npos) throw bad_input("the text is empty", where);
  if (label.empty()) throw bad_input("the label is empty", where);
  all.push_back({std::move(text), std::move(label)});
}

std::string member_of(const Json& row, std::span<const std::string_view> names, const std::string& where) {
  for (const auto name : names)
    if (const Json* found = row.find(name); found && found->is_string()) return found->as_string();
  throw bad_input("has no such member", where, hint);
}

std::vector<LabelledText> from_json(std::string_view content, const std::string& where) {
  std::vector<LabelledText> all;
  const Json j = parse_json(content, where);
  if (j.is_array()) {
    for (std::size_t i = 0; i < j.as_array().size(); ++i) {
      const std::string at = fmt::format("{}: entry {}", where, i + 1);
      const Json& row = j.as_array()[i];
      if (!row.is_object()) throw bad_input("is no object", at, hint);
      add(all, member_of(row, text_names, at), member_of(row, label_names, at), at);
    }
    return all;
  }
  const Json* labels = j.find("labels");
  if (!labels || !labels->is_object()) throw bad_input("is neither a list nor an object with `labels`", where, hint);
  for (const auto& [name, body] : labels->as_object()) {
    const std::string at = fmt::format("{}: label {}", where, shown_text(name));
    const Json* exemplars = body.find("exemplars");
    if (!exemplars || !exemplars->is_array()) throw bad_input("has no list `exemplars`", at);
    for (const Json& e : exemplars->as_array()) {
      if (!e.is_string()) throw bad_input("an exemplar is no text", at);
      add(all, e.as_string(), name, at);
    }
  }
  return all;
}

std::optional<std::size_t> column_of(const std::vector<std::string_view>& header,
                                     std::span<const std::string_view> names) {
  for (const auto name : names)
    for (std::size_t c = 0; c < header.size(); ++c)
      if (header[c] == name) return c;
  return std::nullopt;
}

std::vector<LabelledText> from_csv(std::string_view content, const std::string& where) {
  std::vector<LabelledText> all;
  std::optional<std::size_t> text, label;
  std::size_t columns = 0;
  for_each_csv_row(content, 0, where, [&](std::size_t row, const std::vector<std::string_view>& cells) {
    const std::string at = fmt::format("{}:{}", where, row);
    if (columns == 0) {
      text = column_of(cells, text_names);
      label = column_of(cells, label_names);
      if (!text || !label) throw bad_input("the header lacks a text or a label", at, hint);
      columns = cells.size();
      return;
    }
    if (cells.size() != columns)
      throw bad_input(fmt::format("has {} fields, the header {}", cells.size(), columns), at);
    add(all, std::string(cells[*text]), std::string(cells[*label]), at);
  });
  return all;
}

const std::map<std::string, std::string, std::less<>>& mmlu_domains() {
  static const auto all = [] {
    std::map<std::string, std::string, std::less<>> made;
    for (const auto& file : text_data())
      if (file.name == "mmlu_domains.csv")
        for_each_csv_row(file.content, ',', "mmlu_domains.csv", [&](std::size_t, const auto& cells) {
          made.emplace(std::string(cells.at(0)), std::string(cells.at(1)));
        });
    return made;
  }();
  return all;
}

}  // namespace

std::vector<LabelledText> read_labelled(std::string_view content, const std::string& where) {
  if (const std::size_t bad = valid_utf8_prefix(content); bad != content.size())
    throw bad_input(fmt::format("byte {} is not UTF-8", bad + 1), where, "save the file as UTF-8");
  const std::size_t first = content.find_first_not_of(" \t\r\n");
  const bool json = first != content.npos && (content[first] == '{' || content[first] == '[');
  auto all = json ? from_json(content, where) : from_csv(content, where);
  if (all.empty()) throw bad_input("has no labelled text", where, hint);
  return all;
}

void as_mmlu_domains(std::vector<LabelledText>& texts) {
  const auto& domains = mmlu_domains();
  for (LabelledText& t : texts) {
    const auto found = domains.find(t.label);
    if (found == domains.end()) continue;
    t.label = found->second;
    if (const std::size_t choices = t.text.find("\nA. "); choices != t.text.npos) t.text.resize(choices);
    if (t.text.find_first_not_of(" \t\r\n") == t.text.npos)
      throw bad_input("a question has nothing but choices", "MMLU question");
  }
}

std::vector<LabelledText> domain_topics() {
  std::vector<LabelledText> all;
  for (const auto& file : text_data())
    if (file.name == "domain-topics.csv")
      for (LabelledText& t : read_labelled(file.content, "domain-topics.csv")) {
        all.push_back({fmt::format("Explain {}.", t.text), t.label});
        all.push_back(std::move(t));
      }
  return all;
}

std::size_t exclude(std::vector<LabelledText>& texts, const std::vector<LabelledText>& held_out) {
  std::set<std::string> held, seen;
  for (const auto& h : held_out) held.insert(canonical_text(h.text));
  std::size_t gone = 0;
  std::erase_if(texts, [&](const LabelledText& t) {
    const std::string key = canonical_text(t.text);
    if (held.contains(key)) {
      ++gone;
      return true;
    }
    return !seen.insert(key).second;
  });
  return gone;
}

}  // namespace wattline::text
