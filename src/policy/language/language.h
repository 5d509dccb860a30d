// The three languages of policies behind one door.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/document.h"
#include "policy/finding.h"

namespace wattline::policy {

enum class Language { toml, yaml, dsl };
std::string_view to_string(Language);

// By the name's ending (.toml; .yaml, .yml; .dsl); else by what the text looks like.
Language language_of(std::string_view file, std::string_view text);

// With `faults`: all that is wrong goes there, and what could be read is returned. Without: Error(bad_input) for the
// first, which says how many there are.
Document read_policy(std::string_view text, std::string_view file, std::optional<Language> = {},
                     std::vector<Finding>* faults = nullptr);
std::string write_policy(const Document&, Language);

}  // namespace wattline::policy
