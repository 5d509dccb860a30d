// A request in words, from what the solver found.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/json.h"
#include "policy/check/meaning.h"

namespace wattline::policy {
namespace {

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_pattern(std::string_view s) { return s.find_first_of("\\^$.|?*+()[]{}") != s.npos; }

std::vector<std::string> keywords_of(const Signal& s) {
  std::vector<std::string> out;
  if (const Json* all = s.fields.find("keywords"); all && all->is_array())
    for (const auto& k : all->as_array())
      if (k.is_string() && !is_pattern(k.as_string())) out.push_back(k.as_string());
  return out;
}

std::string operator_of(const Signal& s) {
  const Json* v = s.fields.find("operator");
  return v && v->is_string() ? lower(v->as_string()) : "or";
}

}  // namespace

double Meaning::at(const Line& l) const {
  for (std::size_t i = 0; i < l.pieces.size(); ++i)
    if (solver_.value(l.pieces[i])) return l.values[i];
  return std::nan("");
}

double Meaning::tokens() const {
  for (const auto& l : lines_)
    if (l.unit == "tokens") return at(l);
  return -1;
}

// One matching signal: words into the text, all else into parts.
void Meaning::say(const Signal& s, std::string& text, std::vector<std::string>& parts,
                  const std::vector<std::string>& forbidden) const {
  if (s.type == "keyword" && operator_of(s) != "nor") {
    auto words = keywords_of(s);
    // A word that would set off a rule that must not match is the last choice.
    std::stable_partition(words.begin(), words.end(), [&](const std::string& w) {
      return std::none_of(forbidden.begin(), forbidden.end(),
                          [&](const std::string& f) { return lower(w).find(f) != std::string::npos; });
    });
    if (operator_of(s) != "and" && words.size() > 1) words.resize(1);
    for (const auto& w : words) text += (text.empty() ? "" : " ") + w;
    if (!words.empty()) return;
  }
  if (s.type == "language") return parts.push_back("language " + s.name);
  if (s.type == "authz") return parts.push_back("role " + s.name);
  parts.push_back(fmt::format("{}(\"{}\")", s.type, s.name));
}

std::string Meaning::example(const std::vector<const Condition*>& about) const {
  std::vector<Name> names;
  for (const Condition* c : about)
    for (auto& name : leaves(*c))
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  const auto matches = [&](const Name& n) {
    const auto found = atoms_.find(n);
    return found != atoms_.end() && solver_.value(found->second);
  };
  std::string text;
  std::vector<std::string> parts, forbidden;
  for (const auto& s : policy_.signals)
    if (s.type == "keyword" && std::find(names.begin(), names.end(), Name(s.type, s.name)) != names.end() &&
        !matches({s.type, s.name}))
      for (const auto& w : keywords_of(s)) forbidden.push_back(lower(w));
  bool context = false;
  for (const auto& n : names) {
    context |= n.first == "context";
    if (!matches(n) || n.first == "context") continue;
    const auto rule = std::find_if(policy_.signals.begin(), policy_.signals.end(),
                                   [&](const Signal& s) { return s.type == n.first && s.name == n.second; });
    if (rule != policy_.signals.end()) say(*rule, text, parts, forbidden);
    else parts.push_back(fmt::format("{}(\"{}\")", n.first, n.second));
  }
  if (context) parts.push_back(fmt::format("{:.0f} tokens", tokens()));
  std::string quoted;
  append_json_string(quoted, text.empty() ? "hello" : text);
  return parts.empty() ? quoted : fmt::format("{} with {}", quoted, fmt::join(parts, ", "));
}

}  // namespace wattline::policy
