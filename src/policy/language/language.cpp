#include "policy/language/language.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "policy/language/dsl.h"
#include "policy/language/dsl_parser.h"
#include "policy/language/toml_policy.h"
#include "policy/language/yaml_policy.h"

namespace wattline::policy {

std::string_view to_string(Language l) { return l == Language::toml ? "toml" : l == Language::yaml ? "yaml" : "dsl"; }

Language language_of(std::string_view file, std::string_view text) {
  if (file.ends_with(".toml")) return Language::toml;
  if (file.ends_with(".yaml") || file.ends_with(".yml")) return Language::yaml;
  if (file.ends_with(".dsl")) return Language::dsl;
  // The first line that says something: a block's word, a table or an assignment, or else YAML.
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == line.npos || line[first] == '#') continue;
    line.remove_prefix(first);
    if (line[0] == '[') return Language::toml;
    const std::string_view word = line.substr(0, line.find_first_of(" \t{=:"));
    if (std::find(block_words().begin(), block_words().end(), word) != block_words().end()) return Language::dsl;
    const std::size_t equals = line.find('='), colon = line.find(':');
    return equals < colon ? Language::toml : Language::yaml;
  }
  return Language::toml;
}

Document read_policy(std::string_view text, std::string_view file, std::optional<Language> language,
                     std::vector<Finding>* faults) {
  std::vector<Finding> own;
  std::vector<Finding>& found = faults ? *faults : own;
  const auto read = [&] {
    switch (language.value_or(language_of(file, text))) {
      case Language::yaml: return read_yaml_policy(text, file, found);
      case Language::dsl: return read_dsl(text, file, found);
      default: return read_toml_policy(text, file, found);
    }
  };
  Document out = read();
  if (own.empty()) return out;
  const Finding& first = own.front();
  const std::string more = own.size() > 1 ? fmt::format(" (the first of {} faults)", own.size()) : "";
  throw bad_input(first.message + more, first.where, first.fix);
}

std::string write_policy(const Document& d, Language language) {
  return language == Language::yaml  ? write_yaml_policy(d)
         : language == Language::dsl ? write_dsl(d)
                                     : write_toml_policy(d);
}

}  // namespace wattline::policy
